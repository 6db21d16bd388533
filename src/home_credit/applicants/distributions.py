"""The distribution of a figure among the applicants of a segment: quantiles in single precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Values = NDArray[np.float32]

STEPS = 100  # quantiles are that many parts of the applicants apart


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of one figure: of ``known`` applicants, and their 101 quantiles, none where nobody has a value.

    The quantile of the level k/100 is the smallest value that at least k per cent of the applicants do not exceed,
    and the lowest value for k = 0.
    """

    known: int
    quantiles: Values

    @classmethod
    def of(cls, ascending: Values) -> Distribution:
        """Return the distribution of values in ascending order, without missing ones."""
        count = len(ascending)
        if not count:
            return cls(0, ascending)
        # In whole numbers: a level such as 0.07 times the count may lie a bit above the whole number that it is.
        places = (np.arange(STEPS + 1) * count + STEPS - 1) // STEPS - 1
        return cls(count, ascending[np.maximum(places, 0)])

    def digits(self, every: int = 1) -> list[float]:
        """Return each ``every``-th quantile, of the shortest digits that give the single-precision number back."""
        return [float(str(value)) for value in self.quantiles[::every]]

    def percentile(self, value: float) -> float | None:
        """Return the share of lower values and half of the equal ones, in per cent, less than one below the exact one.

        Where L of n values are lower, as many of the quantiles above the level zero are lower as 100 L / n has whole
        parts, and so it is for those that are not higher.
        """
        if not self.known:
            return None
        told, above_zero = single(value), self.quantiles[1:]
        lower = int(np.searchsorted(above_zero, told, side="left"))
        not_higher = int(np.searchsorted(above_zero, told, side="right"))
        return (lower + not_higher) / 2 * (100 / STEPS)


@dataclass(frozen=True, slots=True)
class SegmentStatistics:
    """How many applicants a segment has, and the distribution of each figure among them."""

    applicants: int
    figures: Mapping[str, Distribution]


def single(values: Any) -> Values:
    """Return single-precision values; what is too large for them is the largest there is."""
    largest = np.finfo(np.float32).max
    return np.clip(np.asarray(values, np.float64), -largest, largest).astype(np.float32)
