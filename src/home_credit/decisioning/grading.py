"""The grades of known applicants by a saved model, for a load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from home_credit.applicants.loading import Grading
from home_credit.decisioning.model import RiskModel
from home_credit.features.request import RequestFeatures
from home_credit.features.rows import FeatureRows
from home_credit.policy import grade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from home_credit.features.rows import Value


def grading(models: Path, key: str | None = None) -> Grading:
    """Return how the model saved in ``models`` grades applicants; with a ``key`` it must be signed by it.

    Raises :class:`~home_credit.errors.ArtifactError` where no valid model is there.
    """
    model = RiskModel.load(models, key)
    features = RequestFeatures(model.terms)

    def compute(
        applications: Sequence[Mapping[str, Any]], histories: Sequence[Sequence[Value]]
    ) -> Sequence[str]:
        pairs = zip(applications, histories, strict=True)
        rows = FeatureRows([features.features(application, history) for application, history in pairs])
        return [grade(probability) for probability in model.probability(rows).tolist()]

    return Grading(model.version, compute)
