"""Request bodies: strict JSON (RFC 8259), without the extensions that Python's ``json`` module accepts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Response

# Bytes; smaller bodies are parsed on the event loop, which is faster than a thread.
LARGE_BODY = 256_000


class JsonRequest(Request):
    """Reads its body strictly: NaN, infinities, lone surrogates and deep nesting are not JSON."""

    async def json(self) -> object:
        """Return the parsed body."""
        body = await self.body()
        return _parse(body) if len(body) < LARGE_BODY else await run_in_threadpool(_parse, body)


class JsonRoute(APIRoute):
    """A route that takes JSON; a body with another declared media type is answered with 415."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """Return the handler of the route, given a :class:`JsonRequest`."""
        handle = super().get_route_handler()

        async def handle_json(request: Request) -> Response:
            request = JsonRequest(request.scope, request.receive)
            declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if self.body_field and declared != "application/json" and await request.body():
                raise HTTPException(415, "send it with Content-Type: application/json")
            return await handle(request)

        return handle_json


def _parse(body: bytes) -> object:
    try:
        parsed: object = from_json(body, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        # FastAPI turns this exception, and no other, into a validation error (422).
        raise json.JSONDecodeError(str(error), "", 0) from error
    return parsed
