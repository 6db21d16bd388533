"""Cells that the values of a column fall into: learnt from the reference, and stored with it.

Numbers fall between quantiles of the reference, where a value that fills a bin by itself (a flag, a zero, a sentinel)
has a cell of its own, and where the lowest and the highest thousandth have theirs: a wrong unit or sign fills these.
Numbers of few distinct values have a cell for each. Texts fall into their values. What the reference does not know is a
cell, and so is a missing value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]

BINS = 10
FEW_VALUES = 16
MOST_CATEGORIES = 200
TAIL = 0.001


@dataclass(frozen=True, slots=True)
class Bins:
    """The cells of one column.

    A column of texts has ``categories``, the most frequent first; their cells are followed by one for unknown values
    and one for missing values. A column of numbers has ``len(edges) + 1`` intervals, the upper edge included, then a
    cell for each of ``values``, then one for missing values. With ``edges`` the first and the last interval are the
    tails; without, the one interval takes the numbers that are not among ``values``.
    """

    edges: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    categories: tuple[str, ...] | None = None

    @classmethod
    def of(cls, rows: pl.Series, bins: int = BINS) -> Self:
        """Learn the cells from the reference, whose values may all be missing."""
        if not rows.dtype.is_numeric() and rows.dtype != pl.Null:
            texts = rows.drop_nulls().value_counts().sort(["count", rows.name], descending=[True, False])
            return cls(categories=tuple(texts[rows.name].head(MOST_CATEGORIES)))
        numbers = _numbers(rows)
        known = numbers[~np.isnan(numbers)]
        values, counts = np.unique(known, return_counts=True)
        if values.size <= FEW_VALUES:
            return cls(values=tuple(values.tolist()))
        atoms = values[counts >= known.size / bins]
        rest = known[~np.isin(known, atoms)]
        if not rest.size:
            return cls(values=tuple(atoms.tolist()))
        pieces = max(round(bins * rest.size / known.size), 1)
        inner = np.quantile(rest, np.arange(1, pieces) / pieces, method="inverted_cdf")
        low, high = np.quantile(known, [TAIL, 1 - TAIL], method="inverted_cdf")
        edges = np.unique([np.nextafter(low, -np.inf), *inner[(inner > low) & (inner < high)], high])
        return cls(tuple(edges.tolist()), tuple(atoms.tolist()))

    @property
    def cells(self) -> int:
        """How many cells there are."""
        if self.categories is not None:
            return len(self.categories) + 2
        return len(self.edges) + 1 + len(self.values) + 1

    @property
    def missing(self) -> int:
        """The cell of missing values."""
        return self.cells - 1

    @property
    def rare(self) -> dict[str, int]:
        """The cells that hardly anything of the reference is in: ``unseen``, or ``low`` and ``high``."""
        if self.categories is not None:
            return {"unseen": len(self.categories)}
        return {"low": 0, "high": len(self.edges)} if self.edges else {"unseen": 0}

    @property
    def numbers(self) -> NDArray[np.float64] | None:
        """A number for each cell, NaN for missing and unknown ones: the middle of an interval, the edge of a tail.

        ``None`` for texts.
        """
        if self.categories is not None:
            return None
        edges = np.array(self.edges)
        middles = [*edges[:1], *(edges[1:] + edges[:-1]) / 2, *edges[-1:]] if edges.size else [np.nan]
        return np.array([*middles, *self.values, np.nan])

    def codes(self, rows: pl.Series) -> Codes:
        """Return the cell of each row."""
        if self.categories is not None:
            known = {category: code for code, category in enumerate(self.categories)}
            texts = rows.cast(pl.String)
            codes = texts.replace_strict(known, default=len(known), return_dtype=pl.Int64)
            return codes.set(texts.is_null(), self.missing).to_numpy()
        x = _numbers(rows)
        cell = np.searchsorted(np.array(self.edges), x)
        if self.values:
            atoms = np.array(self.values)
            place = np.minimum(np.searchsorted(atoms, x), atoms.size - 1)
            cell = np.where(atoms[place] == x, len(self.edges) + 1 + place, cell)
        cell[np.isnan(x)] = self.missing
        return cell


def _numbers(rows: pl.Series) -> NDArray[np.float64]:
    return rows.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
