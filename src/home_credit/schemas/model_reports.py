"""Response of the API that tells what training measured of the model."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from home_credit.schemas import Model, Text

Metrics = dict[str, float]


class Measured(Model):
    """A part of the validation report; what a later release adds to it is left out."""

    model_config = ConfigDict(extra="ignore")


class DefaultRate(Measured):
    """Observed against expected defaults of some applicants; ``low`` and ``high`` are Jeffreys' interval (95 %)."""

    applicants: int
    defaults: int
    mean_probability: float
    observed_rate: float
    low: float
    high: float


class GradeRate(DefaultRate):
    """A grade: probabilities ``below`` its bound; ``p_value`` is of defaults that exceed the expected ones."""

    grade: str
    below: float
    p_value: float
    verdict: Literal["pass", "fail"]
    too_high: bool


class ReliabilityBin(DefaultRate):
    """A tenth of the applicants, by probability."""

    bin: int


class FairnessGroup(Measured):
    """A group of applicants; rates come with Wilson's interval (95 %), ``None`` where nobody could be counted."""

    group: str
    applicants: int
    defaults: int
    small: bool
    approval_rate: float | None
    approval_rate_low: float | None
    approval_rate_high: float | None
    false_negative_rate: float | None
    false_negative_rate_low: float | None
    false_negative_rate_high: float | None
    false_positive_rate: float | None
    false_positive_rate_low: float | None
    false_positive_rate_high: float | None
    calibration: float
    calibration_low: float
    calibration_high: float


class FairnessComparison(Measured):
    """The groups of one or more traits; the disparities are ``None`` below two large groups."""

    traits: list[str]
    groups: list[FairnessGroup]
    approval_ratio: float | None
    passes_four_fifths: bool | None
    equalized_odds_difference: float | None


class FairnessReport(Measured):
    """The limits that were used, everybody as one group, and a comparison for each combination of traits."""

    confidence: float
    least_applicants: int
    least_defaults: int
    four_fifths: float
    overall: FairnessGroup
    by: list[FairnessComparison]


class ExplanationReport(Measured):
    """Stability and faithfulness of the reasons, the least values of the gates, and the gates that fail."""

    stability: Metrics
    faithfulness: Metrics
    gates: dict[str, Metrics]
    failed: list[str]


class Baseline(Measured):
    """A simpler model on the same folds."""

    name: str
    features: int
    auc: float
    auc_low: float
    auc_high: float
    log_loss: float
    train_auc: float


class RocPoint(Measured):
    """A point of the ROC curve: the shares of good payers and of defaults from some probability on."""

    false_positive_rate: float
    true_positive_rate: float


class CostPoint(Measured):
    """The cost per applicant, and the share approved, where everybody below ``cut_off`` is approved."""

    cut_off: float
    cost: float
    approved: float


class WeighedFeature(Measured):
    """A feature, its mean absolute contribution to the log-odds, and its share of the gain in training."""

    feature: str
    label: Text
    importance: float
    gain: float


class Importance(Measured):
    """The most important features, over a sample of ``applicants``.

    ``used`` is the number of features that the model reads in any split, ``share`` the part of the importance of all of
    them that those listed have.
    """

    applicants: int
    used: int
    share: float
    features: list[WeighedFeature]


class ModelMetrics(Model):
    """Metrics out of fold, on applicants with complete histories (out of fold), and on the holdout."""

    out_of_fold: Metrics
    complete_histories: Metrics | None
    holdout: Metrics | None
    fold_auc: list[float]
    fold_train_auc: list[float]


class CalibrationChoice(Model):
    """The calibration chosen, and the out-of-fold log loss of each that was compared."""

    chosen: str
    log_loss: dict[str, float]


class PolicyAtTraining(Model):
    """The costs at training and the decisions that follow from them; ``GET /model`` has those in use."""

    cut_off: float
    review_band: tuple[float, float] | None
    cost_false_negative: float
    cost_false_positive: float
    cost_review: float
    reviewer_error_rate: float
    out_of_fold_optimal_cut_off: float
    out_of_fold_optimal_cost: float


class ModelReport(Measured):
    """Answer of ``GET /model/report``: what training measured of the model that decides.

    ``baselines`` is ``None`` where training compared none; ``roc``, ``cost_curve`` and ``importance`` are ``None``
    where an earlier release trained the model and did not measure them.
    """

    model_version: str
    trained_at: datetime
    training_applicants: int
    training_persons: int
    features: int
    metrics: ModelMetrics
    calibration: CalibrationChoice
    policy: PolicyAtTraining
    grades: list[GradeRate]
    reliability: list[ReliabilityBin]
    fairness: FairnessReport
    explanations: ExplanationReport
    baselines: list[Baseline] | None = None
    roc: list[RocPoint] | None = None
    cost_curve: list[CostPoint] | None = None
    importance: Importance | None = None
