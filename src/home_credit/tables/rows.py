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
    from home_credit.tables.values import Row


_KINDS: Mapping[DType, frozenset[type]] = {
    "text": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
}


class _Plain(NamedTuple):
    """What a value of a column is where there is nothing to say of it."""

    name: str
    kinds: frozenset[type]
    limit: float
    known: frozenset[str | int] | None
    required: bool


def checked_row(name: str, row: Row, warnings: list[str]) -> Row:
    """Return every column of a table in the types of the schema, ``None`` where it is missing.

    Raises :class:`BundleError` naming the first value that breaks the schema; a value that is not known gives a
    warning, and is missing where it is text.
    """
    checked: Row = {}
    for column, kinds, limit, known, required in _plain(name):
        value = row.get(column)
        if value is None:
            if required:
                break
        elif type(value) not in kinds:
            break
        elif known is not None:
            if value not in known:
                break
        elif not -limit <= value <= limit:
            break
        checked[column] = value
    else:
        for column in _numbers(name):
            if (number := checked[column]) is not None:
                checked[column] = number + 0.0  # of -0.0 and of a whole number, as in a file
        return checked
    columns = table(name).columns
    return {
        column: checked_value(row.get(column), facts, name, warnings) for column, facts in columns.items()
    }


@cache
def _plain(name: str) -> tuple[_Plain, ...]:
    return tuple(_of(column) for column in table(name).columns.values())


@cache
def _numbers(name: str) -> tuple[str, ...]:
    return tuple(column.name for column in table(name).columns.values() if column.dtype == "number")


def _of(column: Column) -> _Plain:
    widest = LARGEST_INTEGER if column.dtype == "integer" else sys.float_info.max
    return _Plain(
        column.name,
        _KINDS[column.dtype],
        widest if column.limit is None else column.limit,
        frozenset(column.values) or None,
        column.required,
    )
