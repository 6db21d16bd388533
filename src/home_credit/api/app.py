"""The application: service, middleware and routes put together."""

from __future__ import annotations

import gc
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from home_credit import __version__, logs
from home_credit.api import demo_history, documentation, problems
from home_credit.api.admission import Admission, Places
from home_credit.api.authentication import Access, Authentication
from home_credit.api.deciding import Deciding
from home_credit.api.inference.errors import ProtocolErrors
from home_credit.api.limits import RateLimits
from home_credit.api.metrics import Metrics
from home_credit.api.model_updates import watching
from home_credit.api.observation import Observation
from home_credit.api.readiness import Readiness
from home_credit.api.request_bodies import RequestBodies
from home_credit.api.routes import applicants as known_applicants
from home_credit.api.routes import decisions, inference, operations, predictions, single_decisions, statistics
from home_credit.api.rules import body_limits
from home_credit.decisioning.factory import decision_service, model_updates

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
    {
        "name": "statistics",
        "description": "Stored figures of the model, the portfolio, applicants and drift.",
    },
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
    metrics, access = Metrics(), Access(settings)
    service = decision_service(
        settings,
        scorer=scorer,
        applicants=applicants,
        ledger=ledger,
        observe=metrics.decided,
        observe_shadow=metrics.shadow,
    )
    updates = None if scorer else model_updates(service, settings, observe=metrics.model)
    readiness = Readiness(service)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        logs.configure()
        if access.mode == "demo":
            logger.warning("demo: everybody is answered, since HOME_CREDIT_DEMO is set and no API key is")
        await run_in_threadpool(_load, service)
        # What is imported and loaded now stays; each full collection of garbage would look at all of it again.
        gc.freeze()
        gc.enable()
        # With a key the ledger is that of real decisions.
        demo_decisions = 0 if access.mode == "keys" else settings.demo_decisions
        with watching(updates), demo_history.recording(service, demo_decisions):
            yield
        readiness.close()
        await run_in_threadpool(app.state.deciding.close)
        await run_in_threadpool(service.close)

    app = FastAPI(
        title="Home Credit scoring",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        # All three are in api/documentation.py.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect would repeat the Host that the client names.
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # asked for at each request
    )
    app.state.deciding = Deciding(service)
    app.state.settings, app.state.metrics, app.state.service = settings, metrics, service
    app.state.access, app.state.readiness, app.state.updates = access, readiness, updates
    problems.install(app, metrics)
    # The first ones are found first.
    for module in (
        single_decisions,
        predictions,
        known_applicants,
        inference,
        decisions,
        statistics,
        operations,
    ):
        app.include_router(module.router)
    documentation.install(app)
    _guard(app, settings, access, metrics)
    return app


def _guard(app: FastAPI, settings: Settings, access: Access, metrics: Metrics) -> None:
    """Add the middleware; Starlette calls the one that was added last first."""
    places = app.state.places = Places(settings)
    app.add_middleware(Admission, places=places)
    app.add_middleware(
        RequestBodies,
        limits=body_limits(settings),
        seconds=settings.body_seconds,
        buffered=settings.max_buffered_bytes,
        refused=places.refused,
    )
    app.add_middleware(Authentication, access=access, limits=RateLimits(settings))
    demo = ((b"x-home-credit-demo", b"true"),) if access.mode == "demo" else ()
    app.add_middleware(Observation, metrics=metrics, headers=demo)
    app.add_middleware(ProtocolErrors)


def _load(service: DecisionService) -> None:
    for error in service.load():
        logger.warning("started without a resource: %s", error)
