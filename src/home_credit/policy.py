"""From a probability of default to a decision: costs, cut-off, referral band, score and grade."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.config import Settings

DecisionKind = Literal["approved", "review", "declined"]

# Points: 600 at odds of 30 good to 1 bad, 20 more whenever the odds double.
BASE_POINTS, BASE_ODDS, POINTS_TO_DOUBLE_ODDS = 600.0, 30.0, 20.0
# Upper bounds of the probability of default of each grade; the last has none.
GRADES = (("A", 0.02), ("B", 0.035), ("C", 0.055), ("D", 0.085), ("E", 0.13), ("F", 0.20), ("G", 1.0))


@dataclass(frozen=True, slots=True)
class Costs:
    """What mistakes and a human look cost, in one unit of money."""

    false_negative: float = 10.0
    false_positive: float = 1.0
    review: float = 0.85

    @classmethod
    def of(cls, settings: Settings) -> Costs:
        """Return the costs that an operator has set."""
        return cls(settings.cost_false_negative, settings.cost_false_positive, settings.cost_review)


@dataclass(frozen=True, slots=True)
class Policy:
    """The cut-off, and the band of probabilities around it that a human decides on."""

    cut_off: float
    review_band: tuple[float, float] | None

    def decide(self, probability: float) -> DecisionKind:
        """Return the decision on an applicant with that probability of default."""
        if self.review_band is not None and self.review_band[0] <= probability < self.review_band[1]:
            return "review"
        return "approved" if probability < self.cut_off else "declined"


def score_points(probability: float) -> int:
    """Return the score in points; higher is safer."""
    probability = min(max(probability, 1e-6), 1.0 - 1e-6)
    odds = (1.0 - probability) / probability
    return round(BASE_POINTS + POINTS_TO_DOUBLE_ODDS * math.log2(odds / BASE_ODDS))


def grade(probability: float) -> str:
    """Return the grade, A the safest."""
    return next((name for name, bound in GRADES if probability < bound), GRADES[-1][0])


def expected_cost(
    probability: NDArray[np.float64], target: NDArray[np.int64], cut_off: float, costs: Costs
) -> float:
    """Return the cost per applicant of approving below ``cut_off`` and declining from it on."""
    declined = probability >= cut_off
    missed = float(np.sum(~declined & (target == 1)))
    refused = float(np.sum(declined & (target == 0)))
    return (costs.false_negative * missed + costs.false_positive * refused) / len(target)


def choose_cut_off(probability: NDArray[np.float64], target: NDArray[np.int64], costs: Costs) -> float:
    """Return the cut-off with the lowest cost per applicant on out-of-fold probabilities.

    The cost of every possible cut-off follows from one sort; ties go to the lower cut-off.
    """
    order = np.argsort(probability, kind="stable")
    sorted_target = target[order]
    # Approving the first k: their defaults are missed, the good ones after them are refused.
    missed = np.concatenate([[0], np.cumsum(sorted_target == 1)])
    refused = np.sum(sorted_target == 0) - np.concatenate([[0], np.cumsum(sorted_target == 0)])
    cost = costs.false_negative * missed + costs.false_positive * refused
    best = int(np.argmin(cost))
    bounds = np.concatenate([probability[order], [1.0]])
    return float(bounds[best])


def review_band(cut_off: float, costs: Costs) -> tuple[float, float] | None:
    """Return the probabilities for which a human look costs less than the expected cost of a machine decision.

    Below the cut-off the machine approves, which costs ``false_negative`` × p on average; from it on it declines,
    which costs ``false_positive`` × (1 - p); a human look costs ``review``. ``None`` where the machine is always
    cheaper.
    """
    low = min(costs.review / costs.false_negative, cut_off)
    high = max(1.0 - costs.review / costs.false_positive, cut_off)
    return (low, high) if low < high else None
