"""Recorded decisions: read, review, replay."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request

from home_credit.api.bodies import JsonRoute
from home_credit.api.dependencies import DecisionServiceDep
from home_credit.api.problems import documented
from home_credit.api.reviewers import REVIEWER, reviewer_of
from home_credit.schemas import (
    DecisionList,
    DecisionQuery,
    DecisionRecord,
    Recourse,
    Replay,
    Review,
    ReviewRequest,
    ReviewStatistics,
)
from home_credit.schemas.portfolios import PortfolioQuery

router = APIRouter(
    tags=["ledger"], route_class=JsonRoute, responses=documented(401, 404, 410, 413, 422, 429, 503)
)


@router.get("/decisions")
def decisions(query: Annotated[DecisionQuery, Query()], service: DecisionServiceDep) -> DecisionList:
    """List recorded decisions, or those of an applicant, time, outcome, grade or state of review; the newest first."""
    return service.decisions(query)


@router.get("/decisions/{decision_id}")
def decision(decision_id: str, service: DecisionServiceDep) -> DecisionRecord:
    """Return a decision with the rows it was made from and its reviews."""
    return service.decision(decision_id)


@router.post("/decisions/{decision_id}/review", status_code=201, responses=documented(403, 409))
def review(
    decision_id: str,
    body: ReviewRequest,
    request: Request,
    service: DecisionServiceDep,
    forwarded: Annotated[
        str | None,
        Header(
            alias=REVIEWER,
            description="who reviews, percent-encoded UTF-8; taken from a key with the scope `act-for`. "
            "Without it the reviewer is the holder of the key",
        ),
    ] = None,
) -> Review:
    """Record a human's own decision and the reason for it; the recorded decision does not change."""
    return service.review(decision_id, body, reviewer_of(request, forwarded))


@router.get("/reviews/statistics")
def review_statistics(
    query: Annotated[PortfolioQuery, Query()], service: DecisionServiceDep
) -> ReviewStatistics:
    """Count the reviews of each day by decision, outcome and kind of reason, and what awaits a review now."""
    return service.review_statistics(query)


@router.get("/decisions/{decision_id}/replay", responses=documented(409))
def replay(decision_id: str, service: DecisionServiceDep) -> Replay:
    """Compute a decision again from its record and compare every bit."""
    return service.replay(decision_id)


@router.get("/decisions/{decision_id}/recourse", responses=documented(409))
def decision_recourse(decision_id: str, service: DecisionServiceDep) -> Recourse:
    """Return the smallest changes of the loan with which the decision would have been an approval."""
    return service.recourse_of_decision(decision_id)
