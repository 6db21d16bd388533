"""Responses of the API that come from stored statistics: of the model, of a portfolio, of applicants."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from home_credit.policy import DecisionKind
from home_credit.schemas import AgeBand, Contract, Grade, IncomeType, Model, Text

MOST_DAYS, USUAL_DAYS = 1_000, 90
Metrics = dict[str, float]
# The figures that applicants are compared by, numbers of the catalogue.
Figure = Literal[
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "AMT_GOODS_PRICE",
    "AMT_INCOME_TOTAL",
    "APP_CREDIT_TO_INCOME",
    "APP_ANNUITY_TO_INCOME",
    "APP_CREDIT_TO_GOODS",
    "EXT_SOURCE_1",
    "EXT_SOURCE_2",
    "EXT_SOURCE_3",
    "APP_EXT_MEAN",
    "DAYS_BIRTH",
    "DAYS_EMPLOYED",
    "APP_ENQUIRIES",
    "BUR_ACTIVE_COUNT",
    "BUR_ACTIVE_DEBT_SUM",
    "MIX_DEBT_TO_INCOME",
    "PREV_COUNT",
    "PREV_REFUSED_SHARE",
    "INS_ALL_LATE_SHARE",
    "INS_ALL_DAYS_LATE_MEAN",
    "MIX_CARD_BALANCE_TO_INCOME",
]


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


class Segment(Model):
    """The applicants to compare with; what is left out filters nothing.

    ``similar`` leaves the 200 that are nearest to the applicant, of those that the filters leave.
    """

    contract: Contract | None = None
    age_band: AgeBand | None = None
    region: int | None = Field(None, ge=1, le=3, description="REGION_RATING_CLIENT")
    income_type: IncomeType | None = None
    grade: Grade | None = None
    similar: bool = False


class Standing(Model):
    """One figure of an applicant among those of a segment.

    ``value`` is in ``unit``; ``percentile`` is the share of the segment with a lower value and half of those with the
    same one, in per cent, to within one. Both are ``None`` where the value is missing, and the percentile where nobody
    of the segment has one. ``known`` is the number of applicants who have a value. ``quantiles`` are those of their
    values at the ``levels`` of the answer, empty where there are none.
    """

    figure: str
    unit: str
    label: Text
    value: float | None
    percentile: float | None
    known: int
    quantiles: list[float]


class Comparison(Model):
    """Answer of ``GET /applicants/{SK_ID_CURR}/comparison``.

    ``applicants`` is the number in the segment, ``sampled`` whether it is counted in a sample of the applicants.
    ``graded_by`` is the version of the model whose grades filter, ``None`` where grades are not known and so nobody
    has one.
    """

    SK_ID_CURR: int
    segment: Segment
    applicants: int
    sampled: bool
    graded_by: str | None
    levels: list[float]
    figures: list[Standing]


class PointsQuery(Segment):
    """Two figures of a comparison, and the applicants to show."""

    x: Figure
    y: Figure


class Axis(Model):
    """A figure of a scatter: its values in ``unit``, one for each point; ``value`` is that of the applicant."""

    figure: str
    unit: str
    label: Text
    value: float | None
    values: list[float]


class Points(Model):
    """Answer of ``GET /applicants/{SK_ID_CURR}/comparison/points``.

    The two figures of at most 500 of the ``applicants`` of the segment for whom both are known, without their numbers.
    """

    SK_ID_CURR: int
    segment: Segment
    applicants: int
    x: Axis
    y: Axis


class PortfolioQuery(Model):
    """The days to count, in UTC and both included: at most a thousand, and the last ninety where none are named."""

    since: date | None = Field(None, alias="from", description="first day")
    until: date | None = Field(None, alias="to", description="last day")

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.since and self.until:
            if self.since > self.until:
                raise PydanticCustomError("days", "The first day is after the last one")
            if self.until - self.since >= timedelta(days=MOST_DAYS):
                raise PydanticCustomError(
                    "days", "At most {most} days are counted at once", {"most": MOST_DAYS}
                )
        return self

    def days(self, today: date) -> tuple[date, date]:
        """Return the first and the last day."""
        last = (self.until or today).toordinal()
        first = self.since.toordinal() if self.since else max(last - USUAL_DAYS + 1, 1)
        if self.until is None:
            last = max(first, min(last, first + MOST_DAYS - 1))
        return date.fromordinal(first), date.fromordinal(last)


class DayCount(Model):
    """The decisions of a day with one outcome, grade and kind, and their mean probability of default."""

    day: date
    decision: DecisionKind
    grade: str
    simulation: bool
    decisions: int
    mean_probability: float


class Portfolio(Model):
    """Answer of ``GET /portfolio``: the decisions of each day, the earliest first; a day without any has no count."""

    since: date = Field(alias="from")
    until: date = Field(alias="to")
    counts: list[DayCount]

    model_config = ConfigDict(populate_by_name=True)
