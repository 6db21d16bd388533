"""Limits per client: the size of a request body, and the rate of requests."""

from __future__ import annotations

import time
from collections import deque
from math import ceil
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from home_credit.api.problems import response_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

WINDOW = 60.0  # seconds
CLIENTS_KEPT = 10_000
# Probes and Prometheus are answered even when a client is over the limit.
UNLIMITED = ("/health", "/metrics", "/v2/health/live", "/v2/health/ready")


class BodyLimit:
    """Refuses bodies of more than ``max_bytes``, announced or streamed, with 413."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        too_large = HTTPException(413, f"a request body may have at most {self._max_bytes} bytes")
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._max_bytes:
            await response_of(too_large)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_bytes:
                raise too_large
            return message

        await self._app(scope, counted, send)


class RateLimit:
    """Answers 429 to a client address with more than ``per_minute`` requests in the last minute.

    ``clock`` returns seconds. Requests are counted per process. Behind a proxy all requests may have the proxy's
    address; the proxy must limit then.
    """

    def __init__(self, app: ASGIApp, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._per_minute, self._clock = app, per_minute, clock
        self._requests: dict[str, deque[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["path"] not in UNLIMITED:
            address = scope["client"][0] if scope.get("client") else ""
            if wait := self._wait(address):
                error = HTTPException(
                    429,
                    f"more than {self._per_minute} requests in a minute; wait {wait} s",
                    headers={"Retry-After": str(wait)},
                )
                await response_of(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _wait(self, address: str) -> int:
        """Count a request and return 0, or return the seconds until the next one is allowed."""
        now = self._clock()
        if len(self._requests) >= CLIENTS_KEPT:
            self._requests = {
                client: times for client, times in self._requests.items() if times[-1] > now - WINDOW
            }
        times = self._requests.setdefault(address, deque())
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= self._per_minute:
            return ceil(times[0] + WINDOW - now)
        times.append(now)
        return 0
