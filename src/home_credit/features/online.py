"""Features of a few applicants at request time: the same plan as the matrix, built once."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from polars.io.plugins import register_io_source

from home_credit.features.build import plan
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import ID, TABLES, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from home_credit.terms.model import TermModel


class OnlineFeatures:
    """Computes features from small frames; building the plan takes longer than running it, so it is kept."""

    def __init__(self, terms: TermModel) -> None:
        # Polars reads the sources from its own threads: one computation at a time may own the frames.
        self._lock = Lock()
        self._frames: Mapping[str, pl.DataFrame] = {}
        self._plan = plan({name: self._source(name) for name in TABLES}, terms)

    def _source(self, name: str) -> pl.LazyFrame:
        """Return a lazy frame that reads the table ``name`` of whatever computation is under way."""

        def read(
            with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch: int | None
        ) -> Iterator[pl.DataFrame]:
            frame = self._frames[name]
            if with_columns is not None:
                frame = frame.select(with_columns)
            if predicate is not None:
                frame = frame.filter(predicate)
            yield frame if n_rows is None else frame.head(n_rows)

        return register_io_source(read, schema=polars_schema(table(name)))

    def compute(self, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Return SK_ID_CURR and all features, ascending by SK_ID_CURR, of the applicants in the frames.

        ``frames`` holds all seven tables with the types of the schema. Safe to call from several threads.
        """
        with self._lock:
            self._frames = frames
            try:
                rows: pl.DataFrame = self._plan.collect().sort(ID)
                return rows
            finally:
                self._frames = {}
