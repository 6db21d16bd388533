"""Draw correlated columns one after the other from statistics of real tables.

A chain is a list of variables. Each is drawn given those before it: a small tree over the earlier variables
picks a leaf, and the leaf says how the variable is distributed there. A categorical variable (:class:`Levels`)
has shares in its leaves. A numeric one (:class:`Number`) is the sum, on the scale of normal scores, of a linear
function of the earlier variables and a remainder whose quantiles stand in the leaves; its own quantile
function brings the sum back to units, flat where the real column has favourite values.
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

MAX_BINS = 64
NUMBER_BINS = 32  # bin 0 holds what is missing
_Z = np.linspace(-4.5, 4.5, 1801)
_PHI = np.array([0.5 * (1 + erf(z / sqrt(2))) for z in _Z])
# Shares of a leaf below which the stored remainders lie: closer in the tails, where shapes differ most.
LEVELS = np.array([0, 0.005, 0.02, 0.05, 0.1, 0.17, 0.25, 0.33, 0.42, 0.5, 0.58, 0.67, 0.75, 0.83, 0.9, 0.95,
                   0.98, 0.995, 1])  # fmt: skip


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

    def encode(self, values: Sequence[Any], random: np.random.Generator) -> Column:  # noqa: ARG002 - as Number's
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
    """A numeric variable; ``presence`` names the earlier variable that is 0 where it is missing."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name: str = facts["name"]
        self._share = np.cumsum(np.array(facts["share"], dtype=np.float64))
        self._share /= self._share[-1]
        self._value = np.array(facts["value"], dtype=np.float64)
        self._step: float = facts.get("step", 0)
        self.presence: str | None = facts.get("presence")
        if "tree" in facts:
            self._tree = Tree(facts["tree"])
            self._linear = np.array(facts["linear"][::2], dtype=np.int64)
            self._weight = np.array(facts["linear"][1::2], dtype=np.float64) / 1000
            remainders = np.array(facts["leaves"], dtype=np.float64) / 100
            self._remainder = remainders.ravel()
            leaves = np.arange(len(remainders))[:, None]
            self._at = (leaves + np.clip(LEVELS, 1e-9, 1 - 1e-9)).ravel()

    def _column(self, score: Floats, values: Floats) -> Column:
        bins = 1 + np.minimum(normal_share(score) * (NUMBER_BINS - 1), NUMBER_BINS - 2).astype(np.uint8)
        missing = np.isnan(values)
        return Column(
            np.where(missing, 0, bins).astype(np.uint8),
            np.where(missing, 0, score).astype(np.float32),
            values,
        )

    def encode(self, values: Sequence[float] | Floats, random: np.random.Generator) -> Column:
        """Wrap real values, NaN where missing; those on a favourite value are spread over its share."""
        array = np.asarray(values, dtype=np.float64)
        low, high = np.searchsorted(self._value, array), np.searchsorted(self._value, array, side="right")
        last = len(self._value) - 1
        between = np.interp(array, self._value, self._share)
        first_share = np.where(high > low, self._share[np.minimum(low, last)], between)
        last_share = np.where(high > low, self._share[np.clip(high - 1, 0, last)], between)
        share = first_share + random.random(len(array)) * (last_share - first_share)
        return self._column(normal_score(np.where(np.isnan(array), 0.5, share)), array)

    def draw(self, bins: NDArray[np.uint8], scores: Scores, rows: int, random: np.random.Generator) -> Column:
        """Draw one number per row, as though none were missing."""
        leaf = self._tree.apply(bins, rows)
        score = np.interp(leaf + random.random(rows), self._at, self._remainder)
        if self._linear.size:
            score = score + np.einsum("i,ij->j", self._weight, scores[self._linear])
        score = np.clip(score, -4.5, 4.5)
        values = np.interp(normal_share(score), self._share, self._value)
        return self._column(score, np.round(values / self._step) * self._step if self._step else values)

    def blank(self, column: Column, missing: NDArray[np.bool_]) -> Column:
        """Return the column with values taken away."""
        return self._column(
            column.score.astype(np.float64), np.where(missing, np.nan, column.values.astype(np.float64))
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
                column = each.blank(column, drawn[each.presence].values == 0)
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
