"""Sums over the scores of applicants, from which means, shares, grades and a histogram are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.policy import GRADES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.policy import Policy

    Numbers = NDArray[np.float64]

DECISIONS = ("approved", "review", "declined")
GRADE_NAMES = tuple(name for name, _ in GRADES)
# Log-odds of default between probabilities of 0.05 and 95 per cent.
STEP = 0.05
EDGES = np.arange(-7.6, 3.0, STEP)
FIGURES = (
    "applicants",
    "probability",
    "log_odds",
    "log_odds_squared",
    "cost",
    "cost_squared",
    *DECISIONS,
    *(f"grade {name}" for name in GRADE_NAMES),
    *(f"log-odds {place}" for place in range(len(EDGES) + 1)),
)
_FIRST_GRADE = FIGURES.index(f"grade {GRADE_NAMES[0]}")
GRADE_PLACES = slice(_FIRST_GRADE, _FIRST_GRADE + len(GRADE_NAMES))
HISTOGRAM = slice(GRADE_PLACES.stop, len(FIGURES))
DECISION_PLACES = slice(FIGURES.index("approved"), FIGURES.index("approved") + len(DECISIONS))


def sums(probability: Numbers, policy: Policy) -> Numbers:
    """Return the sums over applicants with these probabilities of default, decided by ``policy``."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    log_odds = np.log(p / (1 - p))
    decided = decisions(p, policy)
    cost = costs(p, decided, policy)
    bounds = np.array([bound for _, bound in GRADES])
    grade = np.minimum(np.searchsorted(bounds, p, side="right"), len(GRADES) - 1)
    return np.concatenate([
        [
            p.size,
            probability.sum(),
            log_odds.sum(),
            (log_odds**2).sum(),
            cost.sum(),
            (cost**2).sum(),
        ],
        np.bincount(decided, minlength=len(DECISIONS)),
        np.bincount(grade, minlength=len(GRADES)),
        np.bincount(np.searchsorted(EDGES, log_odds), minlength=len(EDGES) + 1),
    ])  # fmt: skip


def decisions(probability: Numbers, policy: Policy) -> NDArray[np.int64]:
    """Return the place in :data:`DECISIONS` of each applicant's decision."""
    decided = np.where(probability < policy.cut_off, 0, 2)
    if policy.review_band is not None:
        low, high = policy.review_band
        decided[(probability >= low) & (probability < high)] = 1
    return decided


def costs(probability: Numbers, decided: NDArray[np.int64], policy: Policy) -> Numbers:
    """Return the expected cost of each decision, zero where the policy has no costs."""
    known = policy.costs
    if known is None:
        return np.zeros_like(probability)
    approving = known.false_negative * probability
    declining = known.false_positive * (1.0 - probability)
    reviewing = known.review + known.reviewer_error_rate * (approving + declining)
    return np.choose(decided, [approving, reviewing, declining])


def probabilities_of_bins() -> Numbers:
    """Return a probability for each cell of the histogram: that of its middle."""
    middles = np.concatenate([[EDGES[0] - STEP / 2], EDGES + STEP / 2])
    result: Numbers = 1.0 / (1.0 + np.exp(-middles))
    return result


def with_policy(sums: Numbers, policy: Policy) -> Numbers:
    """Return the sums with decisions and costs of another policy, from the histogram: to within a bin's width."""
    counts, probability = sums[HISTOGRAM], probabilities_of_bins()
    decided = decisions(probability, policy)
    cost = costs(probability, decided, policy)
    moved = sums.copy()
    moved[FIGURES.index("cost")], moved[FIGURES.index("cost_squared")] = counts @ cost, counts @ cost**2
    moved[DECISION_PLACES] = np.bincount(decided, weights=counts, minlength=len(DECISIONS))
    return moved
