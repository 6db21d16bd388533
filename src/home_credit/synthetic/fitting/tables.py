"""The real tables that statistics are fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit.errors import MissingTableError
from home_credit.tables.files import find, readable
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET
from home_credit.tables.source import open_tables

if TYPE_CHECKING:
    from pathlib import Path

Tables = dict[str, pl.DataFrame]
# File with the clients (column SK_ID_CURR) whose history rows are all in the tables.
COMPLETE = "complete_history_clients"
# These ids hold several applications per person, with fewer defaults: they would bias the shares.
BIASED_IDS = (108150, 400000)


def read_tables(folder: Path) -> Tables:
    """Return the seven tables and :data:`COMPLETE`.

    The application table has both splits, with a column ``SPLIT`` (1 for application_test) and TARGET (null
    there). Raises :class:`TableError` for tables that cannot be used.
    """
    with open_tables(folder, "all") as source:
        tables = {name: source.frames[name].collect() for name in (APPLICATION, *HISTORIES)}
        target = source.target
    application = (
        tables[APPLICATION]
        .join(target, on=ID, how="left", maintain_order="left")
        .with_columns(SPLIT=pl.col(TARGET).is_null().cast(pl.Int64))
        .filter((pl.col("SPLIT") == 1) | ~pl.col(ID).is_between(*BIASED_IDS))
    )
    return tables | {APPLICATION: application, COMPLETE: _complete(folder)}


def _complete(folder: Path) -> pl.DataFrame:
    paths = find(folder, COMPLETE)
    if not paths:
        raise MissingTableError(COMPLETE, f"not in {folder}: whose history is complete is not known")
    with readable(COMPLETE, paths[0]):
        frame = pl.read_parquet(paths[0]) if paths[0].suffix == ".parquet" else pl.read_csv(paths[0])
    return frame.select(ID)
