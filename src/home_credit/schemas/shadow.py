"""The report on a challenger in shadow."""

from __future__ import annotations

from datetime import datetime

from home_credit.policy import DecisionKind
from home_credit.schemas.base import Model


class DecisionChange(Model):
    """Decisions that the challenger would have made otherwise, with the mean probabilities of both models."""

    decision: DecisionKind
    challenger_decision: DecisionKind
    decisions: int
    mean_probability: float
    challenger_mean_probability: float


class GradeShift(Model):
    """The decisions of one grade: how the challenger judges them."""

    grade: str
    decisions: int
    same_decision: int
    same_grade: int
    mean_probability: float
    challenger_mean_probability: float


class ShadowReport(Model):
    """A champion and a challenger on the same decisions; probabilities are those of default.

    ``decisions`` were scored by both, ``not_scored`` by the champion alone between ``first`` and ``last``.
    ``agreement`` is the share with the same decision. ``mean_difference`` is challenger less champion, ``psi`` the
    population stability index over the tenths of the champion's probabilities, and ``correlation`` is Pearson's, of
    log-odds, ``None`` where one of them does not vary.
    """

    champion: str
    challenger: str
    first: datetime
    last: datetime
    decisions: int
    not_scored: int
    agreement: float
    mean_probability: float
    challenger_mean_probability: float
    mean_difference: float
    mean_difference_standard_error: float
    psi: float
    correlation: float | None
    changes: list[DecisionChange]
    grades: list[GradeShift]
