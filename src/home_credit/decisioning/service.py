"""The decision service: decide, record, read back, review, replay, find recourse.

The API, the command line and jobs call it and nothing below it. Errors are passed on unchanged.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from pydantic import ValidationError

from home_credit.decisioning import records, recourse
from home_credit.decisioning.known import known_bundle
from home_credit.decisioning.replay import recorded_scorer, replay_record
from home_credit.errors import BundleError, HomeCreditError, UnknownApplicantError
from home_credit.ledger.records import ReviewContent
from home_credit.schemas import Applicant, PredictionRequest
from home_credit.tables.bundle import parse_bundle
from home_credit.tables.schema import APPLICATION, ID, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from home_credit.applicants import ApplicantStore, KnownApplicant
    from home_credit.decisioning.resources import LazyResource
    from home_credit.decisioning.scoring import Scorer
    from home_credit.ledger import Ledger
    from home_credit.schemas import (
        ApplicantList,
        ApplicantQuery,
        Assessment,
        Decision,
        DecisionList,
        DecisionQuery,
        DecisionRecord,
        ModelFacts,
        Recourse,
        Replay,
        Review,
        ReviewRequest,
    )
    from home_credit.tables.bundle import ParsedBundle

LARGEST_ID = 2**63 - 1


class DecisionService:
    """Decisions on applicants and their records; safe to use from several threads.

    ``observe`` is called with every decision once it is recorded. As a context manager it closes the resources that
    it loaded.
    """

    def __init__(
        self,
        *,
        scorer: LazyResource[Scorer],
        applicants: LazyResource[ApplicantStore],
        ledger: LazyResource[Ledger],
        observe: Callable[[Decision], None],
    ) -> None:
        self._scorer, self._applicants, self._ledger = scorer, applicants, ledger
        self._observe = observe

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(self) -> list[HomeCreditError]:
        """Load every resource that a decision needs; return the errors of those that cannot be loaded now."""
        failed = []
        for resource in (self._scorer, self._applicants, self._ledger):
            try:
                resource.get()
            except HomeCreditError as error:
                failed.append(error)
        # What is loaded now stays, so the garbage collector need not look at it again.
        gc.collect()
        gc.freeze()
        return failed

    def close(self) -> None:
        """Release the resources that this service loaded."""
        for resource in (self._scorer, self._applicants, self._ledger):
            resource.close()

    @property
    def ready(self) -> bool:
        """Whether a model is loaded; never blocks."""
        return self._scorer.loaded

    def swap(self, scorer: Scorer) -> None:
        """Decide with another model or policy from now on; requests in progress finish with the earlier one."""
        self._scorer.replace(scorer)

    def scorer(self) -> Scorer:
        """Return the scorer in use; calls on the returned object all use one model, even after a swap."""
        return self._scorer.get()

    def model(self) -> ModelFacts:
        """Return the facts of the loaded model."""
        return self.scorer().facts

    def decide(self, request: PredictionRequest, *, simulation: bool = False) -> Decision:
        """Decide on one applicant's rows and record it."""
        scorer = self.scorer()
        request, parsed = _checked(request)
        assessments = scorer.assess([parsed], simulation=simulation)
        (decision,) = self._record(scorer, [request], assessments)
        return decision

    def decide_each(self, bundles: Sequence[object]) -> list[Decision | BundleError | ValidationError]:
        """Decide on each bundle by itself: a decision or the error of the bundle, in order.

        The decisions are recorded in one transaction.
        """
        scorer = self.scorer()
        checked = [_judged(bundle) for bundle in bundles]
        good = [each for each in checked if isinstance(each, tuple)]
        assessments = scorer.assess([parsed for _, parsed in good])
        decisions = iter(self._record(scorer, [request for request, _ in good], assessments))
        return [next(decisions) if isinstance(each, tuple) else each for each in checked]

    def applicants(self, query: ApplicantQuery) -> ApplicantList:
        """Return the known applicants that a query asks for."""
        return self._applicants.get().search(query)

    def applicant(self, applicant_id: int) -> Applicant:
        """Return the rows that the platform holds of one applicant; raises :class:`UnknownApplicantError`."""
        held = self._known(applicant_id)
        return Applicant(SK_ID_CURR=applicant_id, bundle=PredictionRequest(**held.bundle))

    def decide_applicant(self, applicant_id: int, overrides: Mapping[str, object] | None = None) -> Decision:
        """Decide on the rows held of a known applicant; with ``overrides``, even empty, as a simulation."""
        scorer, held = self.scorer(), self._known(applicant_id)
        if overrides and overrides.get(ID, applicant_id) != applicant_id:
            raise BundleError(f"{APPLICATION}.{ID}", "a simulation cannot be of another applicant")
        changed = _without_label({**held.application, **overrides}) if overrides else None
        assessments = scorer.assess([known_bundle(held, changed)], simulation=overrides is not None)
        request = PredictionRequest(**{**held.histories, APPLICATION: changed or held.application})
        (decision,) = self._record(scorer, [request], assessments)
        return decision

    def recourse(self, request: PredictionRequest) -> Recourse:
        """Return the loans that one applicant would have been approved with; nothing is recorded."""
        return recourse.find(self.scorer(), request)

    def recourse_of_applicant(self, applicant_id: int) -> Recourse:
        """Return the loans that a known applicant would be approved with."""
        return self.recourse(self.applicant(applicant_id).bundle)

    def recourse_of_decision(self, decision_id: str) -> Recourse:
        """Return the loans that would have turned a recorded decision into an approval, by its own policy.

        Raises :class:`OtherModelError` where another model made the decision: the one loaded cannot answer for it.
        """
        entry = self._ledger.get().read(decision_id).decision
        scorer = recorded_scorer(self.scorer(), entry)
        with records.reading(decision_id):
            return recourse.find(scorer, records.request(entry))

    def decisions(self, query: DecisionQuery) -> DecisionList:
        """Return the recorded decisions that a query asks for, the newest first."""
        return records.summaries(self._ledger.get().search(query))

    def decision(self, decision_id: str) -> DecisionRecord:
        """Return a recorded decision with its rows and reviews."""
        recorded = self._ledger.get().read(decision_id)
        with records.reading(decision_id):
            return records.history(recorded)

    def review(self, decision_id: str, request: ReviewRequest) -> Review:
        """Record a human's own decision."""
        return records.review(self._ledger.get().review(decision_id, ReviewContent(**dict(request))))

    def replay(self, decision_id: str) -> Replay:
        """Compute a recorded decision again; raises :class:`OtherModelError` where another model made it."""
        return replay_record(self.scorer(), self._ledger.get().read(decision_id).decision)

    def _known(self, applicant_id: int) -> KnownApplicant:
        if not 0 <= applicant_id <= LARGEST_ID:
            raise UnknownApplicantError(applicant_id)
        return self._applicants.get().read(applicant_id)

    def _record(
        self, scorer: Scorer, requests: Sequence[PredictionRequest], assessments: Sequence[Assessment]
    ) -> list[Decision]:
        contents = [
            records.content(
                assessment, request, scorer.policy, definitions_version=scorer.definitions_version
            )
            for assessment, request in zip(assessments, requests, strict=True)
        ]
        entries = self._ledger.get().append_many(contents)
        decisions = [records.decided(*pair) for pair in zip(assessments, entries, strict=True)]
        for decision in decisions:
            self._observe(decision)
        return decisions


def _judged(bundle: object) -> tuple[PredictionRequest, ParsedBundle] | BundleError | ValidationError:
    try:
        return _checked(PredictionRequest.model_validate(bundle))
    except (BundleError, ValidationError) as error:
        return error


def _checked(request: PredictionRequest) -> tuple[PredictionRequest, ParsedBundle]:
    """Return the rows of a request that are recorded, and the parsed rows."""
    if TARGET in request.application:
        request = request.model_copy(update={APPLICATION: _without_label(request.application)})
    return request, parse_bundle(dict(request))


def _without_label(application: Mapping[str, object]) -> dict[str, object]:
    """Return an application without the label of the training table, which is neither read nor checked."""
    return {name: value for name, value in application.items() if name != TARGET}
