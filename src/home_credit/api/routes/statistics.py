"""What the pages of a dashboard show, from stored statistics: no request reads the rows of more than one applicant."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from home_credit.api import report_examples as examples
from home_credit.api.bodies import JsonRoute
from home_credit.api.dependencies import ApplicantId, DecisionServiceDep
from home_credit.api.problems import documented
from home_credit.monitoring.verdict import stored_outcomes, stored_verdict
from home_credit.schemas.comparisons import Comparison, Points, PointsQuery, Segment
from home_credit.schemas.model_reports import ModelReport
from home_credit.schemas.portfolios import Portfolio, PortfolioQuery
from home_credit.schemas.shadow import ShadowReport
from home_credit.schemas.verdicts import RealisedPerformance, StoredVerdict

router = APIRouter(tags=["statistics"], route_class=JsonRoute, responses=documented(401, 429, 503))


def _shown(example: object, *statuses: int) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": example}}}, **documented(*statuses)}


@router.get("/model/report", responses=_shown(examples.MODEL_REPORT))
def model_report(service: DecisionServiceDep) -> ModelReport:
    """Return what training measured of the model that decides: calibration, grades, fairness, reasons, baselines."""
    return service.model_report()


@router.get("/applicants/{SK_ID_CURR}/comparison", responses=_shown(examples.COMPARISON, 404, 422))
def comparison(
    SK_ID_CURR: ApplicantId,  # noqa: N803  (the name of the contract)
    segment: Annotated[Segment, Query()],
    service: DecisionServiceDep,
) -> Comparison:
    """Return the place of a known applicant among all of them, among those of a segment, or among those nearest."""
    return service.comparison(SK_ID_CURR, segment)


@router.get("/applicants/{SK_ID_CURR}/comparison/points", responses=_shown(examples.POINTS, 404, 422))
def comparison_points(
    SK_ID_CURR: ApplicantId,  # noqa: N803  (the name of the contract)
    query: Annotated[PointsQuery, Query()],
    service: DecisionServiceDep,
) -> Points:
    """Return two figures of a known applicant, and of at most 500 of those that it is compared with."""
    return service.comparison_points(SK_ID_CURR, query)


@router.get("/portfolio", responses=_shown(examples.PORTFOLIO, 422))
def portfolio(query: Annotated[PortfolioQuery, Query()], service: DecisionServiceDep) -> Portfolio:
    """Return the number of decisions of each day by outcome, grade and kind, and their mean probability."""
    return service.portfolio(query)


@router.get("/shadow", responses=_shown(examples.SHADOW, 404, 422))
def shadow(service: DecisionServiceDep, challenger: str | None = None) -> ShadowReport:
    """Return how a challenger in shadow judged the last decisions; the latest one where no version is given."""
    return service.shadow_report(challenger)


@router.get("/monitoring/verdict", responses=_shown(examples.VERDICT, 404))
def verdict(request: Request) -> StoredVerdict:
    """Return the last verdict on drift, and how much each column of the application changed."""
    return stored_verdict(request.app.state.settings.reports)


@router.get("/monitoring/outcomes", responses=_shown(examples.OUTCOMES, 404))
def outcomes(request: Request) -> RealisedPerformance:
    """Return what outcomes say of the model's decisions on granted loans, by month and by grade."""
    return stored_outcomes(request.app.state.settings.reports)
