"""Costs of decisions on applicants with a known outcome, for the evaluation of models; not used to serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.policy import Costs, Policy


def losses(
    target: NDArray[np.int64], probability: NDArray[np.float64], cut_off: float, costs: Costs
) -> NDArray[np.float64]:
    """Return the cost of each applicant, approved below ``cut_off`` and declined from it on.

    ``target`` is 1 for a default; all arrays have one element per applicant.
    """
    declined = probability >= cut_off
    return np.where(
        target == 1,
        np.where(declined, 0.0, costs.false_negative),
        np.where(declined, costs.false_positive, 0.0),
    )


def losses_with_reviews(
    target: NDArray[np.int64], probability: NDArray[np.float64], policy: Policy, costs: Costs
) -> NDArray[np.float64]:
    """Return the cost of each applicant under ``policy``; that of a referral is the mean over reviewers' errors."""
    decided = losses(target, probability, policy.cut_off, costs)
    if policy.review_band is None:
        return decided
    low, high = policy.review_band
    wrong = np.where(target == 1, costs.false_negative, costs.false_positive)
    return np.where(
        (probability >= low) & (probability < high),
        costs.review + costs.reviewer_error_rate * wrong,
        decided,
    )


def cost_per_applicant(
    target: NDArray[np.int64], probability: NDArray[np.float64], cut_off: float, costs: Costs
) -> float:
    """Return the mean of :func:`losses`."""
    return float(losses(target, probability, cut_off, costs).mean())


def optimal_cut_off(target: NDArray[np.int64], probability: NDArray[np.float64], costs: Costs) -> float:
    """Return the cut-off with the lowest cost per applicant on the given applicants.

    The cost of every possible cut-off follows from one sort; ties go to the lower cut-off.
    """
    order = np.argsort(probability, kind="stable")
    sorted_target = target[order]
    # Approving the first k: their defaults are false negatives, good applicants after them false positives.
    missed = np.concatenate([[0], np.cumsum(sorted_target == 1)])
    refused = np.sum(sorted_target == 0) - np.concatenate([[0], np.cumsum(sorted_target == 0)])
    cost = costs.false_negative * missed + costs.false_positive * refused
    # A cut-off must lie between two different probabilities.
    bounds = np.concatenate([probability[order], [1.0]])
    possible = np.concatenate([[True], bounds[1:] > bounds[:-1]])
    return float(bounds[np.argmin(np.where(possible, cost, np.inf))])
