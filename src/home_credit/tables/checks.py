"""Checks of a table, in one streamed pass.

The pass also yields the content summary of the table. A second pass runs only where a check fails, to find the first
invalid row.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import polars as pl

from home_credit.errors import NotFiniteError, OutOfRangeError, TableError, WrongTypeError
from home_credit.tables.frames import is_known, polars_type
from home_credit.tables.schema import LONGEST_TEXT, SMALLEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from home_credit.tables.schema import Column

_ROW = "row/index"  # no column of the schema has a slash in its name
_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
_SHOWN = 5  # unknown values listed per column


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation of the schema: ``found`` is true in the rows that have it."""

    error: type[TableError]
    column: str
    found: pl.Expr
    problem: str


class Unknown(NamedTuple):
    """A category that the schema does not know, as it is shown: the first row with it, and how many rows have it."""

    column: str
    value: str
    row: int
    rows: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked table.

    ``frame`` has the columns of the schema, in its order and types; NaN is null, and so is an unknown category.
    ``written`` is ``frame`` with unknown categories as they are, the same object where there are none. ``summary``
    depends on the table's content alone, not on the format or order of its rows. ``unknown`` has the unknown values of
    each column in the order of their first rows.
    """

    frame: pl.LazyFrame
    written: pl.LazyFrame
    rows: int
    summary: dict[str, int]
    unknown: list[Unknown]


def check(
    name: str, raw: pl.LazyFrame, columns: Sequence[Column], further: Sequence[Violation] = ()
) -> Checked:
    """Check the ``columns`` of a table and give them the types of the schema.

    Raises WrongTypeError (a column of another kind, a fraction among integers, an empty required value),
    NotFiniteError, OutOfRangeError (a number beyond its range, or before that of another column), and the errors of
    ``further`` violations, each with the first invalid row.
    """
    present = raw.collect_schema()
    for column in columns:
        if not _fits(present[column.name], column):
            _raise_wrong_kind(name, raw, column, present[column.name])
    violations = [violation for column in columns for violation in _violations(column, present[column.name])]
    violations += further
    conformed = {column.name: _conformed(column, present[column.name]) for column in columns}
    facts = (
        raw.select(
            pl.len().alias("rows"),
            *(
                violation.found.any().alias(f"violation/{number}")
                for number, violation in enumerate(violations)
            ),
            *(fact for column in columns for fact in _content(column, conformed[column.name])),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    frame = raw.select(*conformed.values())
    failed = [violation for number, violation in enumerate(violations) if facts[f"violation/{number}"]]
    if failed:
        raise_first(name, raw, failed)
    unknown: list[Unknown] = []
    strange: list[Column] = []
    for column in columns:
        known = sum(facts[f"{column.name}/{value}"] for value in column.values)
        if column.values and known < facts[f"{column.name}/count"]:
            unknown.extend(_unknown(frame, column))
            strange.append(column)
    return Checked(
        frame=frame.with_columns(map(_known_only, strange)) if strange else frame,
        written=frame,
        rows=facts["rows"],
        summary={fact: value for fact, value in facts.items() if not fact.startswith("violation/")},
        unknown=unknown,
    )


def warnings(name: str, unknown: Iterable[Unknown]) -> Iterator[str]:
    """Yield a line for each of the first unknown values of every column, and one for all others."""
    for column, values in groupby(unknown, lambda found: found.column):
        told = list(values)
        for found in told[:_SHOWN]:
            yield (
                f"table {name}, column {column}, row {found.row}: {found.value} is not a known value and"
                f" counts as missing ({found.rows} row{'s' if found.rows > 1 else ''})"
            )
        if told[_SHOWN:]:
            yield f"table {name}, column {column}: {len(told) - _SHOWN} more values are not known"


def raise_first(name: str, frame: pl.LazyFrame, violations: Sequence[Violation]) -> NoReturn:
    """Raise the error of the first violation in ``frame``; at least one of ``violations`` must occur."""
    rows = (
        frame.with_row_index(_ROW)
        .select(
            pl.when(violation.found).then(pl.col(_ROW)).min().alias(str(number))
            for number, violation in enumerate(violations)
        )
        .collect(engine="streaming")
        .row(0)
    )
    row, number = min((row, number) for number, row in enumerate(rows) if row is not None)
    violation = violations[number]
    value = frame.select(violation.column).slice(row, 1).collect().item()
    raise violation.error(
        name, violation.problem.format(value=_shown(value)), column=violation.column, row=row + 1
    )


def _fits(dtype: pl.DataType, column: Column) -> bool:
    if dtype == pl.Null:
        return True
    if column.dtype == "text":
        return dtype in (pl.String, pl.Categorical, pl.Enum)
    return dtype.is_numeric()


def _raise_wrong_kind(name: str, raw: pl.LazyFrame, column: Column, dtype: pl.DataType) -> NoReturn:
    first = (
        raw.select(column.name)
        .with_row_index(_ROW)
        .filter(pl.col(column.name).is_not_null())
        .head(1)
        .collect(engine="streaming")
    )
    row, value = first.row(0) if first.height else (None, None)
    problem = f"the column is {dtype}, not {column.dtype}"
    if row is None:
        raise WrongTypeError(name, problem, column=column.name)
    raise WrongTypeError(name, f"{_shown(value)}: {problem}", column=column.name, row=row + 1)


def _violations(column: Column, dtype: pl.DataType) -> Iterator[Violation]:
    value = pl.col(column.name)
    if dtype.is_float():
        yield Violation(NotFiniteError, column.name, value.is_infinite(), "an infinite number")
    if column.dtype == "integer" and dtype not in _INTEGERS:
        integer = value.cast(pl.Int64, strict=False).cast(dtype, strict=False)
        number = value.is_finite() if dtype.is_float() else value.is_not_null()
        yield Violation(
            WrongTypeError, column.name, number & integer.ne_missing(value), "{value} is not an integer"
        )
    if column.dtype != "text":
        yield from _out_of_range(column, dtype)
    elif dtype == pl.String:
        long = value.str.len_chars() > LONGEST_TEXT
        problem = f"{{value}} has more than {LONGEST_TEXT} characters"
        yield Violation(OutOfRangeError, column.name, long, problem)
        # PostgreSQL stores no text with it.
        nul = value.str.contains("\0", literal=True)
        yield Violation(OutOfRangeError, column.name, nul, "{value} has a NUL character")
    if column.required:
        empty = value.is_null() | value.is_nan() if dtype.is_float() else value.is_null()
        yield Violation(WrongTypeError, column.name, empty, "empty, but a value is required")


def _out_of_range(column: Column, dtype: pl.DataType) -> Iterator[Violation]:
    value = pl.col(column.name)
    number = value.fill_nan(None) if dtype.is_float() else value
    if column.values:
        accepted = pl.any_horizontal(number == value for value in column.values)
    else:
        sentinels = (number == value for value in column.sentinels)
        accepted = pl.any_horizontal(number.is_between(column.minimum, column.maximum), *sentinels)
    yield Violation(OutOfRangeError, column.name, ~accepted, f"{{value}} is out of range: {column.accepted}")
    if dtype.is_float():
        tiny = number.abs().is_between(0, SMALLEST, closed="none")
        problem = f"{{value}} is too close to zero: at least {SMALLEST} is needed, or 0"
        yield Violation(OutOfRangeError, column.name, tiny, problem)
    if column.not_before:
        earlier = pl.col(column.not_before)
        problem = f"{{value}} is before {column.not_before}"
        yield Violation(OutOfRangeError, column.name, number < earlier, problem)


def _conformed(column: Column, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(column.name)
    if dtype.is_float():
        number = value.fill_nan(None)
        # The sign of a zero has no meaning and differs between engines: 0.0 for -0.0.
        value = pl.when(number != 0).then(number).otherwise(number.abs())
    return value if dtype == polars_type(column) else value.cast(polars_type(column), strict=False)


def _content(column: Column, value: pl.Expr) -> Iterator[pl.Expr]:
    """Count the values, and count each level or else sum the bits of the values.

    Sums of integers wrap around and depend, unlike those of floats, neither on the order of the rows nor on the
    number of cores.
    """
    yield value.count().alias(f"{column.name}/count")
    if column.values:
        for level in column.values:
            yield (value == level).sum().alias(f"{column.name}/{level}")
    else:
        bits = value if column.dtype == "integer" else value.reinterpret(dtype=pl.Int64)
        yield bits.sum().alias(f"{column.name}/sum")


def _unknown(frame: pl.LazyFrame, column: Column) -> Iterator[Unknown]:
    value = pl.col(column.name)
    found = (
        frame.select(value)
        .with_row_index(_ROW)
        .filter(~is_known(column))
        .group_by(value)
        .agg(pl.col(_ROW).min(), pl.len().alias("rows"))
        .sort(_ROW)
        .collect(engine="streaming")
    )
    for unknown, row, rows in found.iter_rows():
        yield Unknown(column.name, _shown(unknown), row + 1, rows)


def _known_only(column: Column) -> pl.Expr:
    """Return a text column with unknown categories as missing, as in a request."""
    return pl.when(is_known(column)).then(pl.col(column.name))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
