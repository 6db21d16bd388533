"""Stand-ins for what takes long to load, to be passed as arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any

from home_credit.errors import UnknownApplicantError
from home_credit.schemas import Assessment, ModelFacts
from support.assessments import POLICY, an_assessment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.policy import Policy
    from home_credit.tables.bundle import ParsedBundle


class FakeScorer:
    """Takes EXT_SOURCE_2 for the probability that an applicant pays; keeps what it was asked."""

    features = ("EXT_SOURCE_2", "NAME_CONTRACT_TYPE")
    definitions_version = "definitions-1"

    def __init__(self, version: str = "test-1", policy: Policy = POLICY) -> None:
        self.version, self.policy = version, policy
        self.may_answer = Event()
        self.may_answer.set()
        self.fails: Exception | None = None

    def with_policy(self, policy: Policy) -> FakeScorer:
        other = FakeScorer(self.version, policy)
        other.may_answer, other.fails = self.may_answer, self.fails
        return other

    @property
    def facts(self) -> ModelFacts:
        return ModelFacts(
            model_version=self.version,
            trained_at=datetime(2026, 1, 1, tzinfo=UTC),
            features=2,
            cut_off=self.policy.cut_off,
            review_band=self.policy.review_band,
            policy_version=self.policy.version,
            metrics={"auc": 0.75},
            training_data={},
        )

    def assess(self, bundles: Sequence[ParsedBundle], *, simulation: bool = False) -> list[Assessment]:
        self.may_answer.wait(10)
        if self.fails:
            raise self.fails
        probabilities = [1 - (bundle.application["EXT_SOURCE_2"] or 0.0) for bundle in bundles]
        return [
            an_assessment(
                bundle.applicant_id,
                probability_of_default=probability,
                decision=self.policy.decide(probability),
                cut_off=self.policy.cut_off,
                expected_cost=self.policy.expected_cost(probability),
                policy_version=self.policy.version,
                model_version=self.version,
                warnings=bundle.warnings,
                simulation=simulation,
            )
            for bundle, probability in zip(bundles, probabilities, strict=True)
        ]

    def infer(self, vectors: Sequence[Mapping[str, float | str | None]]) -> list[float]:
        return [1 - float(vector["EXT_SOURCE_2"] or 0.0) for vector in vectors]


class FakeApplicantStore:
    """Holds the bundles it is given."""

    def __init__(self, bundles: Mapping[int, dict[str, Any]]) -> None:
        self._bundles = bundles

    @property
    def total(self) -> int:
        return len(self._bundles)

    def bundle(self, applicant_id: int) -> dict[str, Any]:
        if applicant_id not in self._bundles:
            raise UnknownApplicantError(applicant_id)
        return self._bundles[applicant_id]

    def applicants(self, after: int = 0, limit: int = 50) -> list[int]:
        return [applicant for applicant in sorted(self._bundles) if applicant > after][:limit]
