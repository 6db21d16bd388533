"""The factory of the decision service, for the API, the command line and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.applicants import ApplicantStore
from home_credit.decisioning.resources import LazyResource
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.service import DecisionService
from home_credit.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.config import Settings
    from home_credit.schemas import Decision


def decision_service(
    settings: Settings,
    *,
    scorer: Scorer | None = None,
    applicants: ApplicantStore | None = None,
    ledger: Ledger | None = None,
    observe: Callable[[Decision], None] | None = None,
) -> DecisionService:
    """Return the service; a resource that is not passed is loaded from ``settings`` on first use.

    Closing the service closes the resources that it loaded itself. ``observe`` is called with every recorded decision.
    """
    return DecisionService(
        scorer=LazyResource(lambda: scorer or Scorer.load(settings.models, settings)),
        applicants=LazyResource(lambda: applicants)
        if applicants is not None
        else LazyResource(lambda: ApplicantStore.open(settings.applicants_url), close=ApplicantStore.close),
        ledger=LazyResource(lambda: ledger)
        if ledger is not None
        else LazyResource(lambda: Ledger.of(settings), close=Ledger.close),
        observe=observe or (lambda _decision: None),
        second_reader=settings.second_reader,
    )
