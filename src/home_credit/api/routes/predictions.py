"""Decisions on rows that come with the request."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from home_credit.api.bodies import JsonRoute, json_text, read
from home_credit.api.deciding import IdempotencyKey, idempotency
from home_credit.api.dependencies import DecidingDep, DecisionServiceDep
from home_credit.api.examples import BATCHES, BUNDLES, json_body
from home_credit.api.problems import documented, problem_of
from home_credit.decisioning.requests import RawRequest
from home_credit.schemas import BatchItem, BatchRequest, BatchResponse, Decision, PredictionRequest, Recourse

router = APIRouter(tags=["decisions"], route_class=JsonRoute, responses=documented(401, 413, 422, 429, 503))


@router.post("/predict", response_model=Decision, openapi_extra=json_body(PredictionRequest, BUNDLES))
async def predict(
    request: Request,
    deciding: DecidingDep,
    simulation: Annotated[
        bool, Query(description="not a real application: mark the decision as a simulation")
    ] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Decide on one applicant's raw rows, record the decision and return it with its reasons."""
    body = await json_text(request)
    repetition = idempotency(request, idempotency_key, body)
    return await deciding.decide(RawRequest(partial(read, PredictionRequest, body), simulation, repetition))


@router.post("/recourse")
def recourse(
    bundle: Annotated[PredictionRequest, Body(openapi_examples=BUNDLES)], service: DecisionServiceDep
) -> Recourse:
    """Return the smallest changes of the loan asked for that would be approved; nothing is recorded."""
    return service.recourse(bundle)


@router.post("/predict/batch")
def predict_batch(
    batch: Annotated[BatchRequest, Body(openapi_examples=BATCHES)], service: DecisionServiceDep
) -> BatchResponse:
    """Decide on several applicants; each outcome equals that of the same bundle sent alone."""
    return BatchResponse(
        results=[
            BatchItem(index=index, decision=outcome)
            if isinstance(outcome, Decision)
            else BatchItem(index=index, problem=problem_of(outcome))
            for index, outcome in enumerate(service.decide_each(batch.bundles))
        ]
    )
