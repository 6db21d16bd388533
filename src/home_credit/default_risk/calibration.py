"""Calibrated probabilities: a straight line in log-odds, fitted on out-of-fold scores (Platt, 1999).

A line keeps contributions additive: each feature's share of the log-odds is multiplied by the slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibrated log-odds = ``slope`` × raw log-odds + ``intercept``."""

    slope: float
    intercept: float

    def log_odds(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated log-odds of default."""
        return self.slope * raw + self.intercept

    def probability(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated probabilities of default."""
        return 1.0 / (1.0 + np.exp(-self.log_odds(raw)))


IDENTITY = Calibration(1.0, 0.0)


def fit(raw: NDArray[np.float64], target: NDArray[np.int64], *, steps: int = 50) -> Calibration:
    """Fit by Newton's method on the logistic likelihood of ``target`` given raw log-odds."""
    design = np.column_stack([raw, np.ones_like(raw)])
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        probability = 1.0 / (1.0 + np.exp(-(design @ weights)))
        gradient = design.T @ (probability - target)
        hessian = (design * (probability * (1.0 - probability))[:, None]).T @ design
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if float(np.abs(step).max()) < 1e-10:
            break
    return Calibration(float(weights[0]), float(weights[1]))
