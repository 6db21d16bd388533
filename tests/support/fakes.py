"""Fakes of resources that are slow to load, passed as arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import Event, Semaphore
from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit.applicants.peers import TRAITS, Peers
from home_credit.applicants.schema import Content, packed
from home_credit.decisioning.assessment import assemble
from home_credit.decisioning.features import ApplicantFeatures
from home_credit.decisioning.model import Scores
from home_credit.decisioning.model_report import report_of
from home_credit.decisioning.recourse.loans import COLUMNS
from home_credit.default_risk.manifest import Manifest
from home_credit.errors import UnknownApplicantError
from home_credit.features.rows import FeatureRows
from home_credit.schemas import ApplicantList, Assessment, ModelFacts
from home_credit.terms.learning import learn
from support.assessments import POLICY
from support.loans import price_list

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.features.rows import Numbers
    from home_credit.policy import Policy
    from home_credit.schemas import ApplicantQuery
    from home_credit.schemas.model_reports import ModelReport
    from home_credit.tables.bundle import ParsedBundle
    from home_credit.terms.model import TermModel

EFFECTS = {"EXT_SOURCE_2": 0.5, "NAME_CONTRACT_TYPE": -0.1}
LIKED = 0.0512
MODELS = Path(__file__).parents[2] / "models"


class FakeScorer:
    """Uses EXT_SOURCE_2 as the probability that an applicant pays.

    ``effects`` are the contributions that it gives every applicant: log-odds by feature, of those features that
    are columns of the application. An applicant whose application ``likes`` accepts has the probability
    :data:`LIKED`. With a ``successor``, another model takes its place after its next assessment. It answers as soon
    as it ``may_answer``; each call is counted in ``waiting`` before.
    """

    definitions_version = "definitions-1"

    def __init__(
        self,
        version: str = "test-1",
        policy: Policy = POLICY,
        *,
        effects: Mapping[str, float] = EFFECTS,
        likes: Callable[[Mapping[str, Any]], bool] = lambda _application: False,
    ) -> None:
        self.version, self.policy = version, policy
        self.features = tuple(effects)
        self._effects, self._likes = effects, likes
        self.may_answer = Event()
        self.may_answer.set()
        self.waiting = Semaphore(0)
        self.fails: Exception | None = None
        self.successor: str | None = None

    @cached_property
    def terms(self) -> TermModel:
        return learn(price_list(3_000, seed=1))

    def with_policy(self, policy: Policy) -> FakeScorer:
        other = FakeScorer(self.version, policy, effects=self._effects, likes=self._likes)
        other.may_answer, other.fails = self.may_answer, self.fails
        return other

    @cached_property
    def computer(self) -> ApplicantFeatures:
        return ApplicantFeatures(self.terms)

    @cached_property
    def report(self) -> ModelReport:
        return report_of(Manifest.read(MODELS))

    @property
    def facts(self) -> ModelFacts:
        return ModelFacts(
            model_version=self.version,
            trained_at=datetime(2026, 1, 1, tzinfo=UTC),
            features=len(self.features),
            cut_off=self.policy.cut_off,
            review_band=self.policy.review_band,
            policy_version=self.policy.version,
            metrics={"auc": 0.75},
            training_data={},
        )

    def assess(
        self, bundles: Sequence[ParsedBundle], *, simulation: bool = False, every_reason: bool = False
    ) -> list[Assessment]:
        self.waiting.release()
        self.may_answer.wait(10)
        if self.fails:
            raise self.fails
        found = assemble(
            bundles,
            FeatureRows.of([bundle.application for bundle in bundles]),
            Scores(
                np.array([self._probability(bundle.application) for bundle in bundles]),
                np.tile(np.array(list(self._effects.values())), (len(bundles), 1)),
                [[]] * len(bundles),
            ),
            features=self.features,
            medians={},
            model_version=self.version,
            by=self.policy,
            simulation=simulation,
            every_reason=every_reason,
        )
        self.version = self.successor or self.version
        return found

    def variants(self, bundle: ParsedBundle, replaced: Mapping[str, Numbers], /) -> Numbers:
        loans = zip(*(replaced[column].tolist() for column in COLUMNS), strict=True)
        varied = ({**bundle.application, **dict(zip(COLUMNS, loan, strict=True))} for loan in loans)
        return np.array([self._probability(application) for application in varied])

    @property
    def categories(self) -> Mapping[str, Sequence[str]]:
        known = {"NAME_CONTRACT_TYPE": ["Cash loans", "Revolving loans"]}
        return {name: known[name] for name in self.features if name in known}

    def infer(self, matrix: Numbers) -> Numbers:
        return 1 - np.nan_to_num(matrix[:, self.features.index("EXT_SOURCE_2")])

    def _probability(self, application: Mapping[str, Any]) -> float:
        return LIKED if self._likes(application) else 1 - (application["EXT_SOURCE_2"] or 0.0)


class FakeKnownApplicant:
    """Raw rows alone: no features of the histories are ready."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.bundle, self.application = bundle, bundle["application"]
        self.histories = {name: rows for name, rows in bundle.items() if name != "application"}

    @property
    def payloads(self) -> tuple[bytes, bytes, bytes]:
        names = {"application": list(self.application)}
        histories = []
        for name, rows in self.histories.items():
            names[name] = sorted({column for row in rows for column in row})
            histories.append([[row.get(column) for row in rows] for column in names[name]])
        return packed(names), packed(list(self.application.values())), packed(histories)

    def history_features(self, _definitions_version: str) -> None:
        """None are kept."""


class FakeApplicantStore:
    """Holds the bundles it is given."""

    def __init__(self, bundles: Mapping[int, dict[str, Any]]) -> None:
        self._bundles = bundles

    def read(self, applicant_id: int) -> FakeKnownApplicant:
        if applicant_id not in self._bundles:
            raise UnknownApplicantError(applicant_id)
        return FakeKnownApplicant(self._bundles[applicant_id])

    def peers(self) -> tuple[Content, Peers]:
        ids = np.array(sorted(self._bundles))
        content = Content("fake", len(ids), "fake", None, None, {})
        return content, Peers(ids, np.zeros((len(TRAITS), len(ids)), np.int8), {})

    def search(self, query: ApplicantQuery) -> ApplicantList:
        found = [applicant for applicant in sorted(self._bundles) if applicant > query.after]
        return ApplicantList(applicants=found[: query.limit], total=len(self._bundles))
