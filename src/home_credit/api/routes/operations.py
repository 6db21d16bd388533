"""Operations: health, metrics, and the model in use."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from home_credit import __version__
from home_credit.api import metrics
from home_credit.api.dependencies import DecisionServiceDep
from home_credit.api.problems import documented
from home_credit.schemas import Health, ModelFacts

router = APIRouter(tags=["operations"])


# Coroutines run on the event loop, so that they do not wait for scoring in the thread pool.
@router.get("/health", responses={503: {"model": Health, "description": "No model is loaded"}})
async def health(service: DecisionServiceDep, response: Response) -> Health:
    """Return whether the API can decide."""
    if service.ready:
        return Health(status="healthy", model_loaded=True, version=__version__)
    response.status_code = 503
    return Health(status="unhealthy", model_loaded=False, version=__version__)


@router.get("/metrics", response_class=Response, responses={200: {"content": {metrics.MEDIA_TYPE: {}}}})
async def read_metrics(request: Request) -> Response:
    """Return counts and latencies in the format of Prometheus."""
    return Response(request.app.state.metrics.text(), media_type=metrics.MEDIA_TYPE)


@router.get("/model", responses=documented(503))
def model(service: DecisionServiceDep) -> ModelFacts:
    """Return the facts of the model that decides."""
    return service.model()


@router.get("/", include_in_schema=False)
async def root() -> RedirectResponse:
    """Redirect to the documentation."""
    return RedirectResponse("/docs")
