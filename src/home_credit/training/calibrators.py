"""Calibrators from raw log-odds to probabilities, compared by log loss on persons they were not fitted on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from home_credit.default_risk import calibration
from home_credit.training import folds
from home_credit.validation import platt

if TYPE_CHECKING:
    from numpy.typing import NDArray

Probability = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]
Calibrator = Callable[["NDArray[np.float64]", "NDArray[np.int64]"], Probability]

# The first two can be deployed, since contributions still add up to the score. The others show what that costs.
DEPLOYABLE = ("none", "line")
_LEAST = 1e-6


def _none(raw: NDArray[np.float64], target: NDArray[np.int64]) -> Probability:  # noqa: ARG001  # a calibrator's signature
    return calibration.IDENTITY.probability


def _line(raw: NDArray[np.float64], target: NDArray[np.int64]) -> Probability:
    return platt.fit(raw, target).probability


def _isotonic(raw: NDArray[np.float64], target: NDArray[np.int64]) -> Probability:
    fitted = IsotonicRegression(y_min=_LEAST, y_max=1.0 - _LEAST, out_of_bounds="clip").fit(raw, target)
    return lambda others: np.asarray(fitted.predict(others))


def _beta(raw: NDArray[np.float64], target: NDArray[np.int64]) -> Probability:
    """Beta calibration (Kull, Silva Filho and Flach, 2017): a regression on log p and -log(1 - p)."""

    def design(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([-np.logaddexp(0.0, -values), np.logaddexp(0.0, values)])

    fitted = LogisticRegression(C=np.inf, max_iter=500).fit(design(raw), target)
    return lambda others: np.asarray(fitted.predict_proba(design(others))[:, 1])


CALIBRATORS: dict[str, Calibrator] = {"none": _none, "line": _line, "beta": _beta, "isotonic": _isotonic}


def compare(
    raw: NDArray[np.float64], target: NDArray[np.int64], persons: NDArray[np.int64]
) -> dict[str, float]:
    """Return the log loss of each calibrator on out-of-fold log-odds ``raw`` (repeats by applicants).

    Each is fitted in the folds of a separate split and measured on the persons left out.
    """
    probability = {name: np.zeros_like(raw) for name in CALIBRATORS}
    for _, inside, outside in folds.split(target, persons, repeats=1, seed=folds.SEED + 1000):
        for name, calibrator in CALIBRATORS.items():
            fitted = calibrator(raw[:, inside].ravel(), np.tile(target[inside], len(raw)))
            probability[name][:, outside] = fitted(raw[:, outside].ravel()).reshape(len(raw), -1)
    labels = np.tile(target, len(raw))
    return {name: float(log_loss(labels, values.ravel())) for name, values in probability.items()}


def choose(
    raw: NDArray[np.float64], target: NDArray[np.int64], losses: dict[str, float]
) -> tuple[str, calibration.Calibration]:
    """Return the deployable calibration with the lowest log loss in ``losses``, fitted on all of ``raw``."""
    name = min(DEPLOYABLE, key=lambda candidate: losses[candidate])
    if name == "none":
        return name, calibration.IDENTITY
    return name, platt.fit(raw.ravel(), np.tile(target, len(raw)))
