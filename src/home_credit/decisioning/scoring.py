"""Assess applicants: raw rows to features, a model's probability, and the policy's decision with reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from home_credit.decisioning.assessment import assemble
from home_credit.decisioning.features import ApplicantFeatures
from home_credit.decisioning.model import RiskModel
from home_credit.features.version import definitions_version
from home_credit.policy import Costs, Policy
from home_credit.schemas import ModelFacts, PolicyCosts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from home_credit.config import Settings
    from home_credit.features.rows import FeatureRows, Numbers
    from home_credit.schemas import Assessment
    from home_credit.schemas.model_reports import ModelReport
    from home_credit.tables.bundle import ParsedBundle
    from home_credit.terms.model import TermModel


@dataclass(frozen=True, slots=True)
class Scorer:
    """Features, a model and a policy; safe to use from several threads.

    The three are independent: another model can score the same feature values, another policy can decide on the same
    probability.
    """

    computer: ApplicantFeatures
    model: RiskModel
    policy: Policy

    @classmethod
    def load(cls, models: Path, settings: Settings) -> Scorer:
        """Load the model in ``models``, with a policy of the costs in ``settings``.

        Raises :class:`ArtifactError` where no valid model is there.
        """
        model = RiskModel.load(models, settings.model_key)
        return cls(ApplicantFeatures(model.terms), model, Policy.of(Costs.of(settings)))

    def with_policy(self, policy: Policy) -> Self:
        """Return a scorer with another policy."""
        return replace(self, policy=policy)

    @property
    def version(self) -> str:
        """The model version."""
        return self.model.version

    @property
    def terms(self) -> TermModel:
        """The model of the term of a loan, which some features depend on."""
        return self.model.terms

    @property
    def definitions_version(self) -> str:
        """The version of the feature definitions."""
        return definitions_version(self.terms.digest)

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the model, in the order of its vector."""
        return self.model.features

    @property
    def facts(self) -> ModelFacts:
        """The facts of the model and the policy, as ``GET /model`` returns them."""
        manifest, costs = self.model.manifest, self.policy.costs
        return ModelFacts(
            model_version=self.version,
            trained_at=manifest.trained_at,
            features=len(self.features),
            cut_off=self.policy.cut_off,
            review_band=self.policy.review_band,
            costs=PolicyCosts(**asdict(costs)) if costs else None,
            policy_version=self.policy.version,
            metrics=manifest.metrics.out_of_fold,
            training_data=manifest.training_data.model_dump(),
        )

    @property
    def report(self) -> ModelReport:
        """What training measured of the model."""
        return self.model.report

    def assess(
        self, bundles: Sequence[ParsedBundle], *, simulation: bool = False, every_reason: bool = False
    ) -> list[Assessment]:
        """Return one assessment per bundle, in order; each equals that of the bundle assessed alone.

        An assessment gives the strongest reasons each way, or with ``every_reason`` all of them.
        """
        return self.assess_with_features(bundles, simulation=simulation, every_reason=every_reason)[0]

    def assess_with_features(
        self, bundles: Sequence[ParsedBundle], *, simulation: bool = False, every_reason: bool = False
    ) -> tuple[list[Assessment], FeatureRows]:
        """Return the assessments of :meth:`assess`, and the features that they were made from, one row each."""
        rows = self.computer.compute(bundles)
        if not bundles:
            return [], rows
        assessments = assemble(
            bundles,
            rows,
            self.model.score(rows),
            features=self.features,
            medians=self.model.preprocessor.medians,
            model_version=self.version,
            by=self.policy,
            simulation=simulation,
            every_reason=every_reason,
        )
        return assessments, rows

    def variants(self, bundle: ParsedBundle, replaced: Mapping[str, Numbers]) -> Numbers:
        """Return the probability of default of an applicant with each row of ``replaced`` in the application.

        See :meth:`ApplicantFeatures.variants`.
        """
        return self.model.probability(self.computer.variants(bundle, replaced))

    @property
    def categories(self) -> Mapping[str, Sequence[str]]:
        """The known categories of the features that are text, in the order of their codes in the matrix."""
        return self.model.preprocessor.categories

    def infer(self, matrix: Numbers) -> Numbers:
        """Return the probability of default of each row of the encoded matrix (rows by features)."""
        return self.model.probability_of_matrix(matrix)
