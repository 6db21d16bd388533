"""Operations: health, liveness, readiness, metrics, and the model in use."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from home_credit import __version__
from home_credit.api import drift_gauges, metrics
from home_credit.api.authentication import Mode
from home_credit.api.dependencies import DecisionServiceDep
from home_credit.api.problems import documented
from home_credit.schemas import Health, ModelFacts

if TYPE_CHECKING:
    from home_credit.decisioning.updates import ModelUpdates

router = APIRouter(tags=["operations"])


class Alive(BaseModel):
    """The server answers."""

    alive: bool = True


class Parts(BaseModel):
    """Which parts of a decision answer."""

    model: bool
    ledger: bool
    applicants: bool


class ServedModel(BaseModel):
    """A model in use, and how many were swapped in and refused since the start; the log has the causes.

    ``stale`` says that the model in its folder is refused, and an earlier one is in use.
    """

    role: Literal["champion", "challenger"]
    model_version: str | None
    swaps: int = 0
    swapped_at: datetime | None = None
    refusals: int = 0
    refused_at: datetime | None = None
    stale: bool = False


class Status(BaseModel):
    """Who is answered, and the models in use.

    ``access`` names holders of a key, everybody in a demo, or the API's own machine alone. ``signed`` says whether
    models must be signed, ``revision`` which commit is running, where the image or the platform names it.
    """

    access: Mode
    demo: bool
    version: str = __version__
    revision: str | None = None
    signed: bool = False
    models: list[ServedModel] = []


# Coroutines run on the event loop, so that they do not wait for scoring in the thread pool.
@router.get("/health", responses={503: {"model": Health, "description": "No model is loaded"}})
async def health(service: DecisionServiceDep, response: Response) -> Health:
    """Return whether the API can decide."""
    if service.ready:
        return Health(status="healthy", model_loaded=True, version=__version__)
    response.status_code = 503
    return Health(status="unhealthy", model_loaded=False, version=__version__)


@router.get("/livez")
async def live() -> Alive:
    """Return that the server answers, whatever else does."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Parts, "description": "A part does not answer"}})
async def ready(request: Request, response: Response) -> Parts:
    """Return whether model, ledger and store of applicants answer; 503 where one does not."""
    parts = Parts(**await request.app.state.readiness.parts())
    if not (parts.model and parts.ledger and parts.applicants):
        response.status_code = 503
    return parts


@router.get("/status")
async def status(request: Request) -> Status:
    """Return who is answered, and which models are in use."""
    mode: Mode = request.app.state.access.mode
    updates: ModelUpdates | None = request.app.state.updates
    return Status(
        access=mode,
        demo=mode == "demo",
        revision=request.app.state.settings.revision,
        signed=request.app.state.settings.model_key is not None,
        models=[
            ServedModel(
                role=model.role,
                model_version=model.version,
                swaps=model.state.swaps,
                swapped_at=model.state.swapped_at,
                refusals=model.state.refusals,
                refused_at=model.state.refused_at,
                stale=model.state.refused is not None,
            )
            for model in (updates.models if updates else ())
        ],
    )


@router.get("/metrics", response_class=Response, responses={200: {"content": {metrics.MEDIA_TYPE: {}}}})
async def read_metrics(request: Request) -> Response:
    """Return counts and latencies in the format of Prometheus."""
    drift = await run_in_threadpool(drift_gauges.text, request.app.state.settings.reports)
    return Response(request.app.state.metrics.text() + drift, media_type=metrics.MEDIA_TYPE)


@router.get("/model", responses=documented(503))
def model(service: DecisionServiceDep) -> ModelFacts:
    """Return the facts of the model that decides."""
    return service.model()


@router.get("/", include_in_schema=False)
async def root() -> RedirectResponse:
    """Redirect to the documentation."""
    return RedirectResponse("/docs")
