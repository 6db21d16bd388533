"""Applicants whose rows the platform holds."""

from typing import Annotated

from fastapi import APIRouter, Query

from home_credit.api.bodies import JsonRoute
from home_credit.api.dependencies import ApplicantId, DecisionServiceDep
from home_credit.api.problems import documented
from home_credit.schemas import (
    Applicant,
    ApplicantList,
    ApplicantQuery,
    Recourse,
)

router = APIRouter(
    tags=["applicants"], route_class=JsonRoute, responses=documented(401, 404, 413, 422, 429, 503)
)


@router.get("/applicants")
def applicants(query: Annotated[ApplicantQuery, Query()], service: DecisionServiceDep) -> ApplicantList:
    """List known applicants, or those with some first digits, age, contract or region; lowest SK_ID_CURR first."""
    return service.applicants(query)


@router.get("/applicants/{SK_ID_CURR}")
def applicant(SK_ID_CURR: ApplicantId, service: DecisionServiceDep) -> Applicant:  # noqa: N803  (the name of the contract)
    """Return the rows that the platform holds of a known applicant."""
    return service.applicant(SK_ID_CURR)


@router.post("/applicants/{SK_ID_CURR}/recourse")
def applicant_recourse(SK_ID_CURR: ApplicantId, service: DecisionServiceDep) -> Recourse:  # noqa: N803  (the name of the contract)
    """Return the smallest changes of the loan that a known applicant asked for that would be approved."""
    return service.recourse_of_applicant(SK_ID_CURR)
