"""Fit a chain variable by variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import numpy as np
import polars as pl

from home_credit.synthetic.chain import (
    Levels,
    NumericVariable,
    QuantileFunction,
    normal_share,
)
from home_credit.synthetic.chain.variables import draw_column, variable_of
from home_credit.synthetic.fitting.marginals import (
    ATOM,
    MIN_ROWS,
    SHARE_UNIT,
    combinations,
    levels_of,
    quantile_function,
    residual_quantiles,
    supported_shares,
)
from home_credit.synthetic.fitting.regression import sparse_linear
from home_credit.synthetic.fitting.trees import MIN_LEAF_ROWS, GrownTree, TreeGrower

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from home_credit.synthetic.chain import Codes, Column, Context, Floats, Scores
    from home_credit.synthetic.chain.columns import Bins, Mask
    from home_credit.synthetic.statistics import (
        CategoricalStatistics,
        ChainStatistics,
        ComponentStatistics,
        CorrectionStatistics,
        NumericStatistics,
        VariableStatistics,
    )

SEED = 1
LEVEL_GAIN, CORRECTION_GAIN, RESIDUAL_GAIN = 30, 40, 25
CORRECTION_LEAVES = 24
DECILES = 10


class FitOptions(TypedDict, total=False):
    """How closely a variable is fitted.

    ``leaves`` of its tree, of ``min_rows`` each, and the ``unit`` of shares in them; ``knots`` of its quantile
    function, the share that makes an ``atom``, and the number of ``corrections``.
    """

    leaves: int
    min_rows: int
    unit: int
    knots: int
    atom: float
    corrections: int


class ChainFitter:
    """Fits the variables of a chain, each given those before it.

    Beside the real ``context`` it keeps a ``simulated`` one, drawn from what was fitted so far: each new
    variable's marginal is corrected there, so that errors of earlier variables do not show in its distribution
    among the rows of application_train. ``target`` (NaN where unknown) orders levels.
    """

    def __init__(
        self,
        given: Context,
        simulated: Context,
        target: Floats,
        *,
        leaves: int = 28,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.context, self.simulated = dict(given), dict(simulated)
        self.variables: list[VariableStatistics] = []
        self._given, self._target, self._leaves, self._progress = list(given), target, leaves, progress
        self._random = np.random.default_rng(SEED)
        self._in_train = given["SPLIT"].values == 0

    def statistics(self) -> ChainStatistics:
        """Return the statistics of the chain."""
        return {"given": self._given, "variables": self.variables}

    def fit_categorical(
        self, series: pl.Series, options: FitOptions, *, presence: tuple[str, int | str] | None = None
    ) -> None:
        """Fit a categorical variable; where ``presence`` names another variable and its value, only those rows."""
        marginal = levels_of(series, self._target)
        column = Levels(marginal).encode(series.to_list())
        classes = len(marginal["values"])
        codes: Codes = column.values.astype(np.int64)
        statistics: CategoricalStatistics = {**marginal, "tree": [], "leaves": []}  # type: ignore[typeddict-item]
        present = np.ones(len(codes), dtype=bool)
        if presence is not None:
            statistics["presence"] = (presence[0], self._code(*presence))
            present = self.context[presence[0]].values == statistics["presence"][1]
        bins, _ = _arrays(self.context, present)
        min_rows = options.get("min_rows", MIN_LEAF_ROWS)
        grower = TreeGrower(bins, codes[present], classes, ordered=False, min_rows=min_rows)
        grown = grower.grow(options.get("leaves", self._leaves), LEVEL_GAIN)
        statistics["tree"] = grown.preorder
        shares = np.stack([supported_shares(path) for path in grown.counts])
        in_train, every = codes[present & self._in_train], codes[present]
        count = np.bincount(in_train, minlength=classes)
        wanted = np.where(
            count >= MIN_ROWS, count / len(in_train), np.bincount(every, minlength=classes) / len(every)
        )
        for _ in range(3):
            statistics["leaves"] = [_sparse(share, options.get("unit")) for share in shares]
            drawn = self._simulate(statistics).values[self._simulated_rows(statistics)].astype(np.int64)
            simulated = np.bincount(drawn, minlength=classes) / len(drawn)
            shares *= np.clip(wanted / np.maximum(simulated, 1e-9), 0.5, 2)
        self._add(statistics, column)

    def fit_composite(self, name: str, components: pl.DataFrame, options: FitOptions) -> None:
        """Fit a composite variable, and the columns that it combines as its components."""
        levels, codes = combinations(components)
        self.fit_categorical(codes.rename(name), options)
        for column in levels.columns:
            marginal = levels_of(levels[column].gather(codes), self._target)
            position = {value: code for code, value in enumerate(marginal["values"])}
            of_level = [position[value] for value in levels[column]]
            statistics: ComponentStatistics = {**marginal, "of": name, "codes": of_level}
            self._add(statistics, Levels(marginal).column(np.array(of_level)[codes.to_numpy()]))

    def fit_numeric(
        self,
        series: pl.Series,
        options: FitOptions,
        *,
        step: float,
        presence: tuple[str, int | str] | None = None,
    ) -> None:
        """Fit a numeric variable that is rounded to ``step``, after a variable that says where it is present.

        ``presence`` names that variable and its value; where it is None and values are missing, a variable
        of the same name with a question mark is fitted first.
        """
        values = series.cast(pl.Float64).to_numpy().astype(float)
        present = ~np.isnan(values)
        if presence is None and not present.all():
            presence = (f"{series.name}?", 1)
            self.fit_categorical(pl.Series(presence[0], present.astype(int)), {})
        knots, atom = options.get("knots", 41), options.get("atom", ATOM)
        marginal = quantile_function(series.name, values[self._in_train], step=step, knots=knots, atom=atom)
        statistics: NumericStatistics = {
            **marginal,  # type: ignore[typeddict-item]  # a marginal has no presence
            "linear": [],
            "corrections": [],
            "tree": [],
            "leaves": [],
        }
        if presence is not None:
            statistics["presence"] = (presence[0], self._code(*presence))
        bins, scores = _arrays(self.context, present)
        normal = QuantileFunction(marginal).randomized_scores(values[present], self._random)
        weight = sparse_linear(scores, normal)
        residual = normal - weight @ scores
        statistics["linear"] = [
            int(x) for at in np.flatnonzero(weight) for x in (at, round(weight[at] * 1000))
        ]
        statistics["corrections"], residual = _corrections(bins, residual, options.get("corrections", 3))
        grown = _grow_on_deciles(bins, residual, options.get("leaves", self._leaves), RESIDUAL_GAIN)
        statistics["tree"] = grown.preorder
        quantiles = [residual_quantiles(residual[grown.leaf == each]) for each in range(len(grown.counts))]
        steps = np.diff(np.round(np.array(quantiles) * 100).astype(int), axis=1, prepend=0)
        statistics["leaves"] = steps.tolist()
        self._correct_marginal(statistics)
        self._add(statistics, QuantileFunction(statistics).column(values))

    def _code(self, name: str, value: int | str) -> int:
        """Return the code of a value of an earlier categorical variable."""
        return next(
            each["values"].index(value)
            for each in self.variables
            if each["name"] == name and "values" in each
        )

    def _correct_marginal(self, statistics: NumericStatistics) -> None:
        """Move the shares of the quantile function to the distribution of the scores of simulated rows."""
        bins, scores = _arrays(self.simulated)
        drawn = NumericVariable(statistics).draw_score(bins, scores, bins.shape[1], self._random)
        drawn = drawn[self._simulated_rows(statistics)]
        if len(drawn) < 1000:
            return
        share = statistics["share"]
        knots = np.stack([share, statistics.get("atom", [0] * len(share))], axis=1)
        cumulated = np.minimum(np.cumsum(knots.ravel()) / knots.sum(), 1)
        moved = np.quantile(normal_share(drawn), cumulated)
        moved = np.diff(np.round(moved * SHARE_UNIT).astype(int), prepend=0)
        statistics["share"] = moved[::2].tolist()
        if "atom" in statistics:
            statistics["atom"] = moved[1::2].tolist()

    def _simulated_rows(self, statistics: CategoricalStatistics | NumericStatistics) -> Mask:
        """Return which simulated rows of application_train have the variable."""
        rows: Mask = self._in_train
        if "presence" in statistics:
            name, code = statistics["presence"]
            rows = rows & (self.simulated[name].values == code)
        return rows

    def _simulate(self, statistics: VariableStatistics) -> Column:
        bins, scores = _arrays(self.simulated)
        return draw_column(variable_of(statistics), self.simulated, bins, scores, self._random)

    def _add(self, statistics: VariableStatistics, column: Column) -> None:
        name = statistics["name"]
        self.variables.append(statistics)
        self.context[name] = column
        self.simulated[name] = self._simulate(statistics)
        if self._progress is not None:
            self._progress(name)


def _arrays(context: Mapping[str, Column], rows: Mask | slice = slice(None)) -> tuple[Bins, Scores]:
    """Return bins and scores of some rows, of shape (variables, rows)."""
    columns = context.values()
    return (
        np.stack([column.bins[rows] for column in columns]),
        np.stack([column.score[rows] for column in columns]),
    )


def _sparse(shares: Floats, unit: int | None) -> list[int]:
    """Return level codes with their shares in whole numbers, those that round to 0 left out."""
    unit = unit or (9999 if len(shares) <= 4 else 600 if len(shares) <= 30 else 300)
    whole = np.round(shares / shares.sum() * unit).astype(int)
    whole[whole.argmax()] += 1
    return [int(x) for code in np.flatnonzero(whole) for x in (code, whole[code])]


def _grow_on_deciles(bins: Bins, values: Floats, leaves: int, min_gain: float) -> GrownTree:
    """Grow a tree that separates the deciles of some values."""
    decile = np.argsort(np.argsort(values)) * DECILES // len(values)
    return TreeGrower(bins, decile, DECILES, ordered=True).grow(leaves, min_gain)


def _corrections(bins: Bins, residual: Floats, most: int) -> tuple[list[CorrectionStatistics], Floats]:
    """Return trees with a mean residual per leaf, fitted one after the other, and the remaining residuals."""
    corrections: list[CorrectionStatistics] = []
    for _ in range(most):
        grown = _grow_on_deciles(bins, residual, CORRECTION_LEAVES, CORRECTION_GAIN)
        if len(grown.counts) == 1:
            break
        means = np.bincount(grown.leaf, residual) / np.bincount(grown.leaf)
        means = np.round(means * 100).astype(int)
        corrections.append({"tree": grown.preorder, "means": means.tolist()})
        residual = residual - means[grown.leaf] / 100
    return corrections, residual
