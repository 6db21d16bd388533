"""Open Inference Protocol (version 2) on the model's own feature vector; nothing here is recorded."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from home_credit import __version__
from home_credit.api import inference
from home_credit.api.bodies import JsonRoute
from home_credit.api.dependencies import DecisionServiceDep
from home_credit.api.problems import documented

router = APIRouter(prefix="/v2", tags=["inference protocol"], route_class=JsonRoute)
MODEL_PATH = f"/models/{inference.MODEL_NAME}"


class Live(BaseModel):
    """The server runs."""

    live: bool = True


class Ready(BaseModel):
    """Whether the server, or the model, can infer."""

    ready: bool


class Server(BaseModel):
    """The server's own metadata."""

    name: str
    version: str
    extensions: list[str]


@router.get("")
async def server() -> Server:
    """Return the server's metadata."""
    return Server(name="home-credit-scoring", version=__version__, extensions=[])


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


@router.get(f"{MODEL_PATH}/ready", responses={503: {"model": Ready, "description": "No model is loaded"}})
async def model_ready(service: DecisionServiceDep, response: Response) -> Ready:
    """Return whether the model is loaded."""
    response.status_code = 200 if service.ready else 503
    return Ready(ready=service.ready)


@router.get(MODEL_PATH, responses=documented(503))
def model(service: DecisionServiceDep) -> inference.ModelMetadata:
    """Return the names, types and shapes of the model's inputs and output."""
    scorer = service.scorer()
    return inference.metadata(scorer.version, scorer.features)


@router.post(
    f"{MODEL_PATH}/infer",
    responses=documented(401, 413, 422, 429, 503),
)
def infer(request: inference.InferenceRequest, service: DecisionServiceDep) -> inference.InferenceResponse:
    """Return the probability of default of each feature vector."""
    scorer = service.scorer()
    vectors = inference.vectors(request, scorer.features)
    return inference.response(request, scorer.version, scorer.infer(vectors))
