"""The feature matrix: one row per applicant, in batches of bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import narwhals as nw
import polars as pl
from polars.io.plugins import register_io_source

from home_credit.features.engines.narwhals import rows
from home_credit.features.matrix import HISTORIES, MATRIX
from home_credit.features.plan import scan
from home_credit.progress import Progress, silent
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, ID, TABLES, table
from home_credit.terms.frames import with_terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from home_credit.features.plan import Plan
    from home_credit.terms.model import TermModel

BATCH = 50_000
STAGE = "features of applicants"


def plan(frames: Mapping[str, pl.LazyFrame], terms: TermModel) -> pl.LazyFrame:
    """Return the feature matrix over the seven tables, in no particular order of rows."""
    return _native(MATRIX, {**frames, APPLICATION: with_terms(frames[APPLICATION], terms)})


def history_features(frames: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Return the features of the histories alone, one row per applicant of the application, in no particular order.

    The columns are SK_ID_CURR and the features of :data:`HISTORIES`, in its order.
    """
    result = scan(APPLICATION).select(ID)
    for history in HISTORIES:
        result = result.join(history, on=ID, how="left")
    return _native(result, frames)


def _native(of: Plan, frames: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    native: pl.LazyFrame = rows(
        of, {name: nw.from_native(frame) for name, frame in frames.items()}
    ).to_native()
    return native


def feature_batches(
    frames: Mapping[str, pl.LazyFrame],
    applicants: pl.Series,
    terms: TermModel,
    size: int = BATCH,
    progress: Progress = silent,
    names: Sequence[str] | None = None,
) -> Iterator[pl.DataFrame]:
    """Yield the feature rows of ``applicants`` in ascending SK_ID_CURR, at most ``size`` at a time.

    ``terms`` tells the term of each loan asked for; with ``names`` only those features are computed.

    A batch covers a range of ids, so that each table is filtered by comparison, which Parquet
    statistics answer; memory is bounded by the batch, not by the tables.
    """
    ids = applicants.sort()
    for start in range(0, len(ids), size):
        progress(STAGE, start, len(ids))
        batch = ids.slice(start, size)
        within = pl.col(ID).is_between(batch[0], batch[-1])
        part = {
            name: frame.filter(within) if ID in frame.collect_schema() else frame
            for name, frame in frames.items()
        }
        part["bureau_balance"] = part["bureau_balance"].join(
            part["bureau"].select("SK_ID_BUREAU"), on="SK_ID_BUREAU", how="semi"
        )
        planned = plan(part, terms)
        if names is not None:
            planned = planned.select(ID, *names)
        features = planned.collect(engine="streaming").sort(ID)
        progress(STAGE, start + len(batch), len(ids))
        yield features if len(features) == len(batch) else features.filter(pl.col(ID).is_in(batch.implode()))


def feature_matrix(
    frames: Mapping[str, pl.LazyFrame], applicants: pl.Series, terms: TermModel, progress: Progress = silent
) -> pl.DataFrame:
    """Return the feature rows of ``applicants`` in ascending SK_ID_CURR, in memory."""
    return pl.concat(feature_batches(frames, applicants, terms, progress=progress))


class KeptPlan:
    """The feature matrix of many small portfolios, one after the other: planned once, since that takes a second.

    ``engine`` is the engine of Polars. Not safe to use from several threads.
    """

    def __init__(self, terms: TermModel, engine: Literal["in-memory", "streaming"] = "streaming") -> None:
        self._engine = engine
        self._frames: Mapping[str, pl.DataFrame] = {}
        self._plan = plan({name: self._source(name) for name in TABLES}, terms)

    def compute(self, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Return the feature rows of all applicants in the seven tables, in ascending SK_ID_CURR."""
        self._frames = frames
        try:
            return self._plan.collect(engine=self._engine).sort(ID)
        finally:
            self._frames = {}

    def _source(self, name: str) -> pl.LazyFrame:
        def read(
            columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _size: int | None
        ) -> Iterator[pl.DataFrame]:
            frame = self._frames[name]
            if columns is not None:
                frame = frame.select(columns)
            if predicate is not None:
                frame = frame.filter(predicate)
            yield frame if rows is None else frame.head(rows)

        return register_io_source(read, schema=polars_schema(table(name)))
