"""How good probabilities of default are; used where models are trained and watched, never to serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve

from home_credit.validation import platt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


def auc_interval(
    target: NDArray[np.int64], score: NDArray[np.float64], *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the confidence interval of the AUC by DeLong's variance (DeLong et al., 1988)."""
    bad, good = score[target == 1], score[target == 0]
    ranks = rankdata(np.concatenate([bad, good]))
    # Placement of each bad among the goods, and of each good among the bads.
    of_bad = (ranks[: len(bad)] - rankdata(bad)) / len(good)
    of_good = 1.0 - (ranks[len(bad) :] - rankdata(good)) / len(bad)
    error = np.sqrt(of_bad.var(ddof=1) / len(bad) + of_good.var(ddof=1) / len(good))
    half = float(norm.ppf(0.5 + confidence / 2) * error)
    auc = float(of_bad.mean())
    return auc - half, auc + half


def evaluate(target: NDArray[np.int64], probability: NDArray[np.float64]) -> dict[str, float]:
    """Return AUC with its interval, Gini, Kolmogorov-Smirnov, log loss, Brier score and calibration.

    ``calibration_slope`` and ``calibration_intercept`` are those of a logistic regression of the target on
    the log-odds; 1 and 0 are perfect.
    """
    false_positive, true_positive, _ = roc_curve(target, probability)
    line = platt.fit(np.log(probability / (1.0 - probability)), target)
    low, high = auc_interval(target, probability)
    auc = float(roc_auc_score(target, probability))
    return {
        "auc": auc,
        "auc_low": low,
        "auc_high": high,
        "gini": 2.0 * auc - 1.0,
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
