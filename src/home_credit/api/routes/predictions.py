"""Decisions on rows that come with the request."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from home_credit.api.bodies import JsonRoute
from home_credit.api.dependencies import DecisionServiceDep
from home_credit.api.examples import BATCHES, BUNDLES
from home_credit.api.problems import documented, note, problem_of
from home_credit.schemas import BatchItem, BatchRequest, BatchResponse, Decision, PredictionRequest, Recourse

router = APIRouter(tags=["decisions"], route_class=JsonRoute, responses=documented(401, 413, 422, 429, 503))


@router.post("/recourse")
def recourse(
    bundle: Annotated[PredictionRequest, Body(openapi_examples=BUNDLES)], service: DecisionServiceDep
) -> Recourse:
    """Return the smallest changes of the loan asked for that would be approved; nothing is recorded."""
    return service.recourse(bundle)


@router.post("/predict/batch", response_model=BatchResponse)
def predict_batch(
    batch: Annotated[BatchRequest, Body(openapi_examples=BATCHES)],
    service: DecisionServiceDep,
    request: Request,
) -> Response:
    """Decide on several applicants; each outcome equals that of the same bundle sent alone."""
    results = []
    for index, outcome in enumerate(service.decide_each(batch.bundles)):
        if isinstance(outcome, Decision):
            results.append(BatchItem(index=index, decision=outcome))
        else:
            note(outcome, request.app.state.metrics, request_id=request.state.request_id)
            results.append(BatchItem(index=index, problem=problem_of(outcome)))
    # Written by pydantic itself: the framework would make a second copy of a thousand decisions, as dictionaries.
    return Response(BatchResponse(results=results).model_dump_json(), media_type="application/json")
