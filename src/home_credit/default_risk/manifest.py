"""The manifest of a saved model: its files, its training data and its metrics."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime  # noqa: TC003  # pydantic resolves it at run time
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from home_credit.errors import ArtifactError
from home_credit.invalid import first_fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

MANIFEST = "manifest.json"
VERSION_DIGITS = 12  # of the digest

Metrics = dict[str, float]


class _Section(BaseModel):
    """A section of the manifest: immutable, with exactly the fields of its schema version."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainingData(_Section):
    """The training data of the classifier; ``holdout`` is the share of persons held out."""

    applicants: int
    persons: int
    fingerprint: str
    holdout: float


class FeatureList(_Section):
    """The features in the order of the model's vector, and the version of their definitions."""

    version: str
    names: list[str]


class FoldFacts(_Section):
    """The folds of cross-validation, and the AUC of each fitted model on validation and on training rows."""

    count: int
    repeats: int
    seed: int
    auc: list[float]
    train_auc: list[float]


class MeasuredMetrics(_Section):
    """Metrics out of fold, on applicants with complete histories (out of fold), and on the holdout."""

    out_of_fold: Metrics
    folds: FoldFacts
    complete_histories: Metrics | None
    holdout: Metrics | None


class CalibrationFacts(_Section):
    """The calibration chosen, and the out-of-fold log loss of each that was compared."""

    chosen: str
    log_loss: dict[str, float]


class PolicyFacts(_Section):
    """The costs at training, in one unit of money, and the decisions that follow from them.

    The services take their costs from the settings. ``out_of_fold_optimal_cut_off`` and its cost per applicant are a
    check: the lowest cost of any cut-off on the out-of-fold predictions.
    """

    cut_off: float
    cost_false_negative: float
    cost_false_positive: float
    cost_review: float
    reviewer_error_rate: float
    review_band: tuple[float, float] | None
    out_of_fold_optimal_cut_off: float
    out_of_fold_optimal_cost: float


class TrainingFacts(_Section):
    """The fields of the manifest that training sets before the artefacts are written."""

    package_version: str
    trained_at: datetime
    training_data: TrainingData
    features: FeatureList
    # Of each booster; the classifier is their average.
    parameters: list[dict[str, JsonValue]]
    metrics: MeasuredMetrics
    calibration: CalibrationFacts
    policy: PolicyFacts
    # The template of the model card reads the validation report and raises an error for an absent value.
    validation: dict[str, JsonValue]
    versions: dict[str, str]


class Manifest(TrainingFacts):
    """The manifest as it is stored: the facts, every artefact by its SHA-256, and the digest of all of it.

    ``digest`` is the SHA-256 of every field but the time of training and ``reference``, so it binds the artefacts, the
    features in their order, the calibration and the policy together. The model version is its beginning: another
    cut-off is another version, and the same model has the same version at any time. ``reference`` is the SHA-256 of
    the statistics that monitoring compares with, ``None`` where there are none.
    """

    schema_version: Literal[4] = 4
    model_version: str
    artifacts: dict[str, str]
    digest: str
    reference: str | None = None

    @classmethod
    def of(cls, facts: TrainingFacts, artifacts: Mapping[str, str]) -> Self:
        """Return the manifest of a model whose files have these digests."""
        unbound = cls(**dict(facts), artifacts=dict(artifacts), model_version="", digest="")
        digest = unbound.content_digest()
        return unbound.model_copy(update={"model_version": digest[:VERSION_DIGITS], "digest": digest})

    def content_digest(self) -> str:
        """Return the digest of what the manifest states now."""
        content = self.model_dump(mode="json", exclude={"model_version", "digest", "trained_at", "reference"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def failed_gates(self) -> list[str]:
        """The gates of the reasons that the model does not pass."""
        explanations = self.validation["explanations"]
        assert isinstance(explanations, dict)  # noqa: S101  # for mypy: the validation report's own layout
        failed = explanations["failed"]
        assert isinstance(failed, list)  # noqa: S101  # as above
        return [str(gate) for gate in failed]

    def write(self, directory: Path) -> None:
        """Write the manifest to ``directory``."""
        (directory / MANIFEST).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> Manifest:
        """Read the manifest in ``directory``.

        Raises FileNotFoundError, or :class:`ArtifactError` for a file that is not a manifest of this schema version,
        or whose content was changed after training.
        """
        path = directory / MANIFEST
        try:
            manifest = cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise ArtifactError(f"{path} is not a manifest: {first_fault(error, 'the file')}") from error
        digest = manifest.content_digest()
        if (manifest.digest, manifest.model_version) != (digest, digest[:VERSION_DIGITS]):
            raise ArtifactError(f"{path} was changed: its content does not have the digest that it states")
        return manifest
