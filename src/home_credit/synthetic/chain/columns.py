"""Columns: the input and output of drawing the variables of a chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bins = NDArray[np.uint8]
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]

MAX_BINS = 250


@dataclass(frozen=True)
class Column:
    """One variable of n rows, as later variables and the decoders use it.

    ``bins`` (at most :data:`MAX_BINS`, 0 where a number is missing) are for trees and ``score`` (normal scores)
    for linear functions; ``values`` are level codes of a categorical variable, numbers (NaN where missing) of a
    numeric one.
    """

    bins: Bins
    score: Scores
    values: Codes | Floats

    def take(self, rows: Codes) -> Column:
        """Return the column at ``rows``, to repeat a client's value for each row of a history."""
        return Column(self.bins[rows], self.score[rows], self.values[rows])


Context = dict[str, Column]
