"""Checks one value against its column and converts it to the column's type."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from home_credit.tables.findings import Finding, shown
from home_credit.tables.schema import LONGEST_TEXT, SMALLEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.tables.schema import Column, DType

# A checked value, and a row of checked values; a raw row holds any JSON values.
Value = int | float | str | None
Row = dict[str, Value]
RawRow = Mapping[str, object]
# Numbers as float64 with NaN for missing, text as a list with None for missing.
ColumnValues = NDArray[np.float64] | Sequence[str | None]
Columns = dict[str, ColumnValues]

_KINDS: Mapping[DType, frozenset[type]] = {
    "text": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
}


NEEDED = Finding("is needed")


class Plain(NamedTuple):
    """What the values of a column are that need no conversion, error or warning; anything else is odd."""

    kinds: frozenset[type]
    low: float
    high: float
    known: frozenset[str | int]

    @classmethod
    def of(cls, column: Column) -> Plain:
        """Return the plain values of a column: ``known`` is empty where any value in the range is one."""
        known = frozenset(column.values)
        return cls(_KINDS[column.dtype], column.minimum, column.maximum, known)

    def fits(self, value: object) -> bool:
        """Return whether a value is plain."""
        if type(value) not in self.kinds:
            return False
        if isinstance(value, str):
            return value in self.known
        # Other kinds are numbers.
        return (
            self.low <= value <= self.high  # type: ignore[operator]
            and (not self.known or value in self.known)
            and (value == 0 or not -SMALLEST < value < SMALLEST)  # type: ignore[operator]
        )


def known_texts(column: Column) -> frozenset[object]:
    """Return what a text column holds where nothing is odd about it: its categories, ``None`` if it may be empty."""
    return frozenset([*column.values, *([] if column.required else [None])])


def checked_value(value: object, column: Column) -> tuple[Value, Finding | None]:
    """Return a value in the type of its column, with what was found in it.

    The value is ``None`` where it is missing, breaks the schema (a fault) or is a category that the schema does not
    know (a warning).
    """
    if value is None:
        return None, NEEDED if column.required else None
    try:
        converted = _CONVERSIONS[column.dtype](value, column)
    except ValueError as error:
        return None, Finding(str(error))
    if column.dtype == "text" and converted not in column.values:
        return None, Finding(f"{shown(converted)} is not a known value and counts as missing", is_fault=False)
    return converted, None


def _integer(value: object, column: Column) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise ValueError(f"a whole number is needed, not {shown(value)}")
    _require_accepted(value, column)
    return value


def _number(value: object, column: Column) -> float:
    if type(value) is not float and type(value) is not int:
        raise ValueError(f"a number is needed, not {shown(value)}")
    if type(value) is float and not math.isfinite(value):
        raise ValueError("is not a finite number")
    _require_accepted(value, column)
    return float(value) + 0.0  # 0.0 for -0.0, as in a file


def _text(value: object, _column: Column) -> str:
    if type(value) is not str:
        raise ValueError(f"text is needed, not {shown(value)}")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"text of at most {LONGEST_TEXT} characters is needed, not of {len(value)}")
    if "\0" in value:
        # PostgreSQL stores no text with it.
        raise ValueError("text without a NUL character is needed")
    return value


_CONVERSIONS: Mapping[DType, Callable[[object, Column], int | float | str]] = {
    "integer": _integer,
    "number": _number,
    "text": _text,
}


def _require_accepted(value: float, column: Column) -> None:
    accepted = value in column.values if column.values else column.minimum <= value <= column.maximum
    if not accepted and value not in column.sentinels:
        raise ValueError(f"{shown(value)} is out of range: {column.accepted}")
    if value and abs(value) < SMALLEST:
        raise ValueError(f"{shown(value)} is too close to zero: at least {SMALLEST} is needed, or 0")
