"""One decision: on rows that come with the request, or on those held of a known applicant.

These routes are called most. Their endpoints take the request alone, which saves a tenth of the time of a decision; so
their parameters are documented and read by hand.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

# FastAPI resolves the annotations of endpoints.
from starlette.requests import Request  # noqa: TC002
from starlette.responses import Response  # noqa: TC002

from home_credit.api.authentication import caller_of
from home_credit.api.bodies import json_text, read
from home_credit.api.dependencies import is_plain_number
from home_credit.api.examples import BUNDLES, DECISION, SIMULATIONS, json_body
from home_credit.api.problems import documented
from home_credit.decisioning.requests import Idempotency, KnownRequest, RawRequest
from home_credit.errors import UnknownApplicantError
from home_credit.schemas import Decision, PredictionRequest, SimulationRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from home_credit.api.deciding import Deciding

IDEMPOTENCY_KEY = "Idempotency-Key"
LONGEST_KEY = 255  # characters
LONGEST_ID = 19  # digits; larger numbers take longer to read


class DirectRoute(APIRoute):
    """A route whose endpoint takes the request and returns the response, without anything in between."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint."""
        return self.endpoint


router = APIRouter(
    route_class=DirectRoute,
    responses={
        200: {"content": {"application/json": {"example": DECISION}}},
        **documented(401, 403, 404, 408, 413, 415, 422, 429, 503),
    },
)


def _parameter(place: str, name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    required = place == "path"
    return {"in": place, "name": name, "required": required, "schema": schema, "description": description}


KEY = _parameter(
    "header",
    IDEMPOTENCY_KEY,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    "a request with the key and content of an earlier one gets the decision recorded then",
)
SIMULATION = _parameter(
    "query",
    "simulation",
    {"type": "boolean", "default": False},
    "not a real application: mark the decision as a simulation",
)
APPLICANT = _parameter("path", "SK_ID_CURR", {"type": "integer", "minimum": 0}, "a known applicant")


@router.post(
    "/applicants/{SK_ID_CURR}/predict",
    tags=["applicants"],
    response_model=Decision,
    openapi_extra={
        "parameters": [APPLICANT, KEY],
        **json_body(SimulationRequest, SIMULATIONS, required=False),
    },
)
async def predict_applicant(request: Request) -> Response:
    """Decide on the rows held of a known applicant; a body with overrides makes it a simulation."""
    applicant, body = _applicant(request), await json_text(request)
    overrides = read(SimulationRequest, body).application if body and body != b"null" else None
    return await _deciding(request).decide(KnownRequest(applicant, overrides, _idempotency(request, body)))


@router.post(
    "/predict",
    tags=["decisions"],
    response_model=Decision,
    openapi_extra={"parameters": [SIMULATION, KEY], **json_body(PredictionRequest, BUNDLES)},
)
async def predict(request: Request) -> Response:
    """Decide on one applicant's raw rows, record the decision and return it with its reasons."""
    simulation, body = _simulation(request), await json_text(request)
    rows = partial(read, PredictionRequest, body)
    asked = RawRequest(rows, simulation, _idempotency(request, body), body)
    return await _deciding(request).decide(asked)


def _deciding(request: Request) -> Deciding:
    found: Deciding = request.app.state.deciding
    return found


def _applicant(request: Request) -> int:
    text: str = request.path_params["SK_ID_CURR"]
    if not is_plain_number(text):
        raise _invalid("path", "SK_ID_CURR", "only digits are accepted")
    if len(text) > LONGEST_ID:
        raise UnknownApplicantError(text[:LONGEST_ID])
    return int(text)


def _simulation(request: Request) -> bool:
    text = request.query_params.get("simulation", "false").lower()
    if text not in {"true", "false", "1", "0"}:
        raise _invalid("query", "simulation", "must be true or false")
    return text in {"true", "1"}


def _idempotency(request: Request, body: bytes) -> Idempotency | None:
    """Return what a repetition of ``request`` is recognised by, where it brings a key.

    The same caller, key, address, query and body make a repetition.
    """
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY:
        raise _invalid("header", IDEMPOTENCY_KEY, f"must have 1 to {LONGEST_KEY} characters")
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    return Idempotency.of(caller_of(request).name or "", key, asked)


def _invalid(place: str, name: str, problem: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": (place, name), "msg": problem}])
