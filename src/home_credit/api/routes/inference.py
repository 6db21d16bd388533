"""Open Inference Protocol (version 2) on the model's own feature vector; nothing here is recorded."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from home_credit.api.dependencies import DecisionServiceDep
from home_credit.api.inference import messages
from home_credit.api.inference.bodies import inflated
from home_credit.api.inference.documentation import INFER
from home_credit.api.inference.metadata import (
    InferenceError,
    Live,
    ModelMetadata,
    Ready,
    Server,
    metadata,
)
from home_credit.api.inference.vectors import reader
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.service import DecisionService

router = APIRouter(prefix="/v2", tags=["inference protocol"])
MODEL = f"/models/{messages.MODEL_NAME}"
VERSION = MODEL + "/versions/{version}"
Version = Annotated[str, Path(description="the model version, as in the metadata")]
# Bytes; smaller bodies are read and scored on the event loop, which takes less time than a thread.
SMALL_BODY = 65_536


def _errors(*statuses: int | str) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": InferenceError} for status in statuses}


NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Ready, "description": "No model is loaded"}}


# First, since routes are tried in turn.
@router.post(f"{MODEL}/infer", responses=_errors(400, 401, 403, 413, 415, 429, 503), openapi_extra=INFER)
async def infer(request: Request, service: DecisionServiceDep) -> Response:
    """Return the probability of default of each feature vector."""
    return await _infer(request, service, None)


@router.post(f"{VERSION}/infer", responses=_errors("4XX", 503), openapi_extra=INFER)
async def infer_version(version: Version, request: Request, service: DecisionServiceDep) -> Response:
    """Return the probability of default of each feature vector, by this version of the model."""
    return await _infer(request, service, version)


@router.get("")
async def server() -> Server:
    """Return the server's metadata."""
    return Server()


@router.get("/health/live")
async def live() -> Live:
    """Return that the server runs."""
    return Live()


@router.get("/health/ready", responses={503: {"model": Ready, "description": "A part does not answer"}})
async def ready(request: Request, response: Response) -> Ready:
    """Return whether the server can infer and decide, as /readyz does part by part."""
    answer = Ready(ready=await request.app.state.readiness.ready())
    response.status_code = 200 if answer.ready else 503
    return answer


@router.get(f"{MODEL}/ready", responses=NOT_READY)
async def model_ready(service: DecisionServiceDep, response: Response) -> Ready:
    """Return whether the model is loaded."""
    response.status_code = 200 if service.ready else 503
    return Ready(ready=service.ready)


@router.get(f"{VERSION}/ready", responses=NOT_READY | _errors("4XX"))
async def version_ready(version: Version, service: DecisionServiceDep, response: Response) -> Ready:
    """Return whether this version of the model is loaded."""
    if service.ready:
        _of_version(service, version)
    return await model_ready(service, response)


@router.get(MODEL, response_model_exclude_none=True, responses=_errors(503))
def model(service: DecisionServiceDep) -> ModelMetadata:
    """Return the names, types and shapes of the model's inputs and output."""
    scorer = service.scorer()
    return metadata(scorer.version, scorer.features, scorer.categories)


@router.get(VERSION, response_model_exclude_none=True, responses=_errors("4XX", 503))
def model_version(version: Version, service: DecisionServiceDep) -> ModelMetadata:
    """Return the metadata of this version of the model."""
    _of_version(service, version)
    return model(service)


async def _infer(request: Request, service: DecisionService, version: str | None) -> Response:
    body, encoding = await request.body(), request.headers.get("content-encoding", "")
    header_length = request.headers.get(messages.HEADER_LENGTH)
    max_bytes: int = request.app.state.settings.max_body_bytes

    def answer() -> Response:
        scorer = service.scorer() if version is None else _of_version(service, version)
        plain = inflated(body, encoding, max_bytes)
        asked, buffers = messages.read(plain, header_length)
        vectors = reader(scorer).read(asked.inputs, buffers)
        messages.check_names(plain, header_length)
        probabilities = scorer.infer(vectors.matrix)
        content, headers = messages.write(asked, scorer.version, probabilities, vectors.warnings)
        return Response(content, headers=headers)

    if service.ready and len(body) <= SMALL_BODY and not encoding:
        return answer()
    return await run_in_threadpool(answer)


def _of_version(service: DecisionService, version: str) -> Scorer:
    scorer = service.scorer()
    if version != scorer.version:
        raise HTTPException(404, f"the loaded version of the model is {scorer.version}")
    return scorer
