"""Request bodies are read whole before a request is worked on: within a size, a time and a share of the memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from home_credit.api.problems import RETRY, response_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from home_credit.api.rules import Body, Rule


class RequestBodies:
    """Reads bodies, or answers 408, 413 or 503; bodies without an end take no place among the requests worked on.

    ``limits`` are bytes by rule. ``seconds`` is the time for a body. ``buffered`` bytes are held at once, those of
    requests that are worked on included. ``refused`` is asked before a body is read.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Mapping[Body, int],
        seconds: float,
        buffered: int,
        refused: Callable[[Scope], Response | None],
    ) -> None:
        self._app, self._limits, self._seconds = app, limits, seconds
        self._most, self._held = buffered, 0
        self._refused = refused

    @property
    def held(self) -> int:
        """The bytes that are held now."""
        return self._held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule: Rule = scope["state"]["rule"]
        if refused := self._refused(scope):
            await refused(scope, receive, send)
            return
        announced = _announced(scope)
        if announced == 0:
            await self._app(scope, receive, send)
            return
        reading = _Reading(self, self._limits[rule.body])
        try:
            body = await self._body(reading, announced, receive)
            if isinstance(body, HTTPException):
                await response_of(body)(scope, receive, send)
            elif body is not None:
                scope["state"]["body_bytes"] = reading.size
                await self._app(scope, _replayed(body, receive), send)
        finally:
            self._held -= reading.size

    async def _body(
        self, reading: _Reading, announced: int | None, receive: Receive
    ) -> bytes | HTTPException | None:
        """Return a body or its refusal; ``None`` where the client left before it was complete."""
        try:
            reading.check(announced or 0)
            async with asyncio.timeout(self._seconds):
                return await reading.whole(receive)
        except TimeoutError:
            return HTTPException(408, f"a request body must arrive within {self._seconds:g} s")
        except HTTPException as refusal:
            return refusal

    def take(self, size: int) -> None:
        """Hold ``size`` more bytes; raises an HTTPException where they are too many."""
        if self._held + size > self._most:
            raise HTTPException(503, "too many request bodies are being read", headers=RETRY)
        self._held += size


class _Reading:
    """One body that is being read; ``size`` is what it holds."""

    def __init__(self, bodies: RequestBodies, limit: int) -> None:
        self._bodies, self._limit = bodies, limit
        self.size = 0

    def check(self, size: int) -> None:
        if size > self._limit:
            raise HTTPException(413, f"the body of this request may have at most {self._limit} bytes")

    async def whole(self, receive: Receive) -> bytes | None:
        chunks: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            if chunk := message.get("body", b""):
                self.check(self.size + len(chunk))
                self._bodies.take(len(chunk))
                self.size += len(chunk)
                chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


def _announced(scope: Scope) -> int | None:
    """Return the bytes of the body; ``None`` where they are not announced."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length" and value.isdigit():
            length = int(value)
    return length


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body at once, and then what follows it."""
    first: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def replay() -> Message:
        nonlocal first
        if first is None:
            return await receive()
        message, first = first, None
        return message

    return replay
