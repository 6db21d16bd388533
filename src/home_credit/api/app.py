"""The application: service, middleware and routes put together."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from home_credit import __version__, logs
from home_credit.api import problems
from home_credit.api.authentication import require_key
from home_credit.api.deciding import Deciding
from home_credit.api.inference.errors import ProtocolErrors
from home_credit.api.limits import BodyLimit, RateLimit
from home_credit.api.metrics import Metrics, MetricsMiddleware
from home_credit.api.routes import applicants as known_applicants
from home_credit.api.routes import decisions, inference, operations, predictions
from home_credit.decisioning.factory import decision_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from home_credit.applicants import ApplicantStore
    from home_credit.config import Settings
    from home_credit.decisioning.scoring import Scorer
    from home_credit.decisioning.service import DecisionService
    from home_credit.ledger import Ledger

logger = logging.getLogger(__name__)

DESCRIPTION = """Credit scoring on the seven Home Credit tables: send one applicant's raw rows, get a decision
with its reasons. Every decision is recorded before it is answered, can be read back, reviewed and computed
again. Errors are problem documents (RFC 9457)."""
TAGS = [
    {"name": "decisions", "description": "Decide on rows that come with the request."},
    {"name": "applicants", "description": "Applicants whose rows the platform holds."},
    {"name": "ledger", "description": "Recorded decisions, their input and their reviews."},
    {"name": "operations", "description": "Health, metrics, model."},
    {"name": "inference protocol", "description": "Open Inference Protocol on the model's feature vector."},
]


def create_app(
    settings: Settings,
    *,
    scorer: Scorer | None = None,
    applicants: ApplicantStore | None = None,
    ledger: Ledger | None = None,
) -> FastAPI:
    """Return the API; resources that are not passed are loaded from ``settings`` when the server starts.

    A resource that cannot be loaded then is logged, and loading is tried again when a request needs it.
    """
    metrics = Metrics()
    service = decision_service(
        settings, scorer=scorer, applicants=applicants, ledger=ledger, observe=metrics.decided
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        logs.configure()
        await run_in_threadpool(_load, service)
        yield
        await run_in_threadpool(app.state.deciding.close)
        await run_in_threadpool(service.close)

    app = FastAPI(
        title="Home Credit scoring",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
    )
    app.state.deciding = Deciding(service)
    app.state.settings, app.state.metrics, app.state.service = settings, metrics, service
    problems.install(app)
    # Starlette calls the middleware that was added last first.
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(RateLimit, per_minute=settings.max_requests_per_minute)
    app.add_middleware(ProtocolErrors)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    for module in (predictions, known_applicants, decisions):
        app.include_router(module.router, dependencies=[Depends(require_key)])
    for module in (operations, inference):
        app.include_router(module.router)
    return app


def _load(service: DecisionService) -> None:
    for error in service.load():
        logger.warning("started without a resource: %s", error)
