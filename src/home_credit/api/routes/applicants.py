"""Applicants whose rows the platform holds."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from home_credit.api.bodies import JsonRoute
from home_credit.api.dependencies import DecisionServiceDep
from home_credit.api.problems import documented
from home_credit.schemas import (
    Applicant,
    ApplicantList,
    ApplicantQuery,
    Recourse,
)


def _plain_digits(value: str) -> str:
    if not (value.isascii() and value.isdigit()) or (value[0] == "0" and value != "0"):
        raise PydanticCustomError("digits", "Only digits are accepted")
    return value


# Python reads 1_00_001, +1 and 01 as numbers, too.
ApplicantId = Annotated[int, BeforeValidator(_plain_digits)]

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
