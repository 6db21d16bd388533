"""Tables compared bit for bit."""

from __future__ import annotations

import polars as pl


def bits(rows: pl.DataFrame) -> pl.DataFrame:
    """Floats as their 64 bits: equal only where all bits are equal, with distinct zeros of either sign."""
    return rows.with_columns(
        pl.col(name).reinterpret(dtype=pl.UInt64)
        for name, dtype in rows.schema.items()
        if dtype == pl.Float64
    )


def differing(one: pl.DataFrame, other: pl.DataFrame) -> int:
    """Return the number of cells that differ in any bit."""
    left, right = bits(one), bits(other.select(one.columns))
    return sum(int((~left[name].eq_missing(right[name])).sum()) for name in one.columns)
