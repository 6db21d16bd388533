"""The Polars types of the tables, separate from the schema, which does not need Polars."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

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
