"""From a probability of default to a decision: costs, cut-off, referral band, score and grade.

With p the probability of default, F the cost of a false negative (approving an applicant who defaults), G that of
a false positive (declining one who would pay), R that of a review and e the share of reviews that end in the
wrong decision, whatever the applicant, a decision costs on average

- approving: F p
- declining: G (1 - p)
- a review: R + e (F p + G (1 - p)), since a reviewer's error approves a default or declines a good applicant.

The cheapest of the three is taken. Approving and declining cost the same at the cut-off

    G / (F + G)

(Elkan, 2001, "The foundations of cost-sensitive learning"). A review is cheaper than approving above, and cheaper
than declining below, respectively,

    low = (R + e G) / ((1 - e) F + e G)        high = ((1 - e) G - R) / (e F + (1 - e) G)

so the band of referrals runs from low to high and holds the cut-off. It is empty where low >= high, which is where
R >= (1 - 2 e) F G / (F + G): a review does not pay even at the cut-off.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import Self

    from home_credit.config import Settings

DecisionKind = Literal["approved", "review", "declined"]

# Points: 600 at odds of 30 good to 1 bad, 20 more whenever the odds double.
BASE_POINTS, BASE_ODDS, POINTS_TO_DOUBLE_ODDS = 600.0, 30.0, 20.0
# Upper bounds of the probability of default of each grade; the last has none.
GRADES = (("A", 0.02), ("B", 0.035), ("C", 0.055), ("D", 0.085), ("E", 0.13), ("F", 0.20), ("G", 1.0))


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of wrong decisions and of a review, in one unit of money, and the error rate of reviews."""

    false_negative: float = 10.0
    false_positive: float = 1.0
    review: float = 0.4
    reviewer_error_rate: float = 0.2

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the costs in the settings."""
        return cls(
            settings.cost_false_negative,
            settings.cost_false_positive,
            settings.cost_review,
            settings.reviewer_error_rate,
        )

    def expected(self, decision: DecisionKind, probability: float) -> float:
        """Return the expected cost of ``decision``, for an applicant with that probability of default."""
        approving = self.false_negative * probability
        declining = self.false_positive * (1.0 - probability)
        if decision == "review":
            return self.review + self.reviewer_error_rate * (approving + declining)
        return approving if decision == "approved" else declining

    @property
    def cut_off(self) -> float:
        """The probability of default at which approving and declining cost the same."""
        return self.false_positive / (self.false_negative + self.false_positive)

    @property
    def review_band(self) -> tuple[float, float] | None:
        """The probabilities, the upper one not included, at which a review is cheapest; ``None`` where none is."""
        right = 1.0 - self.reviewer_error_rate
        missed, refused = self.false_negative, self.false_positive
        low = (self.review + self.reviewer_error_rate * refused) / (
            right * missed + self.reviewer_error_rate * refused
        )
        high = (right * refused - self.review) / (self.reviewer_error_rate * missed + right * refused)
        return (low, high) if low < high else None


@dataclass(frozen=True, slots=True)
class Policy:
    """The cut-off, and the band of probabilities around it in which a human decides.

    ``costs`` and ``version`` are ``None`` where they are not known, as for decisions recorded without them.
    ``version`` is a digest of all numbers of the policy.
    """

    cut_off: float
    review_band: tuple[float, float] | None
    costs: Costs | None = None
    version: str | None = None

    @classmethod
    def of(cls, costs: Costs) -> Self:
        """Return the policy that follows from ``costs``."""
        numbers = {
            "cut_off": costs.cut_off,
            "review_band": costs.review_band,
            "costs": {name: float(value) for name, value in asdict(costs).items()},
        }
        digest = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
        return cls(costs.cut_off, costs.review_band, costs, digest[:12])

    def decide(self, probability: float) -> DecisionKind:
        """Return the decision on an applicant with that probability of default."""
        if self.review_band is not None and self.review_band[0] <= probability < self.review_band[1]:
            return "review"
        return "approved" if probability < self.cut_off else "declined"

    def expected_cost(self, probability: float) -> float | None:
        """Return the expected cost of the decision, in the unit of the costs; ``None`` where they are not known."""
        return None if self.costs is None else self.costs.expected(self.decide(probability), probability)


def score_points(probability: float) -> int:
    """Return the score in points; higher is safer."""
    probability = min(max(probability, 1e-6), 1.0 - 1e-6)
    odds = (1.0 - probability) / probability
    return round(BASE_POINTS + POINTS_TO_DOUBLE_ODDS * math.log2(odds / BASE_ODDS))


def grade(probability: float) -> str:
    """Return the grade, A the safest."""
    return next((name for name, bound in GRADES if probability < bound), GRADES[-1][0])
