"""The factory of the decision service, for the API, the command line and jobs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from home_credit.applicants import ApplicantStore
from home_credit.decisioning.resources import LazyResource
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.service import DecisionService
from home_credit.decisioning.shadow import Shadow
from home_credit.decisioning.updates import ModelUpdates, ServedModel
from home_credit.decisioning.versions import ModelVersions
from home_credit.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from home_credit.config import Settings
    from home_credit.decisioning.updates import Role
    from home_credit.schemas import Decision


def decision_service(
    settings: Settings,
    *,
    scorer: Scorer | None = None,
    applicants: ApplicantStore | None = None,
    ledger: Ledger | None = None,
    observe: Callable[[Decision], None] | None = None,
    observe_shadow: Callable[[str, int], None] | None = None,
) -> DecisionService:
    """Return the service; a resource that is not passed is loaded from ``settings`` on first use.

    Closing the service closes the resources that it loaded itself. ``observe`` is called with every recorded decision,
    ``observe_shadow`` as :class:`Shadow` says.
    """
    records = (
        LazyResource(lambda: ledger)
        if ledger is not None
        else LazyResource(lambda: Ledger.of(settings), close=Ledger.close)
    )
    challenger = settings.challenger
    return DecisionService(
        scorer=LazyResource(lambda: scorer or Scorer.load(settings.models, settings)),
        applicants=LazyResource(lambda: applicants)
        if applicants is not None
        else LazyResource(lambda: ApplicantStore.open(settings.applicants_url), close=ApplicantStore.close),
        ledger=records,
        observe=observe or (lambda _decision: None),
        second_reader=settings.second_reader,
        shadow=Shadow(
            LazyResource(lambda: Scorer.load(challenger, settings)),
            records,
            observe=observe_shadow or (lambda _outcome, _number: None),
        )
        if challenger is not None
        else None,
        versions=ModelVersions(settings.model_versions, settings),
    )


def model_updates(
    service: DecisionService, settings: Settings, *, observe: Callable[[str, str], None]
) -> ModelUpdates:
    """Return what keeps the models of ``service`` the same as the folders that ``settings`` name.

    ``observe`` is called with the role of a model, "champion" or "challenger", and "swapped" or "refused".
    """
    versions = ModelVersions(settings.model_versions, settings)
    models: tuple[tuple[Role, Path | None, LazyResource[Scorer] | None], ...] = (
        ("champion", settings.models, service.champion),
        ("challenger", settings.challenger, service.challenger),
    )
    served = [
        ServedModel(
            role,
            folder,
            resource,
            lambda place: Scorer.load(place, settings),
            versions=versions,
            observe=partial(observe, role),
        )
        for role, folder, resource in models
        if folder is not None and resource is not None
    ]
    return ModelUpdates(served, settings.model_poll_seconds)
