"""The verdict on drift, as it is stored and served: what changed, what to do, which performance to expect."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from home_credit.schemas import Model, Text
from home_credit.schemas.model_reports import GradeRate


class DriftedColumn(Model):
    """One column's change: population stability index, its p-value, and shares of rows without a value.

    ``status`` is "major" where the column raises the alarm, "moderate" where it changed by more than chance but too
    little to matter. ``weight`` is the column's share of the contributions to the score, ``effect`` the move of the
    mean log-odds of default that its change explains; both are ``None`` without the statistics of a model.
    """

    column: str
    psi: float
    p_value: float
    missing_reference: float
    missing_current: float
    status: Literal["none", "moderate", "major"]
    label: Text | None = None
    weight: float | None = None
    effect: float | None = None


Action = Literal["look_at_source", "recalibrate", "retrain", "none"]


class Cause(Model):
    """A change beyond chance, and what to do about it.

    ``detector`` names what was measured, ``subject`` the column, segment or figure, which ``label`` puts into words.
    ``before`` and ``now`` are shares or means in the reference and in the window. ``p_value`` is corrected for all
    tests of the verdict. ``since`` is the day from which the change is most likely, where the rows have days. A cause
    that is not ``material`` is too small to raise the alarm; ``acknowledged`` ones no longer do.
    """

    detector: str
    subject: str
    label: Text
    text: Text
    before: float | None
    now: float | None
    p_value: float
    weight: float | None = None
    effect: float | None = None
    since: date | None = None
    action: Action
    material: bool
    acknowledged: bool = False


class Share(Model):
    """A share or mean in the reference and in the window."""

    name: str
    before: float
    now: float


class Interval(Model):
    """An estimate with its interval (95 %)."""

    value: float
    low: float
    high: float


class PerformanceEstimate(Model):
    """Performance before labels, estimated from calibrated probabilities; cost per applicant in the unit of the costs.

    ``auc_at_training`` is the out-of-fold one. ``reliable`` is false where the applicants changed too much for the
    estimate, which assumes that a probability means what it meant at training; ``note`` says so.
    """

    auc: Interval
    auc_at_training: float
    default_rate: Interval
    cost: Interval
    reliable: bool
    note: Text


class Vintage(Model):
    """The granted loans of a month of decisions: how many outcomes are known, and the rate against the estimate.

    The estimate is of the loans whose outcome is known; a vintage is ``mature`` once most of them are.
    """

    month: str
    decided: int
    known: int
    mature: bool
    defaults: int
    estimated_rate: float | None
    realised_rate: Interval | None


class RealisedPerformance(Model):
    """What outcomes say of the model's decisions on granted loans, and of the estimate made before they arrived.

    ``estimate_error`` is the mean probability less the realised rate; ``estimate_holds`` whether chance explains it
    (95 %). ``auc`` is ``None`` with fewer than two outcomes of a kind. ``simulated`` outcomes are those of a demo.
    """

    model_version: str
    decided: int
    known: int
    auc: Interval | None
    default_rate: Interval
    estimated_rate: float
    estimate_error: float
    estimate_holds: bool
    cost: Interval | None
    grades: list[GradeRate]
    vintages: list[Vintage]
    simulated: bool = False


class TrendPoint(Model):
    """A verdict that was stored earlier, or the last one."""

    made_at: datetime
    alarm: bool
    applicants: int
    mean_probability: float | None
    approval_rate: float | None
    causes: int


class StoredVerdict(Model):
    """Answer of ``GET /monitoring/verdict``: the last comparison of applications, columns by size of their change.

    ``made_at`` is ``None`` for a verdict that was stored without its time. ``causes`` has the changes beyond chance,
    the material ones first; ``figures`` the means and shares of decisions; ``trend`` the verdicts up to this one, the
    earliest first. ``advice`` is what to do, by the gravest cause. ``false_alarms`` is the rate of alarms that chance
    alone causes at most, over all ``tests`` together. ``acknowledged`` says that somebody confirmed each cause of the
    alarm; ``alarm`` is false then.
    """

    made_at: datetime | None = None
    alarm: bool
    share_drifted: float
    reference_rows: int
    current_rows: int
    columns: list[DriftedColumn]
    summary: Text | None = None
    advice: Text | None = None
    causes: list[Cause] = Field(default_factory=list)
    figures: list[Share] = Field(default_factory=list)
    grades: list[Share] = Field(default_factory=list)
    performance: PerformanceEstimate | None = None
    outcomes: RealisedPerformance | None = None
    trend: list[TrendPoint] = Field(default_factory=list)
    false_alarms: float | None = None
    tests: int | None = None
    window: tuple[date, date] | None = None
    source: Literal["tables", "ledger"] = "tables"
    model_version: str | None = None
    acknowledged: bool = False
