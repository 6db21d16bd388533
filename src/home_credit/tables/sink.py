"""Writes rows batch by batch, as Parquet or CSV by the ending of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from home_credit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def write_batches(batches: Iterable[pl.DataFrame], out: Path) -> int:
    """Write the batches to ``out`` in order, in the memory of one batch; returns the number of rows.

    The file gets its name when it is complete. Raises :class:`UsageError` for an ending other than
    ``.parquet`` or ``.csv``.
    """
    if out.suffix not in (".parquet", ".csv"):
        raise UsageError(f"{out}: the file must end in .parquet or .csv")
    out.parent.mkdir(parents=True, exist_ok=True)
    remaining = iter(batches)
    first = next(remaining, pl.DataFrame())
    rows = 0

    def read(_columns: object, _predicate: object, _rows: object, _size: object) -> Iterator[pl.DataFrame]:
        nonlocal rows
        batch: pl.DataFrame | None = first
        while batch is not None:
            rows += len(batch)
            yield batch
            batch = next(remaining, None)

    lazy = register_io_source(read, schema=first.schema)
    partial = out.with_name(f".{out.name}.partial")
    if out.suffix == ".parquet":
        lazy.sink_parquet(partial)
    else:
        lazy.sink_csv(partial)
    partial.replace(out)
    return rows
