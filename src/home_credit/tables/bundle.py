"""One applicant's raw rows, as a request brings them, checked against the schema and turned into frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from home_credit.errors import BundleError
from home_credit.tables.schema import APPLICATION, ID, TABLES, TARGET, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.tables.schema import Column, Table

Row = dict[str, Any]
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
UNIQUE = {"bureau": "SK_ID_BUREAU", "previous_application": "SK_ID_PREV"}


@dataclass(frozen=True, slots=True)
class ParsedBundle:
    """Frames of all seven tables in the schema's types, and what was odd about the rows."""

    applicant_id: int
    frames: dict[str, pl.DataFrame]
    warnings: list[str]


def parse_bundle(raw: Mapping[str, Any]) -> ParsedBundle:
    """Check one applicant's rows and build their frames.

    ``raw`` holds "application" (one row) and any of the histories (lists of rows), in original column names. A
    category that the schema does not know, and a column of the application that is absent, count as missing and
    give a warning; everything else that breaks the schema raises :class:`BundleError` with the field's path.
    """
    for name in raw:
        if name not in TABLES:
            raise BundleError(str(name), f"unknown table; there are {', '.join(TABLES)}")
    warnings: list[str] = []
    application = _application(raw.get(APPLICATION), warnings)
    applicant = application[ID]
    frames = {
        name: _frame(table(name), rows, warnings)
        for name, rows in (
            (APPLICATION, [application]),
            *((name, _history(raw, name, applicant)) for name in TABLES[1:]),
        )
    }
    for name, key in UNIQUE.items():
        repeated = frames[name][key].is_duplicated().arg_true()
        if len(repeated):
            row = int(repeated[1])
            raise BundleError(f"{name}[{row}].{key}", f"{frames[name][key][row]} is there twice")
    frames["bureau_balance"] = _owned(frames["bureau_balance"], frames["bureau"], warnings)
    return ParsedBundle(applicant, frames, warnings)


def _application(given: Any, warnings: list[str]) -> Row:  # whatever a request holds
    rows = given if isinstance(given, list) else [given]
    if len(rows) != 1 or not isinstance(rows[0], dict):
        raise BundleError(APPLICATION, "one row of columns is needed")
    row = {name: value for name, value in rows[0].items() if name != TARGET}
    columns = table(APPLICATION).columns
    _known(APPLICATION, row, columns)
    absent = [name for name in columns if name not in row]
    for name in absent:
        if columns[name].required:
            raise BundleError(f"{APPLICATION}.{name}", "is needed")
    if absent:
        named = ", ".join(absent[:5]) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
        warnings.append(f"{APPLICATION}: {len(absent)} columns are absent and count as missing: {named}")
    # Checked here as well as in its frame: every history is compared with it.
    row[ID] = _integer(row[ID], f"{APPLICATION}.{ID}", columns[ID])
    if row[ID] is None:
        raise BundleError(f"{APPLICATION}.{ID}", "is needed")
    return row


def _history(raw: Mapping[str, Any], name: str, applicant: int) -> list[Row]:
    rows = raw.get(name) or []
    if not isinstance(rows, list):
        raise BundleError(name, "a list of rows is needed")
    owned = ID in table(name).columns
    result = []
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise BundleError(f"{name}[{place}]", "a row of columns is needed")
        _known(f"{name}[{place}]", row, table(name).columns)
        if owned and row.get(ID, applicant) != applicant:
            raise BundleError(
                f"{name}[{place}].{ID}", f"belongs to {row[ID]}, the application is {applicant}"
            )
        result.append({**row, ID: applicant} if owned else row)
    return result


def _known(path: str, row: Row, columns: Mapping[str, Column]) -> None:
    unknown = row.keys() - columns.keys()
    if unknown:
        raise BundleError(f"{path}.{min(unknown, key=str)}", "is not a column of this table")


def _frame(of: Table, rows: Sequence[Row], warnings: list[str]) -> pl.DataFrame:
    data = {
        column.name: _values(of.name, column, [row.get(column.name) for row in rows], warnings)
        for column in of.columns.values()
    }
    return pl.DataFrame(data, schema=of.schema)


def _values(name: str, column: Column, values: list[Any], warnings: list[str]) -> list[Any]:
    convert: Callable[[Any, str, Column], Any] = CONVERSIONS[column.dtype]
    result = []
    for place, value in enumerate(values):
        path = f"{name}.{column.name}" if name == APPLICATION else f"{name}[{place}].{column.name}"
        converted = convert(value, path, column)
        if converted is None and column.required:
            raise BundleError(path, "is needed")
        if (
            column.dtype == "text"
            and converted is not None
            and column.values
            and converted not in column.values
        ):
            warnings.append(f"{path}: {converted!r} is not a known value and counts as missing")
            converted = None
        result.append(converted)
    return result


def _integer(value: Any, path: str, column: Column) -> int | None:  # whatever a request holds
    if type(value) is float and math.isfinite(value) and value.is_integer():
        value = int(value)
    if value is not None and type(value) is not int:
        raise BundleError(path, f"a whole number is needed, not {_shown(value)}")
    if value is not None and not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        raise BundleError(path, "does not fit 64 bits")
    _within(value, path, column)
    return value


def _number(value: Any, path: str, column: Column) -> float | None:  # whatever a request holds
    if value is None:
        return None
    if type(value) is not float and type(value) is not int:
        raise BundleError(path, f"a number is needed, not {_shown(value)}")
    if not math.isfinite(value):
        raise BundleError(path, "is not a finite number")
    _within(value, path, column)
    return float(value)


def _text(value: Any, path: str, column: Column) -> str | None:  # noqa: ARG001  # whatever a request holds
    if value is not None and type(value) is not str:
        raise BundleError(path, f"text is needed, not {_shown(value)}")
    return value


CONVERSIONS: Mapping[str, Callable[[Any, str, Column], Any]] = {
    "integer": _integer,
    "number": _number,
    "text": _text,
}


def _within(value: float | None, path: str, column: Column) -> None:
    if value is not None and column.limit is not None and abs(value) > column.limit:
        raise BundleError(path, f"{_shown(value)} is beyond any {column.unit}")


def _shown(value: Any) -> str:  # whatever a request holds
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _owned(balance: pl.DataFrame, bureau: pl.DataFrame, warnings: list[str]) -> pl.DataFrame:
    """Leave out months of credits that the bundle does not have."""
    owned = balance["SK_ID_BUREAU"].is_in(bureau["SK_ID_BUREAU"].implode())
    if not owned.all():
        warnings.append(
            f"bureau_balance: {int((~owned).sum())} rows belong to no row of bureau and are ignored"
        )
    return balance.filter(owned)
