"""A chain of variables, drawn in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic.chain.variables import NumericVariable, draw_column, variable_of

if TYPE_CHECKING:
    from home_credit.synthetic.chain.columns import Context
    from home_credit.synthetic.statistics import ChainStatistics


class Chain:
    """Variables to draw in order, given the columns ``given`` of a context."""

    def __init__(self, statistics: ChainStatistics) -> None:
        self.given = statistics["given"]
        self.variables = [variable_of(each) for each in statistics["variables"]]

    def draw(self, context: Context, rows: int, random: np.random.Generator) -> Context:
        """Return the chain's own columns, ``rows`` of each."""
        size = len(self.given) + len(self.variables)
        bins = np.empty((size, rows), dtype=np.uint8)
        scores = np.empty((size, rows), dtype=np.float32)
        for number, name in enumerate(self.given):
            bins[number], scores[number] = context[name].bins, context[name].score
        drawn: Context = {}
        for number, variable in enumerate(self.variables, start=len(self.given)):
            column = draw_column(variable, drawn, bins, scores, random)
            drawn[variable.name] = column
            bins[number], scores[number] = column.bins, column.score
        return drawn


def frame_of(chain: Chain, drawn: Context) -> pl.DataFrame:
    """Return the drawn variables in levels and units, one column per variable."""
    columns = []
    for variable in chain.variables:
        values = drawn[variable.name].values
        if isinstance(variable, NumericVariable):
            columns.append(pl.Series(variable.name, values, nan_to_null=True))
        else:
            columns.append(pl.Series(variable.name, variable.levels.values)[values])
    return pl.DataFrame(columns)
