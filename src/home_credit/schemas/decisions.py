"""An assessment, and the decision that it becomes once it is recorded."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from home_credit.policy import BASE_ODDS, BASE_POINTS, GRADES, POINTS_TO_DOUBLE_ODDS, DecisionKind
from home_credit.schemas.base import Model, Text


class Reason(Model):
    """One reason code of a decision.

    ``contribution`` is in log-odds of default: a positive one raises the risk. ``feature``
    is the feature of that reason which contributed most, ``value`` its value. ``label`` and ``unit`` are those of the
    feature, missing where this release has no such feature.
    """

    code: str
    feature: str
    label: Text | None = None
    unit: str | None = None
    value: float | int | str | None
    contribution: float
    text: Text


class Assessment(Model):
    """The outcome of the model and the policy for one applicant; once recorded it is a decision.

    ``review_band`` holds the probabilities that are referred, the upper one not included; ``None`` where none are.
    ``expected_cost`` is the expected cost of the decision in the unit of the cost settings (with their defaults: good
    applicants declined); it and ``policy_version`` are missing in decisions recorded without them.
    """

    SK_ID_CURR: int
    probability_of_default: float = Field(ge=0, le=1)
    cut_off: float = Field(ge=0, le=1)
    review_band: tuple[float, float] | None = None
    decision: DecisionKind
    score: int
    grade: str
    reasons: list[Reason]
    warnings: list[str] = Field(default_factory=list)
    expected_cost: float | None = None
    model_version: str
    policy_version: str | None = None
    simulation: bool = False


class Scale(Model):
    """What scores and grades mean.

    A score is ``base_points`` at odds of ``base_odds`` good applicants to one default, and ``points_to_double_odds``
    more whenever the odds double. ``grades`` holds the upper bound of the probability of default of each grade, which
    is not included.
    """

    base_points: float = BASE_POINTS
    base_odds: float = BASE_ODDS
    points_to_double_odds: float = POINTS_TO_DOUBLE_ODDS
    grades: dict[str, float] = Field(default_factory=lambda: dict(GRADES))


SCALE = Scale()


class Decision(Assessment):
    """An assessment that was recorded in the ledger.

    ``decided_at`` is given for a decision of the simulated history of a demo: the time at which it stands there.
    """

    scale: Scale = SCALE
    decision_id: str
    recorded_at: datetime
    decided_at: datetime | None = None


class Replay(Model):
    """A decision computed again from its record; ``identical`` compares every bit of what was computed.

    ``reworded`` is the number of reasons that this release would tell in other words; the words that were told are
    those of the record.
    """

    decision_id: str
    identical: bool
    reworded: int = 0
    recorded: Assessment
    recomputed: Assessment
    differences: list[str]
