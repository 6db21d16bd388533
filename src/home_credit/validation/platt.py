"""Fits the calibration line to labels, for training and monitoring; not used to serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.default_risk.calibration import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


def slope_error(raw: NDArray[np.float64], line: Calibration) -> float:
    """Return the standard error of the slope of a fitted ``line``, by the information matrix at ``raw`` log-odds."""
    probability = line.probability(raw)
    design = np.column_stack([raw, np.ones_like(raw)])
    information = (design * (probability * (1.0 - probability))[:, None]).T @ design
    return float(np.sqrt(np.linalg.inv(information)[0, 0]))
