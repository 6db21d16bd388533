"""Polars expressions and types of the tables, separate from the schema, which does not need Polars."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from home_credit.tables.schema import AGE_BANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.tables.schema import Column, DType, Table

_TYPES: Mapping[DType, pl.DataType] = MappingProxyType(
    {"integer": pl.Int64(), "number": pl.Float64(), "text": pl.String()}
)


def polars_type(column: Column) -> pl.DataType:
    """Return the Polars type of the column."""
    return _TYPES[column.dtype]


def polars_schema(of: Table) -> dict[str, pl.DataType]:
    """Return column names and types of a table, in order."""
    return {column.name: polars_type(column) for column in of.columns.values()}


def is_known(column: Column) -> pl.Expr:
    """Return whether each value is one that the schema lists for its column, missing where the value is."""
    listed = pl.Series(column.values, dtype=polars_type(column), strict=False)
    return pl.col(column.name).is_in(listed.implode())


def age_band(days_birth: pl.Expr) -> pl.Expr:
    """Return which of :data:`~home_credit.tables.schema.AGE_BANDS` an age is in, missing where the age is.

    ``days_birth`` is what DAYS_BIRTH holds: days from birth to the application, negative.
    """
    decade = (-days_birth / 365.25 // 10).clip(2, 6).cast(pl.Int64)
    return decade.replace_strict(dict(enumerate(AGE_BANDS, start=2)), return_dtype=pl.String)
