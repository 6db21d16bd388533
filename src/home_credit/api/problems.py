"""The table that maps errors to RFC 9457 problem documents."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from home_credit import errors
from home_credit.schemas import FieldError, Problem
from home_credit.tables.findings import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request
    from pydantic_core import ErrorDetails

    from home_credit.api.metrics import Metrics

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:home-credit:problem:"


# Seconds after which a refused request may be sent again.
RETRY = {"Retry-After": "1"}
LONGEST = 500  # characters of an answer that may repeat what was sent


class Kind(NamedTuple):
    """Status, slug and title of one kind of problem.

    ``detail`` is what is told of a cause that is ours: the error itself may name addresses, files and users.
    """

    status: HTTPStatus
    slug: str
    title: str
    detail: str | None = None


INVALID = Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input", "The input breaks the schema")
INTERNAL = Kind(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "fault",
    "Internal error",
    "the request could not be served; the cause is logged",
)
UNAVAILABLE = Kind(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "Not available now",
    "something that this needs is not available; the cause is logged",
)

# An error is looked up by its class, then by its base classes.
ERRORS: Mapping[type[Exception], Kind] = {
    ValidationError: INVALID,
    RequestValidationError: INVALID,
    errors.InputError: INVALID,
    errors.UnknownApplicantError: Kind(HTTPStatus.NOT_FOUND, "unknown-applicant", "Unknown applicant"),
    errors.UnknownDecisionError: Kind(HTTPStatus.NOT_FOUND, "unknown-decision", "Unknown decision"),
    errors.NoVerdictError: Kind(HTTPStatus.NOT_FOUND, "no-verdict", "No drift verdict"),
    errors.NoOutcomesError: Kind(HTTPStatus.NOT_FOUND, "no-outcomes", "No realised performance"),
    errors.NoShadowError: Kind(HTTPStatus.NOT_FOUND, "no-shadow", "No challenger has scored decisions"),
    errors.ErasedDecisionError: Kind(HTTPStatus.GONE, "erased-decision", "The decision was erased"),
    errors.IdempotencyKeyError: Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key", "The idempotency key was used for another request"
    ),
    errors.ReviewConflictError: Kind(HTTPStatus.CONFLICT, "review-conflict", "The decision takes no review"),
    errors.OtherModelError: Kind(HTTPStatus.CONFLICT, "other-model", "Another model made this decision"),
    errors.OtherChecksError: Kind(
        HTTPStatus.CONFLICT, "other-checks", "An earlier release accepted the rows of this decision"
    ),
    # Of the operator's settings: no request can cause it.
    errors.UsageError: UNAVAILABLE,
    errors.UnavailableError: UNAVAILABLE,
    errors.ArtifactError: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "no-model",
        "No model is loaded",
        "no model can be loaded; the cause is logged",
    ),
    errors.ApplicantStoreError: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "no-portfolio",
        "The portfolio is not available",
        "no store of known applicants can be read; the cause is logged. `home-credit load` fills a store",
    ),
    errors.LedgerError: Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "no-ledger",
        "The ledger is not available",
        "the ledger does not answer, so nothing can be recorded or read; the cause is logged",
    ),
    errors.BrokenRecordError: Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "broken-record",
        "A record of the ledger is broken",
        "the record was changed, is missing or cannot be read; the cause is logged",
    ),
    Exception: INTERNAL,
}

STATUSES: Mapping[int, Kind] = {
    kind.status: kind
    for kind in (
        Kind(HTTPStatus.UNAUTHORIZED, "unauthorized", "An API key is needed"),
        Kind(HTTPStatus.FORBIDDEN, "forbidden", "The API key lacks a scope"),
        Kind(HTTPStatus.REQUEST_TIMEOUT, "slow-body", "The request body did not arrive in time"),
        Kind(HTTPStatus.SERVICE_UNAVAILABLE, "occupied", "The service is occupied"),
        Kind(HTTPStatus.NOT_FOUND, "unknown-route", "There is no such address"),
        Kind(HTTPStatus.METHOD_NOT_ALLOWED, "method", "The address does not take this method"),
        Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "The request body is too large"),
        Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", "The request body must be JSON"),
        Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
    )
}


def problem_of(error: Exception) -> Problem:
    """Return the problem document of an error; an internal error does not reveal its cause."""
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return _problem(STATUSES.get(status) or Kind(status, "http", status.phrase), error.detail)
    kind = kind_of(error)
    if isinstance(error, (ValidationError, RequestValidationError)):
        return _invalid(error.errors()[0])
    if kind.detail:
        return _problem(kind, kind.detail)
    if isinstance(error, errors.BundleError):
        told = [FieldError(field=fault.field, detail=fault.problem) for fault in error.faults]
        return _problem(kind, str(error), error.field).model_copy(update={"errors": told})
    return _problem(kind, str(error), getattr(error, "field", None))


def kind_of(error: Exception) -> Kind:
    """Return the kind of problem that an error is."""
    return next(ERRORS[cls] for cls in type(error).__mro__ if cls in ERRORS)


def response_of(error: Exception) -> Response:
    """Return the response to a request that raised ``error``."""
    problem = problem_of(error)
    retry = RETRY if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=getattr(error, "headers", None) or retry,
    )


def install(app: FastAPI, metrics: Metrics) -> None:
    """Install exception handlers that answer every expected error of ``app`` with a problem document.

    Those that are faults of ours are logged with their cause, and counted.
    """

    async def expected(request: Request, error: Exception) -> Response:
        note(error, metrics, request_id=getattr(request.state, "request_id", None))
        return response_of(error)

    for kind in (errors.HomeCreditError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, expected)


def note(error: Exception, metrics: Metrics, *, expected: bool = True, **fields: str | None) -> None:
    """Log and count an error that is a fault of ours, as one that is not ``expected`` always is.

    ``fields`` are added to the line.
    """
    if expected and isinstance(error, HTTPException):
        return
    kind = kind_of(error) if expected else INTERNAL
    if kind.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    metrics.fault(kind.slug)
    extra = {"fields": {**fields, "kind": kind.slug}}
    if kind is INTERNAL:
        logger.error("unexpected error", exc_info=error, extra=extra)
    else:
        logger.error("%s: %s", kind.title, _logged(error), extra=extra)


def _logged(error: Exception) -> str:
    """Return what is logged of a fault; the reason why a record cannot be read may quote a row."""
    return str(error).partition(": ")[0] if isinstance(error, errors.BrokenRecordError) else str(error)


def documented(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Return the OpenAPI ``responses`` of a route that may answer with these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _problem(kind: Kind, detail: str, field: str | None = None) -> Problem:
    return Problem(
        type=TYPE + kind.slug,
        title=kind.title,
        status=int(kind.status),
        detail=_shortened(detail),
        field=field and _shortened(field),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _invalid(first: ErrorDetails) -> Problem:
    if first["type"] == "json_invalid":
        return _problem(INVALID, f"the body is not JSON: {first['ctx']['error']}")
    field = _path(first["loc"])
    message = first["msg"][:1].lower() + first["msg"][1:]
    return _problem(INVALID, f"{field}: {message}" if field else message, field)


def _path(location: Sequence[str | int]) -> str | None:
    """Return a location such as ``("body", "bureau", 2, "DAYS_CREDIT")`` as ``bureau[2].DAYS_CREDIT``."""
    path = ""
    for part in location[1:] if location[:1] in {("body",), ("query",), ("path",)} else location:
        path += f"[{part}]" if isinstance(part, int) else f".{named(part)}" if path else named(part)
    return path or None
