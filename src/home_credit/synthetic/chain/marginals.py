"""Marginal distributions: they map the values of a variable to bins and normal scores, and back."""

from __future__ import annotations

from math import erf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from home_credit.synthetic.chain.columns import MAX_BINS, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.synthetic.chain.columns import Codes, Floats, Scores
    from home_credit.synthetic.statistics import LevelsStatistics, QuantileStatistics, Value

# Bins of a numeric variable, atoms apart; bin 0 holds missing values.
QUANTILE_BINS = 56
_Z = np.linspace(-4.5, 4.5, 1801)
_PHI = np.array([0.5 * (1 + erf(z / sqrt(2))) for z in _Z])


def normal_score(share: Floats) -> Floats:
    """Return the standard normal quantile of each share in [0, 1], within ±4.5."""
    score: Floats = np.interp(share, _PHI, _Z)
    return score


def normal_share(score: Floats) -> Floats:
    """Return the standard normal distribution function."""
    share: Floats = np.interp(score, _Z, _PHI)
    return share


class Levels:
    """The levels of a categorical variable: their values and normal scores, by code."""

    def __init__(self, statistics: LevelsStatistics) -> None:
        self.values: list[Value] = statistics["values"]
        self._scores: Scores = np.array(statistics["scores"], dtype=np.float32) / np.float32(100)

    def column(self, codes: Codes) -> Column:
        """Return the column of given codes."""
        count = len(self.values)
        bins = codes if count <= MAX_BINS else codes * MAX_BINS // count
        return Column(bins.astype(np.uint8), self._scores[codes], codes)

    def encode(self, values: Sequence[Value]) -> Column:
        """Return the column of real values; a value that is not a level gets code 0."""
        position = {value: code for code, value in enumerate(self.values)}
        return self.column(np.array([position.get(value, 0) for value in values], dtype=np.int64))


class QuantileFunction:
    """The quantile function of a numeric variable, flat at its atoms (values that many rows share)."""

    def __init__(self, statistics: QuantileStatistics) -> None:
        self._step = statistics["step"]
        # Each knot is reached after a further share of the values; an atom then holds its own share.
        share = statistics["share"]
        knots = np.stack([share, statistics.get("atom", [0] * len(share))], axis=1)
        self._share = np.cumsum(knots.ravel()) / knots.sum()
        self._value = np.repeat(self._in_units(np.array(statistics["value"], dtype=np.float64)), 2)
        self._atoms = self._value[::2][knots[:, 1] > 0]

    def column(self, values: Sequence[float] | Floats) -> Column:
        """Return the column of numbers, NaN where missing; an atom scores the middle of its share."""
        array = np.asarray(values, dtype=np.float64)
        low, high = self._shares(array)
        missing = np.isnan(array)
        share = np.where(missing, 0.5, (low + high) / 2)
        # An atom has a bin of its own, as long as enough bins are available.
        left, right = (np.searchsorted(self._atoms, array, side=side) for side in ("left", "right"))
        count = QUANTILE_BINS + len(self._atoms)
        bins = (share * QUANTILE_BINS + (left + right) / 2) * min(1, (MAX_BINS - 2) / count)
        bins = 1 + np.minimum(bins, MAX_BINS - 2)
        return Column(
            np.where(missing, 0, bins).astype(np.uint8), normal_score(share).astype(np.float32), array
        )

    def randomized_scores(self, values: Floats, random: np.random.Generator) -> Floats:
        """Return normal scores of numbers, those of an atom drawn evenly from its share (Dunn and Smyth, 1996)."""
        low, high = self._shares(values)
        return normal_score(low + random.random(len(values)) * (high - low))

    def values(self, share: Floats) -> Floats:
        """Return the value at each share in [0, 1], in units, rounded to the variable's step."""
        values: Floats = np.interp(share, self._share, self._value)
        return self._in_units(np.round(values / self._step)) if self._step else values

    def _in_units(self, steps: Floats) -> Floats:
        return np.round(steps * self._step, 6) if self._step else steps

    def _shares(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the shares of numbers below each value, and up to it."""
        last = len(self._value) - 1
        low, high = np.searchsorted(self._value, values), np.searchsorted(self._value, values, side="right")
        between = np.interp(values, self._value, self._share)
        atom = high > low
        return (
            np.where(atom, self._share[np.minimum(low, last)], between),
            np.where(atom, self._share[np.clip(high - 1, 0, last)], between),
        )
