"""Applicants whose rows the platform holds."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from home_credit.api.bodies import JsonRoute, json_text, read
from home_credit.api.deciding import IdempotencyKey, idempotency
from home_credit.api.dependencies import DecidingDep, DecisionServiceDep
from home_credit.api.examples import SIMULATIONS, json_body
from home_credit.api.problems import documented
from home_credit.decisioning.requests import KnownRequest
from home_credit.schemas import (
    Applicant,
    ApplicantList,
    ApplicantQuery,
    Decision,
    Recourse,
    SimulationRequest,
)

router = APIRouter(
    tags=["applicants"], route_class=JsonRoute, responses=documented(401, 404, 413, 422, 429, 503)
)


@router.get("/applicants")
def applicants(query: Annotated[ApplicantQuery, Query()], service: DecisionServiceDep) -> ApplicantList:
    """List known applicants, or those with some first digits, age, contract or region; lowest SK_ID_CURR first."""
    return service.applicants(query)


@router.get("/applicants/{SK_ID_CURR}")
def applicant(SK_ID_CURR: int, service: DecisionServiceDep) -> Applicant:  # noqa: N803  (the name of the contract)
    """Return the rows that the platform holds of a known applicant."""
    return service.applicant(SK_ID_CURR)


@router.post(
    "/applicants/{SK_ID_CURR}/predict",
    response_model=Decision,
    openapi_extra=json_body(SimulationRequest, SIMULATIONS, required=False),
)
async def predict_applicant(
    SK_ID_CURR: int,  # noqa: N803  (the name of the contract)
    request: Request,
    deciding: DecidingDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Decide on the rows held of a known applicant; a body with overrides makes it a simulation."""
    body = await json_text(request)
    repetition = idempotency(request, idempotency_key, body)
    overrides = read(SimulationRequest, body).application if body and body != b"null" else None
    return await deciding.decide(KnownRequest(SK_ID_CURR, overrides, repetition))


@router.post("/applicants/{SK_ID_CURR}/recourse")
def applicant_recourse(SK_ID_CURR: int, service: DecisionServiceDep) -> Recourse:  # noqa: N803  (the name of the contract)
    """Return the smallest changes of the loan that a known applicant asked for that would be approved."""
    return service.recourse_of_applicant(SK_ID_CURR)
