"""MLflow's application for runs and models, which is a WSGI one, under an ASGI server.

MLflow runs it alone under gunicorn. The ASGI application that it has around it adds a gateway to language models, an
assistant and jobs, which nobody uses here, and takes a fifth of the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEALTH = "/health"


class Adapter:
    """Answers probes at once, and gives ``app`` the body of any other request in one piece.

    A probe must not wait until a thread is free. Starlette's adapter, which holds whole bodies too, copies what it has
    for each piece that follows.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["path"] != HEALTH or scope["method"] != "GET":
            await self._app(scope, _in_one_piece(receive), send)
            return
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"OK"})


def _in_one_piece(receive: Receive) -> Receive:
    async def whole() -> Message:
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return message
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return whole


def application() -> Adapter:
    """Return MLflow's application; the first import of MLflow creates it and reads its settings."""
    from mlflow.server import app  # noqa: PLC0415
    from starlette.middleware.wsgi import WSGIMiddleware  # noqa: PLC0415  # deprecated; MLflow uses it itself

    return Adapter(WSGIMiddleware(app))
