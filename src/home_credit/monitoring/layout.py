"""The cells of several columns, one after the other in one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from home_credit.errors import MissingColumnError
from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from home_credit.monitoring.bins import Bins

    Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """The cells of several columns, one after the other in one vector."""

    bins: Mapping[str, Bins]

    @property
    def cells(self) -> int:
        """How many cells there are in all."""
        return sum(bins.cells for bins in self.bins.values())

    def slices(self) -> dict[str, slice]:
        """Return the place of each column's cells in the vector."""
        ends = np.cumsum([bins.cells for bins in self.bins.values()]).tolist()
        return {
            name: slice(end - bins.cells, end)
            for (name, bins), end in zip(self.bins.items(), ends, strict=True)
        }

    def codes(self, rows: pl.DataFrame) -> Counts:
        """Return the place in the vector of each value: (rows, columns).

        Raises :class:`MissingColumnError` where the rows lack a column.
        """
        self._require(rows)
        starts = {name: place.start for name, place in self.slices().items()}
        coded = [bins.codes(rows[name]) + starts[name] for name, bins in self.bins.items()]
        return np.stack(coded, axis=1) if coded else np.empty((len(rows), 0), dtype=np.int64)

    def count(self, rows: pl.DataFrame) -> Counts:
        """Return how many values of the rows are in each cell; one column at a time, to bound the memory.

        Raises :class:`MissingColumnError` where the rows lack a column.
        """
        self._require(rows)
        counts = [
            np.bincount(bins.codes(rows[name]), minlength=bins.cells) for name, bins in self.bins.items()
        ]
        return np.concatenate(counts).astype(np.int64) if counts else np.empty(0, dtype=np.int64)

    def _require(self, rows: pl.DataFrame) -> None:
        if absent := next((name for name in self.bins if name not in rows.columns), None):
            raise MissingColumnError(APPLICATION, "the current rows lack it", column=absent)
