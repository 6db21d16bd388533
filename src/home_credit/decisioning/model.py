"""A loaded model: from feature values to the probability of default and the contribution of each feature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from home_credit.decisioning.model_report import report_of
from home_credit.default_risk import artifacts, classifier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from home_credit.default_risk.manifest import Manifest
    from home_credit.default_risk.preprocessor import Preprocessor
    from home_credit.features.rows import FeatureRows, Numbers
    from home_credit.schemas.model_reports import ModelReport
    from home_credit.terms.model import TermModel


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of n applicants.

    ``probability`` has shape (n,). ``contributions`` has shape (n, features), in calibrated log-odds of default
    and without the base value. ``warnings`` names, per applicant, the categories that are not in the training data.
    """

    probability: Numbers
    contributions: Numbers
    warnings: Sequence[Sequence[str]]


class RiskModel:
    """Scores feature values, independently of raw rows and of the policy. Safe to use from several threads."""

    def __init__(self, model: artifacts.Artifacts) -> None:
        self._model = model
        self._explainer = classifier.Explainer(model.text, lambda: model.booster)

    @classmethod
    def load(cls, directory: Path, key: str | None = None) -> RiskModel:
        """Load the model in ``directory``; with a ``key`` it must be signed by it.

        Raises :class:`ArtifactError` where no valid model is there.
        """
        return cls(artifacts.load(directory, key))

    @property
    def version(self) -> str:
        """The model version."""
        return self._model.version

    @property
    def manifest(self) -> Manifest:
        """The manifest of the model."""
        return self._model.manifest

    @cached_property
    def report(self) -> ModelReport:
        """What training measured; raises :class:`ArtifactError` where the manifest has another layout."""
        return report_of(self.manifest)

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the model, in the order of its vector."""
        return self._model.preprocessor.features

    @property
    def terms(self) -> TermModel:
        """The model of the term of a loan, which some features depend on."""
        return self._model.terms

    @property
    def preprocessor(self) -> Preprocessor:
        """The preprocessor that encodes features to the matrix of the model."""
        return self._model.preprocessor

    def score(self, rows: FeatureRows) -> Scores:
        """Return probabilities and contributions."""
        probability, contributions = self.explain_matrix(self.preprocessor.encode(rows))
        return Scores(probability, contributions, self.preprocessor.unseen(rows))

    def probability(self, rows: FeatureRows) -> Numbers:
        """Return the probability of default alone, one per row."""
        return self.probability_of_matrix(self.preprocessor.encode(rows))

    def probability_of_matrix(self, matrix: Numbers) -> Numbers:
        """Return the probability of default of each row of the encoded matrix (rows by features)."""
        return self._model.calibration.probability(classifier.log_odds(self._model.booster, matrix))

    def explain_matrix(self, matrix: Numbers) -> tuple[Numbers, Numbers]:
        """Return the probabilities and contributions of :class:`Scores` for rows of the encoded matrix."""
        explanation, calibration = self._explainer.explain(matrix), self._model.calibration
        return calibration.probability(explanation.log_odds), calibration.slope * explanation.contributions
