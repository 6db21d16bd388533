"""The engines behind one interface, so that a test of what an operation means runs against each of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import polars as pl

from home_credit.features.engines import exact, kernels, narwhals
from home_credit.features.engines.applicant import history_function, texts_of
from home_credit.features.engines.code import Code
from home_credit.features.engines.columns import Codes
from home_credit.features.engines.rows import Context
from home_credit.features.engines.rows import rows as column_rows
from home_credit.features.inference import schema
from home_credit.features.operations import TEXT
from home_credit.features.plan import Grouped
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import ID, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.features.plan import Plan

    Tables = Mapping[str, pl.DataFrame]
    Columns = dict[str, list[Any]]


def frame(name: str, /, **columns: Sequence[Any]) -> pl.DataFrame:
    """Rows of a table with ``columns``, the others being missing and the keys running numbers."""
    types = polars_schema(table(name))
    count = max(len(values) for values in columns.values())
    keys = {column: range(1, count + 1) for column in table(name).key}
    data = {column: columns.get(column, keys.get(column, [None] * count)) for column in types}
    return pl.DataFrame({column: list(values) for column, values in data.items()}, schema=types)


def columns_of(tables: Tables) -> dict[str, Columns]:
    """Tables as lists by column, as in a request."""
    return {name: {column.name: column.to_list() for column in rows} for name, rows in tables.items()}


def by_polars(plan: Plan, tables: Tables) -> Columns:
    lazy = {name: nw.from_native(rows.lazy()) for name, rows in tables.items()}
    collected: pl.DataFrame = narwhals.rows(plan, lazy).to_native().collect()
    numbers = collected.with_columns(pl.col(pl.Boolean).cast(pl.Float64))
    return {column.name: column.to_list() for column in numbers}


def by_columns(plan: Plan, tables: Tables) -> Columns:
    """The code for many rows on NumPy columns, as it is written for the rows that a history is aggregated from."""
    code, codes = Code(), Codes(texts_of(plan))
    of = column_rows(plan, Context(code, codes))
    columns = {name: of.column(name) for name in of.schema}
    code.line(f"return {{{', '.join(f'{name!r}: {variable}' for name, variable in columns.items())}}}")
    function = code.function("columns", "tables", {**kernels.NAMESPACE, "nothing": {}})
    with np.errstate(all="ignore"):
        found = function(columns_of(tables))
    return {
        name: [
            codes.text(value) if of.schema[name].type is TEXT else _missing(value)
            for value in values.tolist()
        ]
        for name, values in found.items()
    }


def by_rows(plan: Plan, tables: Tables) -> Columns:
    """The code for one row at a time on Python's integers."""
    found = exact.rows(plan, columns_of(tables))
    return {name: [_missing(row[name]) for row in found] for name in schema(plan)}


def by_applicant(plan: Plan, tables: Tables) -> Columns:
    """The code for the aggregates of one applicant; other plans are left to the code for columns."""
    if not isinstance(plan, Grouped) or plan.keys != (ID,):
        return by_columns(plan, tables)
    function = history_function(plan)
    result: Columns = {ID: [], **{name: [] for name, _ in plan.columns}}
    (rows,) = tables.values()
    for applicant in rows[ID].unique().sort():
        own = {name: each.filter(pl.col(ID) == applicant) for name, each in tables.items()}
        with np.errstate(all="ignore"):
            values = function(columns_of(own))
        for name, value in zip(result, [applicant, *values], strict=True):
            result[name].append(_missing(value))
    return result


def _missing(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


ENGINES: dict[str, Callable[[Plan, Tables], Columns]] = {
    "polars": by_polars,
    "columns": by_columns,
    "rows": by_rows,
    "applicant": by_applicant,
}


def bits(value: Any) -> Any:
    """A value for comparisons of all bits; whole numbers count as floats."""
    return float(value).hex() if isinstance(value, int | float) else value
