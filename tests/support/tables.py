"""Tiny tables in the original schema, and files of them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import polars as pl

from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, ID, TARGET, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from home_credit.tables.bundle import ParsedBundle
    from home_credit.tables.schema import Column

FIRST_IDS = {ID: 100001, "SK_ID_BUREAU": 5000001, "SK_ID_PREV": 1000001}


def a_table(file: str, rows: int = 3, /, **columns: Sequence[Any]) -> pl.DataFrame:
    """Make rows of the table that ``file`` holds; ``columns`` replace what would be in them."""
    schema = table(APPLICATION if file.startswith(APPLICATION) else file)
    data: dict[str, Any] = {
        column.name: [_value(column, row) for row in range(rows)] for column in schema.columns.values()
    }
    types: dict[str, pl.DataType] = polars_schema(schema)
    if file == "application_train":
        data[TARGET], types[TARGET] = [row % 2 for row in range(rows)], pl.Int64()
    made = pl.DataFrame(data, schema=types)
    return made.with_columns(pl.Series(name, values, strict=False) for name, values in columns.items())


def _value(column: Column, row: int) -> int | float | str:
    if column.name in FIRST_IDS:
        return FIRST_IDS[column.name] + row
    if column.values:
        return column.values[row % len(column.values)]
    low, high = column.minimum, column.maximum
    step = row + (1 if column.dtype == "integer" else 0.1)
    # Before the application where that is possible, and within the range whatever the row.
    value = min(high, 0) - step % (min(high, 0) - low) if low < 0 else low + step % (high - low)
    return int(value) if column.dtype == "integer" else value


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write ``frame`` in the format of the ending of ``path``."""
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        frame.write_csv(path)
    else:
        path.write_bytes(gzip.compress(frame.write_csv().encode()))


def frame_of(parsed: ParsedBundle, name: str) -> pl.DataFrame:
    """The checked rows of one table of an applicant, as a frame of the schema."""
    if name == APPLICATION:
        return pl.DataFrame([dict(parsed.application)], schema=polars_schema(table(name)))
    columns = parsed.histories[name]
    rows = max(map(len, columns.values()), default=0)
    frame = pl.DataFrame(
        {column: columns.get(column, [None] * rows) for column in table(name).columns}, strict=False
    )
    numbers = [column for column, facts in table(name).columns.items() if facts.dtype != "text"]
    filled = frame.with_columns(pl.col(numbers).cast(pl.Float64).fill_nan(None))
    return filled.cast(polars_schema(table(name)))  # type: ignore[arg-type]  # a schema is a mapping
