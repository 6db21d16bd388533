"""Performance before labels, estimated from calibrated probabilities.

Where a probability of default means what it meant at training, the scores alone tell what to expect of the outcomes:
each applicant of probability p is a default with weight p and a good applicant with weight 1 - p (confidence-based
performance estimation). The AUC, the default rate and the cost follow from the histogram of log-odds; so do their
intervals, which hold what the outcomes will be: the chance of the outcomes themselves (DeLong's variance for the AUC,
Bernoulli's for the others) and the uncertainty of the calibration, from the Fisher information of a logistic
recalibration on the training applicants.

What the estimate cannot see: other outcomes for the same applicants. It is marked as unreliable where the applicants
changed in what the model reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.monitoring.scores import HISTOGRAM, decisions, probabilities_of_bins
from home_credit.monitoring.stability import Z
from home_credit.schemas.base import Text
from home_credit.schemas.verdicts import Interval, PerformanceEstimate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from home_credit.monitoring.reference import ScoreReference
    from home_credit.policy import Policy
    from home_credit.schemas.verdicts import Cause

    Numbers = NDArray[np.float64]

# A column with at least this share of the contributions can make the estimate unreliable by its change.
WEIGHTY = 0.01
SHIFTS = frozenset({"distribution", "missing", "unseen", "low", "high", "scores"})
RELIABLE = Text(
    en="Estimated from the probabilities alone; outcomes that changed for the same applicants cannot be seen before "
    "labels arrive.",
    fr="Estimé à partir des seules probabilités ; un changement des résultats à demandeurs égaux ne se voit pas avant "
    "l'arrivée des étiquettes.",
)
UNRELIABLE = Text(
    en="Not reliable: the applicants changed in what the model reads, so its probabilities may no longer mean what "
    "they meant at training.",
    fr="Peu fiable : les demandeurs ont changé sur ce que lit le modèle ; ses probabilités n'ont peut-être plus le "
    "sens qu'elles avaient à l'apprentissage.",
)


def estimate(
    reference: ScoreReference, sums: Numbers, policy: Policy, causes: Iterable[Cause]
) -> PerformanceEstimate | None:
    """Return the performance to expect of scored applicants, ``None`` where nothing was known at training.

    ``sums`` are those of :mod:`home_credit.monitoring.scores` over at least two applicants.
    """
    counts = sums[HISTOGRAM]
    if reference.auc is None or counts.sum() < 2:
        return None
    covariance = calibration_covariance(reference.array[HISTOGRAM])
    reliable = not any(
        cause.material
        and cause.detector in SHIFTS
        and (cause.detector == "scores" or (cause.weight or 0.0) >= WEIGHTY)
        for cause in causes
    )
    amounts = outcome_costs(policy)
    return PerformanceEstimate(
        auc=_interval(auc, counts, covariance, highest=1.0),
        auc_at_training=reference.auc,
        default_rate=_interval(default_rate, counts, covariance, highest=1.0),
        cost=_interval(lambda n, p: cost(n, p, amounts), counts, covariance),
        reliable=reliable,
        note=RELIABLE if reliable else UNRELIABLE,
    )


def auc(counts: Numbers, probability: Numbers) -> tuple[float, float]:
    """Return the AUC to expect of ``counts`` applicants with these probabilities, ascending, and its variance."""
    bad, good = counts * probability, counts * (1 - probability)
    defaults, repaid = bad.sum(), good.sum()
    # Share of the good applicants below each default, and of the defaults above each good applicant.
    below = (np.cumsum(good) - good / 2) / repaid
    above = 1 - (np.cumsum(bad) - bad / 2) / defaults
    value = float(bad @ below / defaults)
    spread = bad @ (below - value) ** 2 / defaults**2 + good @ (above - value) ** 2 / repaid**2
    return value, float(spread)


def default_rate(counts: Numbers, probability: Numbers) -> tuple[float, float]:
    """Return the default rate to expect, and its variance."""
    n = counts.sum()
    return float(counts @ probability / n), float(counts @ (probability * (1 - probability)) / n**2)


def cost(counts: Numbers, probability: Numbers, amounts: tuple[Numbers, Numbers]) -> tuple[float, float]:
    """Return the cost per applicant to expect, and its variance.

    ``amounts`` are the costs of a default and of a good applicant with the decision of each bin.
    """
    n = counts.sum()
    bad, good = amounts
    value = float(counts @ (probability * bad + (1 - probability) * good) / n)
    return value, float(counts @ ((bad - good) ** 2 * probability * (1 - probability)) / n**2)


def outcome_costs(policy: Policy) -> tuple[Numbers, Numbers]:
    """Return, for each bin of the histogram, the cost of a default and of a good applicant."""
    decided = decisions(probabilities_of_bins(), policy)
    known = policy.costs
    if known is None:
        return np.zeros(decided.size), np.zeros(decided.size)
    reviewed = [
        known.review + known.reviewer_error_rate * wrong
        for wrong in (known.false_negative, known.false_positive)
    ]
    of_bad = np.array([known.false_negative, reviewed[0], 0.0])
    of_good = np.array([0.0, reviewed[1], known.false_positive])
    return of_bad[decided], of_good[decided]


def calibration_covariance(counts: Numbers) -> Numbers:
    """Return the covariance of intercept and slope of a logistic recalibration on ``counts`` applicants: (2, 2)."""
    p = probabilities_of_bins()
    x = np.log(p / (1 - p))
    design = np.stack([np.ones_like(x), x])
    information = (design * (counts * p * (1 - p))) @ design.T
    result: Numbers = np.linalg.pinv(information)
    return result


def _interval(
    figure: Callable[[Numbers, Numbers], tuple[float, float]],
    counts: Numbers,
    covariance: Numbers,
    highest: float = np.inf,
) -> Interval:
    """Return a figure with its interval; the calibration's part by the delta method, with numeric derivatives."""
    p = probabilities_of_bins()
    x = np.log(p / (1 - p))
    value, variance = figure(counts, p)
    step = 1e-3
    gradient = np.array([
        (figure(counts, 1 / (1 + np.exp(-moved)))[0] - value) / step
        for moved in (x + step, x * (1 + step))
    ])  # fmt: skip
    half = Z * float(np.sqrt(variance + gradient @ covariance @ gradient))
    return Interval(value=value, low=max(value - half, 0.0), high=min(value + half, highest))
