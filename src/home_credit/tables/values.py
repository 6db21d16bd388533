"""Checks values and columns of rows against the schema and converts them to its types."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from numpy.typing import NDArray

from home_credit.errors import BundleError
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.tables.schema import Column

# A checked value, and a row of checked values; a raw row holds any JSON values.
Value = int | float | str | None
Row = dict[str, Value]
RawRow = Mapping[str, object]
# Numbers as float64 with NaN for missing, text as a list with None for missing.
ColumnValues = NDArray[np.float64] | Sequence[str | None]
Columns = dict[str, ColumnValues]

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
_NUMBERS = frozenset({int, float, type(None)})


@dataclass(frozen=True, slots=True)
class _Layout:
    """The constraints of a table's columns, in a form that checks many values at once."""

    columns: Mapping[str, Column]
    limits: Mapping[str, float]
    required: frozenset[str]
    integers: frozenset[str]
    texts: Mapping[str, frozenset[str | None]]
    levels: Mapping[str, frozenset[float]]


@cache
def _layout(name: str) -> _Layout:
    columns = table(name).columns
    numbers = {name: column for name, column in columns.items() if column.dtype != "text"}
    return _Layout(
        columns,
        {name: math.inf if column.limit is None else column.limit for name, column in numbers.items()},
        frozenset(name for name, column in columns.items() if column.required),
        frozenset(name for name, column in numbers.items() if column.dtype == "integer"),
        {
            name: frozenset([None, *(str(value) for value in column.values)])
            for name, column in columns.items()
            if column.dtype == "text"
        },
        {
            name: frozenset(float(value) for value in column.values)
            for name, column in numbers.items()
            if column.values
        },
    )


def checked_columns(name: str, rows: Sequence[RawRow], warnings: list[str]) -> Columns:
    """Return the columns of the rows of a table; columns that no row has are left out.

    ``rows`` have columns of the schema only. Raises :class:`BundleError` naming the first value that breaks the
    schema, row by row; a value that is not known gives a warning, and is missing where it is text.
    """
    if not rows:
        return {}
    try:
        return _columns_at_once(_layout(name), rows)
    # OverflowError: a number too large for a float; TypeError: an unhashable value.
    except (_OddValueError, OverflowError, TypeError):
        return _columns_by_value(name, rows, warnings)


class _OddValueError(Exception):
    """A value needs an error or a warning."""


def _columns_at_once(layout: _Layout, rows: Sequence[RawRow]) -> Columns:
    given = set[str]().union(*rows)
    _require(layout.required <= given)
    columns = _numbers(layout, [name for name in layout.limits if name in given], rows)
    for name, known in layout.texts.items():
        if name in given:
            values = [row.get(name) for row in rows]
            if not _all_known(values, known):
                raise _OddValueError
            columns[name] = values
    return columns


def _all_known(values: list[object], known: frozenset[str | None]) -> TypeGuard[list[str | None]]:
    return known.issuperset(values)


def _numbers(layout: _Layout, names: Sequence[str], rows: Sequence[RawRow]) -> Columns:
    values = [[row.get(name) for name in names] for row in rows]
    _require(_NUMBERS.issuperset(map(type, chain.from_iterable(values))))
    # Adding zero makes 0.0 of -0.0, as in a file.
    matrix = np.array(values, dtype=np.float64).T + 0.0
    # NaN and infinities are within no limit; a value outside its limit must be missing.
    present = np.abs(matrix) <= np.array([[layout.limits[name]] for name in names])
    _require(int(present.sum()) + sum(row.count(None) for row in values) == matrix.size)
    fraction = (matrix != np.floor(matrix)) & present
    for place, name in enumerate(names):
        _require(name not in layout.required or bool(present[place].all()))
        _require(name not in layout.integers or not fraction[place].any())
        if levels := layout.levels.get(name):
            _require(levels.issuperset(matrix[place][present[place]].tolist()))
    return dict(zip(names, np.ascontiguousarray(matrix), strict=True))


def _require(condition: bool) -> None:
    if not condition:
        raise _OddValueError


def _columns_by_value(name: str, rows: Sequence[RawRow], warnings: list[str]) -> Columns:
    layout = _layout(name)
    checked = [
        {
            column: checked_value(row.get(column), facts, f"{name}[{place}]", warnings)
            for column, facts in layout.columns.items()
        }
        for place, row in enumerate(rows)
    ]
    return {
        column: [None if (value := row[column]) is None else str(value) for row in checked]
        if column in layout.texts
        else np.array([row[column] for row in checked], dtype=np.float64)
        for column in layout.columns
    }


def checked_value(value: object, column: Column, place: str, warnings: list[str]) -> Value:
    """Return a value in the type of its column; ``place`` is its path in the request.

    Raises :class:`BundleError`. A value that is not known gives a warning, and is missing where it is text.
    """
    if value is None:
        if column.required:
            raise BundleError(f"{place}.{column.name}", "is needed")
        return None
    try:
        converted = CONVERSIONS[column.dtype](value, column)
    except ValueError as error:
        raise BundleError(f"{place}.{column.name}", str(error)) from None
    if column.values and converted not in column.values:
        text = column.dtype == "text"
        effect = "counts as missing" if text else "is used as it is"
        warnings.append(f"{place}.{column.name}: {shown(converted)} is not a known value and {effect}")
        return None if text else converted
    return converted


def _integer(value: object, column: Column) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise ValueError(f"a whole number is needed, not {shown(value)}")
    if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        raise ValueError("does not fit 64 bits")
    _require_within(value, column)
    return value


def _number(value: object, column: Column) -> float:
    if type(value) is not float and type(value) is not int:
        raise ValueError(f"a number is needed, not {shown(value)}")
    if type(value) is float and not math.isfinite(value):
        raise ValueError("is not a finite number")
    _require_within(value, column)
    return float(value) + 0.0  # 0.0 for -0.0, as in a file


def _text(value: object, _column: Column) -> str:
    if type(value) is not str:
        raise ValueError(f"text is needed, not {shown(value)}")
    return value


CONVERSIONS: Mapping[str, Callable[[object, Column], int | float | str]] = {
    "integer": _integer,
    "number": _number,
    "text": _text,
}


def _require_within(value: float, column: Column) -> None:
    limit = column.limit
    if limit is not None and not -limit <= value <= limit:
        raise ValueError(f"{shown(value)} is beyond any {column.unit}")


def shown(value: object) -> str:
    """Return a value as text for a message."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
