"""Population stability index of binned counts, with the sampling distribution that separates a change from chance.

PSI = Σ (q - p) ln(q / p) over bins, where p and q are a bin's shares of the reference and of the current rows
(applied to an input column it is also called CSI). Where nothing changed, PSI · nm / (n + m) follows, as both
samples grow, a chi-square distribution with one degree of freedom less than there are bins: B. Yurdakul,
J. Naranjo, "Statistical properties of the population stability index", Journal of Risk Model Validation
(2020). A fixed threshold alone alarms on small samples, significance alone on large ones.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, chdtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

Z = 1.959964  # standard errors on each side of an interval of 95 %
LEAST_EXPECTED = 5.0  # rows per bin below which the chi-square distribution is a poor guide (Cochran)


@dataclass(frozen=True, slots=True)
class Stability:
    """The index of one column and its distribution by chance alone; ``error`` is the standard error of the index."""

    psi: float
    error: float
    bins: int
    reference_rows: int
    current_rows: int

    @property
    def effective_rows(self) -> float:
        """nm / (n + m): the factor that makes the index a chi-square statistic."""
        return self.reference_rows * self.current_rows / (self.reference_rows + self.current_rows)

    @property
    def expected(self) -> float:
        """Mean of the index where nothing changed."""
        return (self.bins - 1) / self.effective_rows

    @property
    def margin(self) -> float:
        """How far above the index its interval of 95 % ends, what chance alone adds to the index taken off."""
        return max(Z * self.error - self.expected, 0.0)

    @property
    def p_value(self) -> float:
        """Probability of at least this index where nothing changed."""
        return float(chdtrc(self.bins - 1, self.psi * self.effective_rows)) if self.bins > 1 else 1.0

    def critical(self, level: float) -> float:
        """Return the index that is exceeded with probability ``level`` where nothing changed."""
        return float(chdtri(self.bins - 1, level)) / self.effective_rows if self.bins > 1 else 0.0


def stability(reference: Counts, current: Counts) -> Stability:
    """Compare the counts of two samples in the same bins; each sample has at least one row.

    The rarest bins are pooled until each expects five rows of the smaller sample.
    """
    cells = _pool_rare(reference, current)
    p, q = ((cells[:, side] + 0.5) / (cells[:, side].sum() + 0.5 * len(cells)) for side in (0, 1))
    ratio, (n, m) = np.log(q / p), cells.sum(axis=0)
    # The delta method: how much the index moves with the shares of each sample.
    error = (variance(p, ratio + q / p) / n + variance(q, ratio - p / q) / m) ** 0.5
    return Stability(float(((q - p) * ratio).sum()), float(error), len(cells), int(n), int(m))


def variance(share: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the variance of ``values`` that are taken on by these shares of the rows."""
    mean = share @ values
    return float(share @ (values - mean) ** 2)


def _pool_rare(reference: Counts, current: Counts) -> Counts:
    """Return the pooled bins, shape (bins, 2), the rarest first."""
    share_of_smaller = min(reference.sum(), current.sum()) / (reference.sum() + current.sum())
    cells = sorted(zip(reference.tolist(), current.tolist(), strict=True), key=sum)
    while len(cells) > 1 and sum(cells[0]) * share_of_smaller < LEAST_EXPECTED:
        (a, b), (c, d) = cells.pop(0), cells.pop(0)
        insort(cells, (a + c, b + d), key=sum)
    return np.array(cells, dtype=np.int64)
