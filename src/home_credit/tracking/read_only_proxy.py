"""A read-only proxy of MLflow's server: everybody may read, only requests with the credentials may write.

It is run by ``uvicorn --factory home_credit.tracking.read_only_proxy:create_app``.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import gc
import json
import re
import secrets
from typing import TYPE_CHECKING, Literal

from home_credit.config import Settings
from home_credit.errors import UsageError
from home_credit.tracking import pages

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# POST requests that only read. Paths that a later MLflow adds are refused until they are listed here.
READING_POST = re.compile(
    r"/(ajax-)?api/[2-4]\.0/mlflow/"
    r"(artifacts/presigned-download-url|datasets/search|experiments/search|experiments/search-datasets|issues/search"
    r"|logged-models/search|prompt-optimization/jobs/search|registered-models/get-latest-versions|runs/search"
    r"|traces/batchGetInfos|traces/calculate-filter-correlation|traces/metrics|traces/search)"
)
# These are not about tracked runs: they look for programs on this machine or call other servers.
NOT_FOR_VISITORS = re.compile(r"/(ajax-)?api/[2-4]\.0/mlflow/(assistant|gateway).*", re.DOTALL)
# MLflow's page of runs asks for the endpoints of a gateway, and shows an error over the page where that is refused.
ENDPOINTS = "/ajax-api/2.0/mlflow/gateway-proxy"
NO_ENDPOINTS = {"endpoints": list[str]()}
GRAPHQL = "/graphql"
REVISION = "/revision"
LARGEST_BODY = 100_000  # bytes; the requests of MLflow's own pages have less than a tenth of that
BODY_SECONDS = 10.0  # in which it must arrive
REFUSAL = {
    "error_code": "PERMISSION_DENIED",
    "message": "This MLflow is read-only; a change needs the user and password that its operator has set.",
}


TOO_LARGE = {
    "error_code": "INVALID_PARAMETER_VALUE",
    "message": f"A request that reads has at most {LARGEST_BODY} bytes.",
}
TOO_LATE = {
    "error_code": "INVALID_PARAMETER_VALUE",
    "message": f"The body of a request that reads must arrive within {BODY_SECONDS:.0f} seconds.",
}


class ReadOnlyProxy:
    """Passes reading requests to ``app``, and others only with the credentials.

    Without a user and a password nothing can be changed through it. A refused request is answered with 403 and not
    with 401, at which a browser would show every visitor a password prompt.
    """

    def __init__(
        self,
        app: ASGIApp,
        user: str | None = None,
        password: str | None = None,
        *,
        revision: str | None = None,
    ) -> None:
        self._app, self._revision = app, revision
        self._credentials = f"{user}:{password}".encode() if user and password else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif self._knows(scope):
            await self._app(scope, receive, send)
        elif scope["path"] == REVISION:
            await _answer(send, 200, b"text/plain", (self._revision or "").encode())
        elif scope["path"] == ENDPOINTS and scope["method"] == "GET":
            await _answer(send, 200, b"application/json", json.dumps(NO_ENDPOINTS).encode())
        else:
            await self._visit(scope, receive, send)

    async def _visit(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request without the credentials."""
        kind = _kind(scope)
        if kind is None:
            await _refuse(send)
            return
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _whole_body(receive)
        except TimeoutError:
            await _give_up(send, 408, TOO_LATE)
            return
        if body is None:
            await _give_up(send, 413, TOO_LARGE)
        elif kind == "graphql" and not _is_query(body):
            await _refuse(send)
        else:
            message: Message = {"type": "http.request", "body": body, "more_body": False}
            await self._app(_without_origin(scope), _again(message, receive), send)

    def _knows(self, scope: Scope) -> bool:
        """Return whether a request carries the credentials."""
        kind, _, given = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
        if self._credentials is None or kind.lower() != b"basic":
            return False
        try:
            decoded = base64.b64decode(given, validate=True)
        except binascii.Error:
            return False
        # In constant time, so that the response time reveals nothing about them.
        return secrets.compare_digest(decoded, self._credentials)


def _kind(scope: Scope) -> Literal["read", "graphql"] | None:
    """Return how a visitor's request reads, ``None`` where it must be refused.

    MLflow routes some paths by their first match and normalises others, so a path that two readers could take for
    different ones is refused.
    """
    method, path = scope["method"], scope["path"]
    if "//" in path or "\\" in path or {".", ".."} & set(path.split("/")):
        return None
    if path.rstrip("/") == GRAPHQL:
        # A server executes the query of any method; pages send POST.
        return "graphql" if path == GRAPHQL and method in {"GET", "POST"} else None
    if method in SAFE_METHODS and not NOT_FOR_VISITORS.fullmatch(path):
        return "read"
    return "read" if method == "POST" and READING_POST.fullmatch(path) else None


def _without_origin(scope: Scope) -> Scope:
    """Return a reading request without its origin header.

    MLflow treats every POST as a change and refuses those from pages of unknown origin, including its own page behind
    a platform's host name.
    """
    if scope["method"] in SAFE_METHODS:
        return scope
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"origin"]}


async def _whole_body(receive: Receive) -> bytes | None:
    """Return the body, ``None`` where it is longer than any that reads; the rest of it is then not read."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        more = message.get("more_body", False)
    return bytes(body)


def _again(message: Message, receive: Receive) -> Receive:
    """Return a ``receive`` that returns a message that was read already, then the following ones."""
    unread = [message]

    async def first_unread() -> Message:
        return unread.pop() if unread else await receive()

    return first_unread


def _is_query(body: bytes) -> bool:
    """Return whether a GraphQL request only reads: its document has no mutation, called or not."""
    from graphql import GraphQLSyntaxError, OperationType, parse  # noqa: PLC0415  # loaded on demand, as in MLflow
    from graphql.language import OperationDefinitionNode  # noqa: PLC0415  # the same

    try:
        definitions = parse(json.loads(body)["query"]).definitions
    except (ValueError, KeyError, TypeError, RecursionError, GraphQLSyntaxError):
        return False
    operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
    return all(operation.operation is OperationType.QUERY for operation in operations)


async def _refuse(send: Send) -> None:
    await _answer(send, 403, b"application/json", json.dumps(REFUSAL).encode())


async def _give_up(send: Send, status: int, answer: dict[str, str]) -> None:
    """Answer before the body has been read, and close the connection: what is left of it is no request."""
    await _answer(send, status, b"application/json", json.dumps(answer).encode(), (b"connection", b"close"))


async def _answer(send: Send, status: int, kind: bytes, body: bytes, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def create_app() -> ReadOnlyProxy:
    """Return MLflow's server behind the read-only proxy; raises :class:`UsageError` where a user has no password."""
    app = pages.create_app()
    # `home-credit serve` looks for no garbage among what is imported, which would take a sixth of the start.
    gc.freeze()
    gc.enable()
    settings = Settings()
    user, password = settings.mlflow_admin_user, settings.mlflow_admin_password
    if bool(user) != bool(password):
        raise UsageError("MLFLOW_ADMIN_USER and MLFLOW_ADMIN_PASSWORD go together; one of them is not set")
    return ReadOnlyProxy(app, user, password, revision=settings.revision)
