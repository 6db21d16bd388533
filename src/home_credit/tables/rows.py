"""The row of the application, checked against the schema: as a whole where nothing is odd about it, else by value."""

from __future__ import annotations

from functools import cache
from operator import contains, itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from home_credit.tables.numbers import KINDS, Numbers
from home_credit.tables.schema import table
from home_credit.tables.values import checked_value, known_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from home_credit.tables.findings import Findings
    from home_credit.tables.schema import Column, DType
    from home_credit.tables.values import RawRow, Row

_INTEGERS = frozenset({int, type(None)})


class _Part(NamedTuple):
    """The columns of one type: ``get`` returns their values in a row."""

    names: tuple[str, ...]
    get: Callable[[RawRow], tuple[object, ...]]

    @classmethod
    def of(cls, columns: Sequence[Column], dtype: DType) -> _Part:
        names = tuple(column.name for column in columns if column.dtype == dtype)
        return cls(names, itemgetter(*names))


class _Layout(NamedTuple):
    """The columns of a table by type, and what each text column may hold."""

    empty: Row
    texts: _Part
    known: tuple[frozenset[object], ...]
    integers: _Part
    numbers: _Part
    ranges: Numbers


@cache
def _layout(name: str) -> _Layout:
    columns = tuple(table(name).columns.values())
    texts, integers, numbers = (
        [column for column in columns if column.dtype == dtype] for dtype in ("text", "integer", "number")
    )
    return _Layout(
        dict.fromkeys(column.name for column in columns),
        _Part.of(columns, "text"),
        tuple(map(known_texts, texts)),
        _Part.of(columns, "integer"),
        _Part.of(columns, "number"),
        Numbers.of([*integers, *numbers]),
    )


def plain_row(name: str, row: RawRow) -> Row | None:
    """Return every column of a table in the types of the schema, ``None`` where it is missing.

    Returns ``None`` instead of a row where a column is absent or any value is odd.
    """
    layout = _layout(name)
    try:
        integers, numbers, texts = layout.integers.get(row), layout.numbers.get(row), layout.texts.get(row)
    except KeyError:
        return None
    if not (_INTEGERS.issuperset(map(type, integers)) and KINDS.issuperset(map(type, numbers))):
        return None
    values = integers + numbers
    try:
        known = all(map(contains, layout.known, texts))
        matrix = np.array(values, dtype=np.float64).reshape(-1, 1)
    # An unhashable text, and a number too large for a float.
    except (TypeError, OverflowError):
        return None
    if not known or not layout.ranges.fit(matrix, values.count(None)):
        return None
    checked = layout.empty.copy()
    checked.update(zip(layout.texts.names, texts, strict=True))  # type: ignore[arg-type]  # all are known text
    checked.update(zip(layout.integers.names, integers, strict=True))  # type: ignore[arg-type]
    # 0.0 for -0.0, as in a file.
    floats = [None if number is None else number + 0.0 for number in numbers]  # type: ignore[operator]
    checked.update(zip(layout.numbers.names, floats, strict=True))
    return checked


def checked_row(name: str, row: RawRow, findings: Findings) -> Row:
    """Return every column of a table in the types of the schema, ``None`` where it is missing or absent.

    A value that breaks the schema is missing and a fault in ``findings``; a category that is not known is missing and
    gives a warning.
    """
    checked: Row = {}
    for column, facts in table(name).columns.items():
        checked[column], finding = checked_value(row.get(column), facts)
        if finding:
            findings.value(f"{name}.{column}", finding)
    return checked
