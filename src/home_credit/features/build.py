"""The feature matrix: one row per applicant, in batches of bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import polars as pl

from home_credit.features import application, combined
from home_credit.features.arithmetic import FLOAT
from home_credit.features.catalogue import CATALOGUE, HISTORY_MODULES
from home_credit.tables.schema import APPLICATION, ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from home_credit.features.definition import Feature

BATCH = 50_000


def _named(features: Iterable[Feature]) -> list[nw.Expr]:
    return [
        (feature.expression if feature.kind == "category" else feature.expression.cast(FLOAT)).alias(
            feature.name
        )
        for feature in features
    ]


def matrix(frames: Mapping[str, nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    """Return the plan of the feature matrix over the seven tables.

    The frames hold the columns of the schema; the result holds SK_ID_CURR and every feature of the catalogue,
    in its order, one row per applicant in no particular order.
    """
    result = frames[APPLICATION].select(ID, *_named(application.FEATURES))
    for module in HISTORY_MODULES:
        aggregated = module.rows(frames).group_by(ID).agg(*_named(module.FEATURES))
        result = result.join(aggregated, on=ID, how="left")
    return result.with_columns(*_named(combined.FEATURES)).select(ID, *CATALOGUE)


def feature_batches(
    frames: Mapping[str, pl.LazyFrame], applicants: pl.Series, size: int = BATCH
) -> Iterator[pl.DataFrame]:
    """Yield the feature rows of ``applicants`` in ascending SK_ID_CURR, at most ``size`` at a time.

    A batch covers a range of ids, so that each table is filtered by comparison, which Parquet
    statistics answer; memory is bounded by the batch, not by the tables.
    """
    ids = applicants.sort()
    for start in range(0, len(ids), size):
        batch = ids.slice(start, size)
        within = pl.col(ID).is_between(batch[0], batch[-1])
        part = {
            name: frame.filter(within) if ID in frame.collect_schema() else frame
            for name, frame in frames.items()
        }
        part["bureau_balance"] = part["bureau_balance"].join(
            part["bureau"].select("SK_ID_BUREAU"), on="SK_ID_BUREAU", how="semi"
        )
        plan = matrix({name: nw.from_native(frame) for name, frame in part.items()}).to_native()
        rows = plan.collect(engine="streaming").sort(ID)
        yield rows if len(rows) == len(batch) else rows.filter(pl.col(ID).is_in(batch.implode()))


def feature_matrix(frames: Mapping[str, pl.LazyFrame], applicants: pl.Series) -> pl.DataFrame:
    """Return the feature rows of ``applicants`` in ascending SK_ID_CURR, in memory."""
    return pl.concat(feature_batches(frames, applicants))
