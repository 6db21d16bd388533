"""The decision service: decide, record, read back, review, replay, find recourse.

The API, the command line and jobs call it and nothing below it. Errors are passed on unchanged.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from home_credit.decisioning import records, recourse
from home_credit.decisioning.comparison import compare, figures_of, points
from home_credit.decisioning.known import known_bundle
from home_credit.decisioning.replay import recorded_scorer, replay_record
from home_credit.decisioning.requests import Checked, RawRequest, held_of, of_history
from home_credit.decisioning.shadow import Decided, Features
from home_credit.decisioning.shadow_report import report
from home_credit.errors import HomeCreditError, NoShadowError
from home_credit.ledger.records import ReviewContent
from home_credit.ledger.store import MOST_SCORES
from home_credit.schemas import Applicant, PredictionRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from home_credit.applicants import ApplicantStore
    from home_credit.decisioning.requests import DecisionRequest
    from home_credit.decisioning.resources import LazyResource
    from home_credit.decisioning.scoring import Scorer
    from home_credit.decisioning.shadow import Shadow
    from home_credit.decisioning.versions import ModelVersions
    from home_credit.ledger import Ledger
    from home_credit.ledger.drafts import Draft
    from home_credit.ledger.records import DecisionEntry, Idempotency
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
        ReviewStatistics,
    )
    from home_credit.schemas.comparisons import Comparison, Points, PointsQuery, Segment
    from home_credit.schemas.model_reports import ModelReport
    from home_credit.schemas.portfolios import Portfolio, PortfolioQuery
    from home_credit.schemas.shadow import ShadowReport
    from home_credit.tables.bundle import ParsedBundle


PREPARED_TOGETHER = 64  # of a batch: so many rows and features are in memory at once


class Prepared(NamedTuple):
    """A decision that is ready to be recorded; with its features where a challenger scores them too."""

    assessment: Assessment
    draft: Draft[DecisionEntry]
    features: Features | None = None


class Reviewer(NamedTuple):
    """Who reviews a decision, and the name of the API key that said so, where it is another one's."""

    name: str
    forwarded_by: str | None = None


class DecisionService:
    """Decisions on applicants and their records; safe to use from several threads.

    ``observe`` is called with every decision once it is recorded. With ``second_reader``, a review that overrides a
    decision needs a second one by somebody else. ``shadow`` scores the features of decisions that are no simulations,
    too. ``versions`` holds the models of earlier decisions. As a context manager the service closes the resources that
    it loaded.
    """

    def __init__(
        self,
        *,
        scorer: LazyResource[Scorer],
        applicants: LazyResource[ApplicantStore],
        ledger: LazyResource[Ledger],
        observe: Callable[[Decision], None],
        second_reader: bool = False,
        shadow: Shadow | None = None,
        versions: ModelVersions | None = None,
    ) -> None:
        self._scorer, self._applicants, self._ledger = scorer, applicants, ledger
        self._observe, self._second_reader = observe, second_reader
        self._shadow, self._versions = shadow, versions

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
        return failed

    def close(self) -> None:
        """Release the resources that this service loaded."""
        if self._shadow is not None:
            self._shadow.close()
        for resource in (self._scorer, self._applicants, self._ledger):
            resource.close()

    @property
    def ready(self) -> bool:
        """Whether a model is loaded; never blocks."""
        return self._scorer.loaded

    @property
    def champion(self) -> LazyResource[Scorer]:
        """The scorer that decides; where it is replaced, requests in progress finish with the earlier one."""
        return self._scorer

    @property
    def challenger(self) -> LazyResource[Scorer] | None:
        """The scorer in shadow, ``None`` where there is none."""
        return None if self._shadow is None else self._shadow.scorer

    def scorer(self) -> Scorer:
        """Return the scorer in use; calls on the returned object all use one model, even after a swap."""
        return self._scorer.get()

    def model(self) -> ModelFacts:
        """Return the facts of the loaded model."""
        return self.scorer().facts

    def model_report(self) -> ModelReport:
        """Return what training measured of the loaded model."""
        return self.scorer().report

    def decide_each(self, bundles: Sequence[object]) -> list[Decision | Exception]:
        """Decide on each bundle by itself: a decision or the error of the bundle, in order.

        The decisions are recorded in one transaction.
        """
        return self.decide_all(
            [RawRequest(partial(PredictionRequest.model_validate, bundle)) for bundle in bundles]
        )

    def decide_all(self, requests: Sequence[DecisionRequest]) -> list[Decision | Exception]:
        """Decide on requests and record the decisions in one transaction: a decision or an error each, in order."""
        prepared = self.prepare(requests)
        recorded = iter(self.record([each for each in prepared if isinstance(each, Prepared)]))
        return [next(recorded) if isinstance(each, Prepared) else each for each in prepared]

    def prepare(self, requests: Sequence[DecisionRequest]) -> list[Prepared | Exception]:
        """Decide on requests without recording anything: a decision ready to be recorded, or an error each.

        Raises :class:`ArtifactError` where no model is loaded.
        """
        scorer = self.scorer()
        prepared: list[Prepared | Exception] = []
        for first in range(0, len(requests), PREPARED_TOGETHER):
            prepared += self._prepare_together(scorer, requests[first : first + PREPARED_TOGETHER])
        return prepared

    def record(self, prepared: Sequence[Prepared]) -> list[Decision | Exception]:
        """Record decisions in one transaction; they are durable when the method returns.

        The outcome of a repeated request is the decision recorded before, and an error where the request differs.
        """
        outcomes: list[Decision | Exception] = []
        shadowed = []
        for each, outcome in zip(
            prepared, self._ledger.get().commit([each.draft for each in prepared]), strict=True
        ):
            if isinstance(outcome, Exception):
                outcomes.append(outcome)
            elif outcome.repeated:
                outcomes.append(records.decision(outcome.read()))
            else:
                decision = records.decided(each.assessment, outcome.decision_id, outcome.recorded_at)
                self._observe(decision)
                outcomes.append(decision)
                if each.features is not None and not each.assessment.simulation:
                    shadowed.append(
                        Decided(outcome.decision_id, outcome.recorded_at, each.assessment, each.features)
                    )
        if self._shadow is not None:
            self._shadow.offer(shadowed)
        return outcomes

    def applicants(self, query: ApplicantQuery) -> ApplicantList:
        """Return the known applicants that a query asks for."""
        return self._applicants.get().search(query)

    def applicant(self, applicant_id: int) -> Applicant:
        """Return the rows that the platform holds of one applicant; raises :class:`UnknownApplicantError`."""
        held = held_of(self._applicants.get(), applicant_id)
        return Applicant(SK_ID_CURR=applicant_id, bundle=PredictionRequest(**held.bundle))

    def comparison(self, applicant_id: int, segment: Segment) -> Comparison:
        """Return the place of a known applicant among those of a segment; raises :class:`UnknownApplicantError`."""
        figures = self._figures(applicant_id)
        return compare(applicant_id, figures, segment, *self._applicants.get().peers())

    def comparison_points(self, applicant_id: int, query: PointsQuery) -> Points:
        """Return two figures of a known applicant and of some of a segment; raises :class:`UnknownApplicantError`."""
        _, peers = self._applicants.get().peers()
        return points(applicant_id, self._figures(applicant_id), query, peers)

    def _figures(self, applicant_id: int) -> Mapping[str, float]:
        bundle = known_bundle(held_of(self._applicants.get(), applicant_id))
        return figures_of(bundle, self.scorer().computer.history(bundle))

    def recourse(self, request: PredictionRequest) -> Recourse:
        """Return the loans that one applicant would have been approved with; nothing is recorded."""
        return recourse.find(self.scorer(), request)

    def recourse_of_applicant(self, applicant_id: int) -> Recourse:
        """Return the loans that a known applicant would be approved with."""
        return self.recourse(self.applicant(applicant_id).bundle)

    def recourse_of_decision(self, decision_id: str) -> Recourse:
        """Return the loans that would have turned a recorded decision into an approval, by its own policy.

        Raises :class:`OtherModelError` where the model that made it is neither in use nor kept: another one cannot
        answer for it.
        """
        entry = self._ledger.get().read(decision_id).decision
        scorer = recorded_scorer(self.scorer(), entry, self._versions)
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

    def has_recorded(self, idempotency: Idempotency) -> bool:
        """Return whether a request with an idempotency key was recorded."""
        return self._ledger.get().find_by_idempotency(idempotency.key) is not None

    def portfolio(self, query: PortfolioQuery) -> Portfolio:
        """Return how many decisions were recorded each day."""
        first, last = query.days(datetime.now(UTC).date())
        return records.portfolio(first, last, self._ledger.get().daily_counts(first, last))

    def review(self, decision_id: str, request: ReviewRequest, reviewer: Reviewer) -> Review:
        """Record a human's own decision."""
        said = request.model_dump(include={"decision", "reason", "reason_code"})
        content = ReviewContent(**said, reviewer=reviewer.name, forwarded_by=reviewer.forwarded_by)
        recorded = self._ledger.get().review(decision_id, content, second_reader=self._second_reader)
        return records.review(recorded)

    def review_statistics(self, query: PortfolioQuery) -> ReviewStatistics:
        """Return how many decisions were reviewed each day, and what became of them."""
        first, last = query.days(datetime.now(UTC).date())
        found = self._ledger.get().review_statistics(first, last)
        return records.review_statistics(first, last, found, simulated=self.has_recorded(of_history(0)))

    def replay(self, decision_id: str) -> Replay:
        """Compute a recorded decision again, by the model that made it.

        Raises :class:`OtherModelError` where that is neither the model in use nor one that is kept.
        """
        return replay_record(self.scorer(), self._ledger.get().read(decision_id).decision, self._versions)

    def shadow_report(self, challenger: str | None = None, most: int = MOST_SCORES) -> ShadowReport:
        """Return how a challenger in shadow judged the last ``most`` decisions that it scored.

        It is the latest one where no version is given. Raises :class:`NoShadowError` where it scored none.
        """
        found = self._ledger.get().shadow_scores(challenger, most)
        if found is None:
            raise NoShadowError(challenger)
        return report(found)

    def _prepare_together(
        self, scorer: Scorer, requests: Sequence[DecisionRequest]
    ) -> Iterator[Prepared | Exception]:
        checked = [self._checked(request) for request in requests]
        bundles = [each.parsed for each in checked if isinstance(each, Checked)]
        assessed = iter(self._assessed(scorer, bundles) if bundles else ())
        for request, each in zip(requests, checked, strict=True):
            yield _prepared(scorer, request, each, *next(assessed)) if isinstance(each, Checked) else each

    def _assessed(
        self, scorer: Scorer, bundles: Sequence[ParsedBundle]
    ) -> Sequence[tuple[Assessment, Features | None]]:
        if self._shadow is None:
            return [(assessment, None) for assessment in scorer.assess(bundles)]
        assessments, rows = scorer.assess_with_features(bundles)
        return [
            (assessment, Features(bundle.application, values, scorer.definitions_version))
            for bundle, assessment, values in zip(bundles, assessments, rows.rows, strict=True)
        ]

    def _checked(self, request: DecisionRequest) -> Checked | Exception:
        try:
            return request.checked(self._applicants.get)
        except Exception as error:  # whatever one request causes, the others are decided
            return error


def _prepared(
    scorer: Scorer,
    request: DecisionRequest,
    checked: Checked,
    assessment: Assessment,
    features: Features | None,
) -> Prepared:
    if request.simulation:
        assessment = assessment.model_copy(update={"simulation": True})
    draft = records.draft(
        assessment,
        checked.stored,
        scorer.policy,
        definitions_version=scorer.definitions_version,
        idempotency=request.idempotency,
        decided_at=request.decided_at,
    )
    return Prepared(assessment, draft, features)
