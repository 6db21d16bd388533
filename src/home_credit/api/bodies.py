"""Request bodies: strict JSON (RFC 8259), without the extensions that Python's ``json`` module accepts, and bounded.

The memory that a body takes once it is parsed is estimated before it is parsed: three bytes, ``{},``, become an object
of more than sixty.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jiter import from_json
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from fastapi import Response

M = TypeVar("M", bound=BaseModel)

# Bytes; smaller bodies are parsed on the event loop, which is faster than a thread.
LARGE_BODY = 256_000
# The most bytes that a parsed body may take; of larger estimates the body is refused.
MOST_MEMORY = 80_000_000
# Bytes of memory for each of these characters, measured as the worst of many kinds of bodies: objects and lists,
# strings (two quotes), entries of objects, and values.
_MEMORY: Mapping[bytes, int] = MappingProxyType({b"{": 80, b"[": 80, b'"': 48, b":": 48, b",": 24})
_LONGEST_ERROR = 200


class JsonRequest(Request):
    """Reads its body strictly: see :func:`parse`."""

    async def json(self) -> object:
        """Return the parsed body."""
        body = await self.body()
        return parse(body) if len(body) < LARGE_BODY else await run_in_threadpool(parse, body)


class JsonRoute(APIRoute):
    """A route that takes JSON; a body with another declared media type is answered with 415."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """Return the handler of the route, given a :class:`JsonRequest`."""
        handle = super().get_route_handler()

        async def handle_json(request: Request) -> Response:
            request = JsonRequest(request.scope, request.receive)
            if self.body_field:
                await json_text(request)
            return await handle(request)

        return handle_json


async def json_text(request: Request) -> bytes:
    """Return a body that is declared to be JSON; raises 415 where it is declared to be something else."""
    body = await request.body()
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and declared != "application/json":
        raise HTTPException(415, "send it with Content-Type: application/json")
    return body


def read(model: type[M], body: bytes) -> M:
    """Return the model that a JSON text holds.

    Raises :class:`RequestValidationError`, as FastAPI does for a body that it reads itself.
    """
    try:
        return model.model_validate(parse(body))
    except json.JSONDecodeError as error:
        invalid = {"type": "json_invalid", "loc": ("body", error.pos), "ctx": {"error": error.msg}}
        raise RequestValidationError([invalid]) from error
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from error


def parse(body: bytes) -> object:
    """Return what a JSON text holds.

    Raises :class:`json.JSONDecodeError` for what is not JSON in the sense of RFC 8259, and for NaN, infinities, lone
    surrogates, names that are twice in an object, and nesting of more than 200 levels; an HTTPException (413) for a
    text that would take more than :data:`MOST_MEMORY`.
    """
    if len(body) >= LARGE_BODY:
        memory = sum(size * body.count(character) for character, size in _MEMORY.items())
        if memory > MOST_MEMORY:
            raise HTTPException(
                413, "the request body has too many rows, lists and values to be read at once"
            )
    try:
        parsed: object = from_json(body, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True)
    except ValueError as error:
        # FastAPI turns this exception, and no other, into a validation error (422).
        raise json.JSONDecodeError(str(error)[:_LONGEST_ERROR], "", 0) from error
    return parsed
