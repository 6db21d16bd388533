"""Checks many numbers of several columns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from home_credit.tables.schema import SMALLEST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import NDArray

    from home_credit.tables.schema import Column

# The types of plain numbers and missing values; a bool is neither, though NumPy converts it.
KINDS = frozenset({int, float, type(None)})


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the values of some columns may be, as arrays: ``low`` and ``high`` of shape (columns, 1).

    ``exceptions`` are the columns with sentinels and these, of shape (exceptions,) and (exceptions, 1); ``whole`` and
    ``required`` are columns; ``levels`` has the values of columns that do not take every whole number of their range.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    exceptions: tuple[NDArray[np.intp], NDArray[np.float64]]
    whole: NDArray[np.intp]
    required: NDArray[np.intp]
    levels: tuple[tuple[int, frozenset[float]], ...]

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Self:
        """Return the arrays of columns that hold numbers; each has at most one sentinel beyond its range."""
        exceptions = [
            (place, value)
            for place, column in enumerate(columns)
            for value in column.sentinels
            if not isinstance(value, str) and not column.minimum <= value <= column.maximum
        ]
        return cls(
            np.array([[column.minimum] for column in columns], dtype=np.float64).reshape(-1, 1),
            np.array([[column.maximum] for column in columns], dtype=np.float64).reshape(-1, 1),
            (
                np.array([place for place, _ in exceptions], dtype=np.intp),
                np.array([value for _, value in exceptions], dtype=np.float64).reshape(-1, 1),
            ),
            np.flatnonzero([column.dtype == "integer" for column in columns]),
            np.flatnonzero([column.required for column in columns]),
            tuple(
                (place, frozenset(float(value) for value in column.values))
                for place, column in enumerate(columns)
                if column.values and not _all_whole(column)
            ),
        )

    def fit(self, matrix: NDArray[np.float64], missing: int) -> bool:
        """Return whether all numbers of shape (columns, rows) are plain and ``missing`` of them NaN, none required."""
        # NaN and infinities are within no range: a value outside of its own must be missing.
        valid = (matrix >= self.low) & (matrix <= self.high)
        columns, sentinels = self.exceptions
        if columns.size:
            valid[columns] |= matrix[columns] == sentinels
        size = np.abs(matrix)
        valid &= (size >= SMALLEST) | (size == 0)
        if np.count_nonzero(valid) + missing != matrix.size:
            return False
        if missing and not valid[self.required].all():
            return False
        whole = matrix[self.whole]
        fractions = whole != np.floor(whole)
        if (fractions & valid[self.whole] if missing else fractions).any():
            return False
        return all(known.issuperset(matrix[place][valid[place]].tolist()) for place, known in self.levels)


def _all_whole(column: Column) -> bool:
    whole = range(int(column.minimum), int(column.maximum) + 1)
    return column.dtype == "integer" and set(column.values) == set(whole)
