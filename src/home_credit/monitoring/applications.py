"""The applications of tables as they are monitored: every column as it was written, and the rows of each history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The months of bureau credits have no id of an applicant; they go with the credits.
COUNTED = tuple(name for name in HISTORIES if ID in table(name).columns)
COLUMNS = (*(name for name in table(APPLICATION).columns if name not in {ID, TARGET}), *COUNTED)


def monitored(frames: Mapping[str, pl.LazyFrame], ids: pl.Series | None = None) -> pl.DataFrame:
    """Return SK_ID_CURR, the columns of the application, and the number of rows of each history under its name.

    ``frames`` are the tables as they were written, unknown categories included; with ``ids`` only these applicants.
    """
    application = frames[APPLICATION]
    if ids is not None:
        application = application.filter(pl.col(ID).is_in(ids.implode()))
    for name in COUNTED:
        counts = frames[name].group_by(ID).agg(pl.len().cast(pl.Int64).alias(name))
        application = application.join(counts, on=ID, how="left", maintain_order="left")
    whole = application.with_columns(pl.col(name).fill_null(0) for name in COUNTED)
    present = set(whole.collect_schema().names())
    return whole.select(ID, *(name for name in COLUMNS if name in present)).collect()


def of_rows(
    applications: Sequence[Mapping[str, object]], counts: Mapping[str, Sequence[int]]
) -> pl.DataFrame:
    """Return the same of applications in JSON types, and the number of rows that each has of a history."""
    columns = {
        column.name: pl.Series(
            column.name,
            [row.get(column.name) for row in applications],
            dtype=pl.String if column.dtype == "text" else pl.Float64,
            strict=False,
        )
        for column in table(APPLICATION).columns.values()
        if column.name not in {ID, TARGET}
    }
    return pl.DataFrame([*columns.values(), *(pl.Series(name, counts[name]) for name in COUNTED)])
