"""Draw correlated columns one after the other from statistics of real tables.

A chain is a list of variables. Each is drawn given those before it: a small tree over the earlier variables
picks a leaf, and the leaf says how the variable is distributed there. A categorical variable (:class:`Levels`)
has shares in its leaves. A numeric one (:class:`Number`) is the sum, on the scale of normal scores, of a linear
function of the earlier variables, of corrections by small trees, and of a remainder whose quantiles stand in
the leaves; its own quantile function brings the sum back to units, flat where the real column has favourite
values.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Scores = NDArray[np.float32]
    Codes = NDArray[np.int64]

MAX_BINS = 250
QUANTILE_BINS = (
    56  # into which a numeric variable is cut, favourite values apart; bin 0 holds what is missing
)
_Z = np.linspace(-4.5, 4.5, 1801)
_PHI = np.array([0.5 * (1 + erf(z / sqrt(2))) for z in _Z])
# Shares of a leaf below which the stored remainders lie: closer in the tails, where shapes differ most.
LEVELS = np.array([0, 0.01, 0.04, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 0.99, 1])


def normal_score(share: Floats) -> Floats:
    """Return the standard normal quantile of each share in [0, 1], within ±4.5."""
    score: Floats = np.interp(share, _PHI, _Z)
    return score


def normal_share(score: Floats) -> Floats:
    """Return the standard normal distribution function."""
    share: Floats = np.interp(score, _Z, _PHI)
    return share


@dataclass(frozen=True)
class Column:
    """A variable as the later ones see it: ``bins`` for trees, ``score`` for linear parts, ``values`` for us.

    ``values`` are codes for categorical variables and numbers (NaN where missing) for numeric ones.
    """

    bins: NDArray[np.uint8]
    score: Scores
    values: NDArray[Any]

    def take(self, rows: Codes) -> Column:
        """Repeat or reorder the rows, to hand a client's variables to the rows of a history."""
        return Column(self.bins[rows], self.score[rows], self.values[rows])


Context = dict[str, Column]


class Tree:
    """A binary tree over bins, stored in preorder as ``variable, cut`` pairs; a leaf is ``-1``."""

    def __init__(self, preorder: Sequence[int]) -> None:
        feature: list[int] = []
        cut: list[int] = []
        right: list[int] = []
        leaf: list[int] = []
        position = leaves = 0

        def grow() -> None:
            nonlocal position, leaves
            node = len(feature)
            for array in (feature, cut, right, leaf):
                array.append(-1)
            feature[node] = preorder[position]
            position += 1
            if feature[node] < 0:
                leaf[node], leaves = leaves, leaves + 1
                return
            cut[node] = preorder[position]
            position += 1
            grow()
            right[node] = len(feature)
            grow()

        grow()
        self.leaves = leaves
        self._feature, self._cut, self._right, self._leaf = (
            np.array(array, dtype=np.int64) for array in (feature, cut, right, leaf)
        )

    def apply(self, bins: NDArray[np.uint8], rows: int) -> Codes:
        """Return the leaf of each row; ``bins`` is variables by rows."""
        node = np.zeros(rows, dtype=np.int64)
        active = np.arange(rows)
        while True:
            active = active[self._feature[node[active]] >= 0]
            if not active.size:
                return self._leaf[node]
            at = node[active]
            left = bins[self._feature[at], active] <= self._cut[at]
            node[active] = np.where(left, at + 1, self._right[at])


class Levels:
    """A categorical variable: ``values`` by code, and in each leaf of its tree the shares of some codes."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name: str = facts["name"]
        self.values: list[Any] = facts["values"]
        self._scores: Scores = np.array(facts["scores"], dtype=np.float32) / np.float32(100)
        if "tree" in facts:
            self._tree = Tree(facts["tree"])
            shares = [np.array(leaf[1::2], dtype=np.float64) for leaf in facts["leaves"]]
            self._codes = np.concatenate([np.array(leaf[::2], dtype=np.int64) for leaf in facts["leaves"]])
            self._upper = np.concatenate(
                [number + np.cumsum(share) / share.sum() for number, share in enumerate(shares)]
            )

    def column(self, codes: Codes) -> Column:
        """Wrap given codes."""
        count = len(self.values)
        bins = codes if count <= MAX_BINS else codes * MAX_BINS // count
        return Column(bins.astype(np.uint8), self._scores[codes], codes)

    def encode(self, values: Sequence[Any]) -> Column:
        """Wrap real values; those never listed count as the first level."""
        position = {value: code for code, value in enumerate(self.values)}
        return self.column(np.array([position.get(value, 0) for value in values], dtype=np.int64))

    def draw(self, bins: NDArray[np.uint8], scores: Scores, rows: int, random: np.random.Generator) -> Column:
        """Draw one code per row."""
        del scores
        leaf = self._tree.apply(bins, rows)
        at = np.searchsorted(self._upper, leaf + random.random(rows), side="right")
        return self.column(self._codes[np.minimum(at, len(self._codes) - 1)])


class Number:
    """A numeric variable; ```presence`` names the earlier variable, and its code, with which it is there."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name: str = facts["name"]
        self._step: float = facts["step"]
        # Each knot is reached after a further share of the values; a favourite value then holds its own.
        knots = np.stack([facts["share"], facts.get("favourite", np.zeros(len(facts["share"])))], axis=1)
        self._share = np.cumsum(knots.ravel()) / knots.sum()
        self._value = np.repeat(self._in_units(np.array(facts["value"], dtype=np.float64)), 2)
        self._favourites = self._value[::2][knots[:, 1] > 0]
        self.presence: tuple[str, int] | None = facts.get("presence")
        if "tree" in facts:
            self._tree = Tree(facts["tree"])
            self._linear = np.array(facts["linear"][::2], dtype=np.int64)
            self._weight = np.array(facts["linear"][1::2], dtype=np.float64) / 1000
            self._corrections = [
                (Tree(each["tree"]), np.array(each["means"], dtype=np.float64) / 100)
                for each in facts["corrections"]
            ]
            remainders = np.cumsum(facts["leaves"], axis=1) / 100  # stored as first value and steps
            self._remainder = remainders.ravel()
            leaves = np.arange(len(remainders))[:, None]
            self._at = (leaves + np.clip(LEVELS, 1e-9, 1 - 1e-9)).ravel()

    def _in_units(self, steps: Floats) -> Floats:
        return np.round(steps * self._step, 6) if self._step else steps

    def column(self, values: Sequence[float] | Floats) -> Column:
        """Wrap numbers, NaN where missing; a favourite value stands in the middle of its share."""
        array = np.asarray(values, dtype=np.float64)
        low, high = self._shares(array)
        share = np.where(np.isnan(array), 0.5, (low + high) / 2)
        missing = np.isnan(array)
        # A favourite value has a bin of its own, as long as there are bins enough.
        sides = (np.searchsorted(self._favourites, array, side=side) for side in ("left", "right"))
        count = QUANTILE_BINS + len(self._favourites)
        bins = (share * QUANTILE_BINS + sum(sides) / 2) * min(1, (MAX_BINS - 2) / count)
        bins = 1 + np.minimum(bins, MAX_BINS - 2)
        return Column(
            np.where(missing, 0, bins).astype(np.uint8), normal_score(share).astype(np.float32), array
        )

    def spread(self, values: Floats, random: np.random.Generator) -> Floats:
        """Return normal scores of numbers, those of a favourite value spread evenly over its share."""
        low, high = self._shares(values)
        return normal_score(low + random.random(len(values)) * (high - low))

    def _shares(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the shares of numbers below each value, and up to it."""
        last = len(self._value) - 1
        low, high = np.searchsorted(self._value, values), np.searchsorted(self._value, values, side="right")
        between = np.interp(values, self._value, self._share)
        favourite = high > low
        return (
            np.where(favourite, self._share[np.minimum(low, last)], between),
            np.where(favourite, self._share[np.clip(high - 1, 0, last)], between),
        )

    def draw(self, bins: NDArray[np.uint8], scores: Scores, rows: int, random: np.random.Generator) -> Column:
        """Draw one number per row, as though none were missing."""
        share = normal_share(self.sum(bins, scores, rows, random))
        values = np.interp(share, self._share, self._value)
        return self.column(self._in_units(np.round(values / self._step)) if self._step else values)

    def sum(self, bins: NDArray[np.uint8], scores: Scores, rows: int, random: np.random.Generator) -> Floats:
        """Return the sum of line, corrections and remainder, one per row."""
        leaf = self._tree.apply(bins, rows)
        score: Floats = np.interp(leaf + random.random(rows), self._at, self._remainder)
        if self._linear.size:
            score += np.einsum("i,ij->j", self._weight, scores[self._linear])
        for tree, means in self._corrections:
            score += means[tree.apply(bins, rows)]
        return score

    def blank(self, column: Column, missing: NDArray[np.bool_]) -> Column:
        """Return the column with values taken away."""
        return Column(
            np.where(missing, 0, column.bins).astype(np.uint8),
            np.where(missing, 0, column.score).astype(np.float32),
            np.where(missing, np.nan, column.values),
        )


Variable = Levels | Number


def variable(facts: Mapping[str, Any]) -> Variable:
    """Make a variable of its statistics."""
    return Levels(facts) if "values" in facts else Number(facts)


class Chain:
    """Variables to be drawn in order, given those of a context named in ``given``."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.given: list[str] = facts["given"]
        self.variables = [variable(each) for each in facts["variables"]]

    def draw(self, context: Context, rows: int, random: np.random.Generator) -> Context:
        """Return the chain's own columns, ``rows`` of each."""
        size = len(self.given) + len(self.variables)
        bins = np.empty((size, rows), dtype=np.uint8)
        scores = np.empty((size, rows), dtype=np.float32)
        for number, name in enumerate(self.given):
            bins[number], scores[number] = context[name].bins, context[name].score
        drawn: Context = {}
        for number, each in enumerate(self.variables, start=len(self.given)):
            column = each.draw(bins, scores, rows, random)
            if isinstance(each, Number) and each.presence is not None:
                name, code = each.presence
                column = each.blank(column, drawn[name].values != code)
            drawn[each.name] = column
            bins[number], scores[number] = column.bins, column.score
        return drawn


def frame_of(chain: Chain, drawn: Context) -> pl.DataFrame:
    """Return what was drawn in units and categories, one column per variable."""
    columns = []
    for each in chain.variables:
        values = drawn[each.name].values
        if isinstance(each, Levels):
            columns.append(pl.Series(each.name, each.values)[values])
        else:
            columns.append(pl.Series(each.name, values, nan_to_null=True))
    return pl.DataFrame(columns)
