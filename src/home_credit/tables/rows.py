"""One row, checked against the schema: in one pass where nothing is odd about it, value by value otherwise."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from home_credit.tables.schema import table
from home_credit.tables.values import LARGEST_INTEGER, checked_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.tables.schema import Column, DType
    from home_credit.tables.values import RawRow, Row


_KINDS: Mapping[DType, frozenset[type]] = {
    "text": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
}


class _Plain(NamedTuple):
    """The values of a column that need neither an error nor a warning; ``known`` is empty where any value may be."""

    name: str
    kinds: frozenset[type]
    limit: float
    known: frozenset[str | int]
    required: bool
    is_float: bool


def checked_row(name: str, row: RawRow, warnings: list[str]) -> Row:
    """Return every column of a table in the types of the schema, ``None`` where it is missing.

    Raises :class:`BundleError` naming the first value that breaks the schema; a value that is not known gives a
    warning, and is missing where it is text.
    """
    checked: Row = {}
    for column, kinds, limit, known, required, is_float in _plain(name):
        value = row.get(column)
        if value is None:
            if required:
                break
            checked[column] = None
        elif type(value) not in kinds:
            break
        elif isinstance(value, str):
            if value not in known:
                break
            checked[column] = value
        elif isinstance(value, (int, float)):
            if not -limit <= value <= limit or (known and value not in known):
                break
            checked[column] = value + 0.0 if is_float else value  # 0.0 for -0.0, as in a file
    else:
        return checked
    columns = table(name).columns
    return {
        column: checked_value(row.get(column), facts, name, warnings) for column, facts in columns.items()
    }


@cache
def _plain(name: str) -> tuple[_Plain, ...]:
    return tuple(_of(column) for column in table(name).columns.values())


def _of(column: Column) -> _Plain:
    widest = LARGEST_INTEGER if column.dtype == "integer" else sys.float_info.max
    return _Plain(
        column.name,
        _KINDS[column.dtype],
        widest if column.limit is None else column.limit,
        frozenset(column.values),
        column.required,
        column.dtype == "number",
    )
