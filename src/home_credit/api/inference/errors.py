"""Errors under ``/v2`` in the protocol's form, wherever in the application they arise."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from home_credit.api.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/v2"
PROBLEM = (b"content-type", MEDIA_TYPE.encode())
# The protocol has one status for input that cannot be used.
STATUSES = {HTTPStatus.UNPROCESSABLE_ENTITY: HTTPStatus.BAD_REQUEST}


class ProtocolErrors:
    """Turns problem documents under ``/v2`` into ``{"error": "…"}``.

    It goes outside all other middleware, so that refusals and faults have the protocol's form too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not (scope["path"] + "/").startswith(PREFIX + "/"):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Translator(send))


class _Translator:
    """Sends messages on, those of a problem document as one message at its end."""

    def __init__(self, send: Send) -> None:
        self._send, self._body = send, bytearray()
        self._problem: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and PROBLEM in message["headers"]:
            self._problem = message
            return
        if self._problem is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            status, body = self._problem["status"], _error(self._body)
            kept = [
                header
                for header in self._problem["headers"]
                if header[0] not in {b"content-type", b"content-length"}
            ]
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                *kept,
            ]
            await self._send({**self._problem, "status": STATUSES.get(status, status), "headers": headers})
            await self._send({"type": "http.response.body", "body": body})


def _error(problem: bytes | bytearray) -> bytes:
    document = json.loads(problem)
    text = document.get("detail") or document["title"]
    return json.dumps({"error": text}, ensure_ascii=False).encode()
