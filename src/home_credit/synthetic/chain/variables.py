"""Variables with their conditional distributions, given the earlier variables of a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.synthetic.chain.columns import Column
from home_credit.synthetic.chain.marginals import Levels, QuantileFunction, normal_share
from home_credit.synthetic.chain.tree import Tree

if TYPE_CHECKING:
    from home_credit.synthetic.chain.columns import Bins, Context, Floats, Mask, Scores
    from home_credit.synthetic.statistics import (
        CategoricalStatistics,
        ComponentStatistics,
        NumericStatistics,
        VariableStatistics,
    )

# Shares of a leaf below which the stored residuals lie: closer in the tails, where shapes differ most.
RESIDUAL_SHARES = np.array([0, 0.01, 0.04, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 0.99, 1])


class CategoricalVariable:
    """A categorical variable: each leaf of its tree holds the shares of some levels.

    ``presence`` names the earlier variable, and the code of it, with which it is present; elsewhere it is None.
    """

    def __init__(self, statistics: CategoricalStatistics) -> None:
        self.name = statistics["name"]
        self.presence = statistics.get("presence")
        self.levels = Levels(statistics)
        self._tree = Tree(statistics["tree"])
        leaves = [(leaf[::2], np.cumsum(leaf[1::2])) for leaf in statistics["leaves"]]
        self._codes = np.concatenate([np.array(codes, dtype=np.int64) for codes, _ in leaves])
        self._upper = np.concatenate([leaf + share / share[-1] for leaf, (_, share) in enumerate(leaves)])

    def draw(self, bins: Bins, scores: Scores, rows: int, random: np.random.Generator) -> Column:
        """Draw one level per row; ``bins`` and ``scores`` have the shape (earlier variables, rows)."""
        del scores
        leaf = self._tree.apply(bins, rows)
        at = np.searchsorted(self._upper, leaf + random.random(rows), side="right")
        return self.levels.column(self._codes[np.minimum(at, len(self._codes) - 1)])


class NumericVariable:
    """A numeric variable; ``presence`` names the earlier variable, and the code of it, with which it is present."""

    def __init__(self, statistics: NumericStatistics) -> None:
        self.name = statistics["name"]
        self.presence = statistics.get("presence")
        self.marginal = QuantileFunction(statistics)
        self._tree = Tree(statistics["tree"])
        self._linear = np.array(statistics["linear"][::2], dtype=np.int64)
        self._weight = np.array(statistics["linear"][1::2], dtype=np.float64) / 1000
        self._corrections = [
            (Tree(each["tree"]), np.array(each["means"], dtype=np.float64) / 100)
            for each in statistics["corrections"]
        ]
        residuals = np.cumsum(statistics["leaves"], axis=1) / 100  # stored as first value and steps
        self._residual = residuals.ravel()
        leaves = np.arange(len(residuals))[:, None]
        self._at = (leaves + np.clip(RESIDUAL_SHARES, 1e-9, 1 - 1e-9)).ravel()

    def draw(self, bins: Bins, scores: Scores, rows: int, random: np.random.Generator) -> Column:
        """Draw one number per row, as though none were missing; shapes as in :meth:`CategoricalVariable.draw`."""
        share = normal_share(self.draw_score(bins, scores, rows, random))
        return self.marginal.column(self.marginal.values(share))

    def draw_score(self, bins: Bins, scores: Scores, rows: int, random: np.random.Generator) -> Floats:
        """Draw the sum of linear function, corrections and residual: one normal score per row."""
        leaf = self._tree.apply(bins, rows)
        score: Floats = np.interp(leaf + random.random(rows), self._at, self._residual)
        if self._linear.size:
            score += np.einsum("i,ij->j", self._weight, scores[self._linear])
        for tree, means in self._corrections:
            score += means[tree.apply(bins, rows)]
        return score


class ComponentVariable:
    """A categorical variable that follows from the level of an earlier, composite one."""

    def __init__(self, statistics: ComponentStatistics) -> None:
        self.name = statistics["name"]
        self.levels = Levels(statistics)
        self._composite = statistics["of"]
        self._codes = np.array(statistics["codes"], dtype=np.int64)

    def derive(self, context: Context) -> Column:
        """Return the component of the composite in ``context``."""
        return self.levels.column(self._codes[context[self._composite].values.astype(np.int64)])


Variable = CategoricalVariable | ComponentVariable | NumericVariable


def variable_of(statistics: VariableStatistics) -> Variable:
    """Return the variable that some statistics describe."""
    if "of" in statistics:
        return ComponentVariable(statistics)
    return CategoricalVariable(statistics) if "values" in statistics else NumericVariable(statistics)


def _masked(variable: CategoricalVariable | NumericVariable, column: Column, missing: Mask) -> Column:
    """Return a column with values taken away."""
    if isinstance(variable, CategoricalVariable):
        codes = np.where(missing, variable.levels.values.index(None), column.values)
        return variable.levels.column(codes.astype(np.int64))
    return Column(
        np.where(missing, 0, column.bins).astype(np.uint8),
        np.where(missing, 0, column.score).astype(np.float32),
        np.where(missing, np.nan, column.values),
    )


def draw_column(
    variable: Variable, context: Context, bins: Bins, scores: Scores, random: np.random.Generator
) -> Column:
    """Draw a variable given ``context`` (by name) and the same columns as arrays, blank where it is not present."""
    if isinstance(variable, ComponentVariable):
        return variable.derive(context)
    column = variable.draw(bins, scores, bins.shape[1], random)
    if variable.presence is not None:
        name, code = variable.presence
        column = _masked(variable, column, context[name].values != code)
    return column
