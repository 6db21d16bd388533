"""What the API does, without HTTP: decide, record, read back, review, replay.

Routes call this and nothing below it; errors rise untouched.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import ValidationError

from home_credit.decisioning import recourse
from home_credit.decisioning.scoring import replay_record
from home_credit.errors import BundleError, OtherModelError, UnknownApplicantError
from home_credit.schemas import Applicant, ApplicantList, PredictionRequest
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION, ID, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.applicants.parquet import ApplicantStore
    from home_credit.decisioning.scoring import Scorer
    from home_credit.ledger import Ledger
    from home_credit.schemas import (
        Decision,
        DecisionRecord,
        ModelFacts,
        Recourse,
        Replay,
        Review,
        ReviewRequest,
    )
    from home_credit.tables.bundle import ParsedBundle

T = TypeVar("T")
LARGEST_ID = 2**63 - 1


class LazyResource(Generic[T]):
    """Something that the API needs and may not have yet; each use tries again until it is there."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._lock = Lock()
        self._value: T | None = None

    @property
    def loaded(self) -> bool:
        """Whether it is there; never waits."""
        return self._value is not None

    def get(self) -> T:
        """Return it, or raise what loading it raises."""
        if self._value is None:
            with self._lock:
                if self._value is None:
                    self._value = self._load()
        return self._value


class DecisionService:
    """Decisions on applicants and their records; safe to use from several threads.

    ``observe`` is told of every decision once it is recorded.
    """

    def __init__(
        self,
        *,
        scorer: LazyResource[Scorer],
        portfolio: LazyResource[ApplicantStore],
        ledger: LazyResource[Ledger],
        observe: Callable[[Decision], None],
    ) -> None:
        self.scorer, self.portfolio, self.ledger = scorer, portfolio, ledger
        self._observe = observe

    @property
    def ready(self) -> bool:
        """Whether a model is loaded; never waits."""
        return self.scorer.loaded

    def model(self) -> ModelFacts:
        """Return the facts of the loaded model."""
        return self.scorer.get().facts

    def decide(self, request: PredictionRequest, *, simulation: bool = False) -> Decision:
        """Decide on one applicant's rows and record it."""
        scorer = self.scorer.get()
        request, parsed = _checked(request)
        (assessment,) = scorer.assess([parsed], simulation=simulation)
        decision = self.ledger.get().append(assessment, request)
        self._observe(decision)
        return decision

    def decide_each(self, bundles: Sequence[Any]) -> list[Decision | BundleError | ValidationError]:
        """Decide on each bundle by itself: a decision, or what is wrong with it, in order.

        The decisions are recorded in one transaction.
        """
        scorer = self.scorer.get()
        outcomes: list[Decision | BundleError | ValidationError | None] = [None] * len(bundles)
        good: list[tuple[int, PredictionRequest, ParsedBundle]] = []
        for index, bundle in enumerate(bundles):
            try:
                good.append((index, *_checked(PredictionRequest.model_validate(bundle))))
            except (BundleError, ValidationError) as error:
                outcomes[index] = error
        assessments = scorer.assess([parsed for _, _, parsed in good])
        requests = [request for _, request, _ in good]
        decisions = self.ledger.get().append_many(list(zip(assessments, requests, strict=True)))
        for (index, _, _), decision in zip(good, decisions, strict=True):
            outcomes[index] = decision
            self._observe(decision)
        return [outcome for outcome in outcomes if outcome is not None]

    def applicants(self, after: int, limit: int) -> ApplicantList:
        """Return up to ``limit`` known applicants above ``after``."""
        portfolio = self.portfolio.get()
        return ApplicantList(applicants=portfolio.applicants(after=after, limit=limit), total=portfolio.total)

    def applicant(self, applicant_id: int) -> Applicant:
        """Return the rows that the platform holds of one applicant."""
        if not 0 <= applicant_id <= LARGEST_ID:
            raise UnknownApplicantError(applicant_id)
        rows = self.portfolio.get().bundle(applicant_id)
        return Applicant(SK_ID_CURR=applicant_id, bundle=PredictionRequest(**rows))

    def decide_applicant(self, applicant_id: int, overrides: Mapping[str, Any] | None = None) -> Decision:
        """Decide on the rows held of a known applicant; with ``overrides``, even empty, as a simulation."""
        request = self.applicant(applicant_id).bundle
        if overrides is None:
            return self.decide(request)
        if overrides.get(ID, applicant_id) != applicant_id:
            raise BundleError(f"{APPLICATION}.{ID}", "a simulation cannot be of another applicant")
        changed = request.model_copy(update={APPLICATION: {**request.application, **overrides}})
        return self.decide(changed, simulation=True)

    def recourse(self, request: PredictionRequest) -> Recourse:
        """Return the loans that one applicant would have been approved with; nothing is recorded."""
        return recourse.find(self.scorer.get(), request)

    def recourse_of_applicant(self, applicant_id: int) -> Recourse:
        """Return the loans that a known applicant would be approved with."""
        return self.recourse(self.applicant(applicant_id).bundle)

    def recourse_of_decision(self, decision_id: str) -> Recourse:
        """Return the loans that would have turned a recorded decision into an approval.

        Raises :class:`OtherModelError` where another model made the decision: this one cannot speak for it.
        """
        record, scorer = self.ledger.get().read(decision_id), self.scorer.get()
        if record.decision.model_version != scorer.version:
            raise OtherModelError(decision_id, record.decision.model_version, scorer.version)
        return recourse.find(scorer, record.bundle)

    def decision(self, decision_id: str) -> DecisionRecord:
        """Return a recorded decision with its rows and reviews."""
        return self.ledger.get().read(decision_id)

    def review(self, decision_id: str, request: ReviewRequest) -> Review:
        """Record a human's own decision."""
        return self.ledger.get().review(decision_id, request)

    def replay(self, decision_id: str) -> Replay:
        """Compute a recorded decision again; raises :class:`OtherModelError` where another model made it."""
        return replay_record(self.scorer.get(), self.ledger.get().read(decision_id))


def _checked(request: PredictionRequest) -> tuple[PredictionRequest, ParsedBundle]:
    """Return what of a request is recorded, and its frames."""
    if TARGET in request.application:
        # A row of the training table brings its label; nothing reads it, so nothing checked it either.
        row = {name: value for name, value in request.application.items() if name != TARGET}
        request = request.model_copy(update={APPLICATION: row})
    return request, parse_bundle(dict(request))
