"""What is seen of each request: its id, one line in the log, its metrics; and the headers of every answer.

A line names the route's template and the key, never a path, a query, an applicant or a row.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from typing import TYPE_CHECKING

from home_credit import logs
from home_credit.api.problems import note, response_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from home_credit.api.metrics import Metrics

logger = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
LEFT = 499  # logged where the client did not wait for its answer
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
# Unless the route says otherwise.
DEFAULT_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class Observation:
    """Observes every request, failed and refused ones included; the outermost part of the application.

    ``headers`` are added to every answer. An exception that nothing else handled is logged and answered here.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._app, self._metrics = app, metrics
        self._headers = (*HEADERS, *headers)
        self._lines: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        status, start = 0, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._completed(message.get("headers", ()), request_id)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            fields = {"request_id": request_id.decode(), "route": route_of(scope)}
            note(error, self._metrics, expected=False, **fields)
            if status:
                raise  # the answer has begun; the server closes the connection
            await response_of(error)(scope, receive, watched)
        finally:
            self._note(scope, status or LEFT, time.perf_counter() - start)

    def _completed(
        self, given: Iterable[tuple[bytes, bytes]], request_id: bytes
    ) -> list[tuple[bytes, bytes]]:
        headers = [*given, *self._headers, (b"x-request-id", request_id)]
        names = {name for name, _ in headers}
        headers += (pair for pair in DEFAULT_HEADERS if pair[0] not in names)
        return headers

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = route_of(scope)
        self._metrics.answered(method, route, status, seconds)
        # Requests that were refused for want of a place are counted, not logged: they come by thousands.
        state = scope["state"]
        if not state.get("refused") and logger.isEnabledFor(logging.INFO):
            caller = state.get("caller")
            if not self._lines:
                asyncio.get_running_loop().call_soon(self._write)
            line = logs.request(
                request_id=state["request_id"],
                method=method,
                route=route,
                status=status,
                seconds=seconds,
                key=caller and caller.name,
            )
            self._lines.append(line)

    def _write(self) -> None:
        """Write the lines of the requests that were answered in one pass of the event loop."""
        lines, self._lines = self._lines, []
        logs.write(lines)


def route_of(scope: Scope) -> str:
    """Return the template of a request's path; for a request that was refused before, that of its rule."""
    route = scope.get("route")
    if route is not None:
        return str(getattr(route, "path", "unmatched"))
    rule = scope["state"].get("rule")
    return rule.path if rule else "unmatched"


def _request_id(scope: Scope) -> bytes:
    """Return the id that the client or a proxy sent, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SANE_ID.fullmatch(value):
            return bytes(value)
    # An id is no secret, and a call of the system would let another thread take the interpreter's lock.
    return b"%016x" % random.getrandbits(64)
