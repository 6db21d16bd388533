"""Metrics of probabilities of default, for training and monitoring; not used to serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve

from home_credit.validation import auc, platt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


def evaluate(
    target: NDArray[np.int64], probability: NDArray[np.float64], persons: NDArray[np.int64] | None = None
) -> dict[str, float]:
    """Return AUC with its interval, Gini, Kolmogorov-Smirnov, log loss, Brier score and calibration.

    ``persons`` is equal for the applications of one person, which the interval counts as one observation.
    ``calibration_slope`` and ``calibration_intercept`` are those of a logistic regression of the target on
    the log-odds; 1 and 0 are perfect.
    """
    false_positive, true_positive, _ = roc_curve(target, probability)
    line = platt.fit(np.log(probability / (1.0 - probability)), target)
    low, high = auc.interval(target, probability, persons)
    area = float(roc_auc_score(target, probability))
    return {
        "auc": area,
        "auc_low": low,
        "auc_high": high,
        "gini": 2.0 * area - 1.0,
        "ks": float(np.max(true_positive - false_positive)),
        "log_loss": float(log_loss(target, probability)),
        "brier": float(brier_score_loss(target, probability)),
        "calibration_slope": line.slope,
        "calibration_intercept": line.intercept,
        "default_rate": float(target.mean()),
        "mean_probability": float(probability.mean()),
    }


def mean(repeats: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric over repeats of the cross-validation."""
    measured = list(repeats)
    return {name: float(np.mean([one[name] for one in measured])) for name in measured[0]}
