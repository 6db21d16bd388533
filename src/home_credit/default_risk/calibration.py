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
