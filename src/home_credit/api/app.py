"""The application: parts, middleware and routes put together."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from home_credit import __version__, logs
from home_credit.api import problems
from home_credit.api.authentication import require_key
from home_credit.api.limits import BodyLimit, RateLimit
from home_credit.api.metrics import Metrics, MetricsMiddleware
from home_credit.api.routes import applicants, decisions, inference, operations, predictions
from home_credit.applicants.parquet import ApplicantStore
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.service import DecisionService, LazyResource
from home_credit.errors import HomeCreditError
from home_credit.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from home_credit.config import Settings

logger = logging.getLogger(__name__)

DESCRIPTION = """Credit scoring on the seven Home Credit tables: send one applicant's raw rows, get a decision
with its reasons. Every decision is recorded before it is answered, can be read back, reviewed and computed
again. Errors are problem documents (RFC 9457)."""
TAGS = [
    {"name": "decisions", "description": "Decide on rows that come with the request."},
    {"name": "applicants", "description": "Applicants whose rows the platform holds."},
    {"name": "ledger", "description": "What was decided, on what, and what became of it."},
    {"name": "operations", "description": "Health, metrics, model."},
    {"name": "inference protocol", "description": "Open Inference Protocol on the model's feature vector."},
]


def create_app(
    settings: Settings,
    *,
    scorer: Scorer | None = None,
    portfolio: ApplicantStore | None = None,
    ledger: Ledger | None = None,
) -> FastAPI:
    """Return the API; what is not passed is loaded as ``settings`` say when the server starts.

    A part that cannot be loaded then is logged and tried again when a request needs it.
    """
    metrics = Metrics()
    service = DecisionService(
        scorer=LazyResource(lambda: scorer or Scorer.load(settings.models, settings)),
        portfolio=LazyResource(lambda: portfolio or ApplicantStore(settings.portfolio)),
        ledger=LazyResource(lambda: ledger or Ledger.open(settings.database_url)),
        observe=metrics.decided,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        logs.configure()
        await run_in_threadpool(_load, service)
        yield
        if ledger is None and service.ledger.loaded:
            service.ledger.get().close()

    app = FastAPI(
        title="Home Credit scoring",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
    )
    app.state.settings, app.state.metrics, app.state.service = settings, metrics, service
    problems.install(app)
    # The last one added is the first one asked.
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(RateLimit, per_minute=settings.max_requests_per_minute)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    for module in (predictions, applicants, decisions):
        app.include_router(module.router, dependencies=[Depends(require_key)])
    for module in (operations, inference):
        app.include_router(module.router)
    return app


def _load(service: DecisionService) -> None:
    for part in (service.scorer, service.portfolio, service.ledger):
        try:
            part.get()
        except HomeCreditError as error:
            logger.warning("started without a part: %s", error)
