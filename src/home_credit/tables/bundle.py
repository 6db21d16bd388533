"""One applicant's raw rows from a request, checked against the schema and converted to columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from home_credit.tables.findings import Findings, named
from home_credit.tables.histories import checked_columns
from home_credit.tables.rows import checked_row, plain_row
from home_credit.tables.schema import (
    APPLICATION,
    HISTORIES,
    ID,
    MOST_ROWS,
    MOST_ROWS_IN_ALL,
    TABLES,
    TARGET,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.tables.values import Columns, ColumnValues, RawRow, Row

CREDIT = "SK_ID_BUREAU"
UNIQUE = {"bureau": CREDIT, "previous_application": "SK_ID_PREV"}


@dataclass(frozen=True, slots=True)
class ParsedBundle:
    """One applicant's rows in the types of the schema, with warnings.

    ``application`` holds every column of the table, ``None`` where it is missing. ``histories`` holds the columns of
    each history, as :mod:`home_credit.tables.values` describes them; a column without values may be absent.
    ``history_features`` are the features of the histories where they were computed before; ``histories`` is empty
    then.
    """

    applicant_id: int
    application: Row
    histories: Mapping[str, Columns]
    warnings: list[str]
    history_features: Sequence[float | str | None] | None = None


def parse_bundle(raw: Mapping[str, object]) -> ParsedBundle:
    """Check one applicant's rows and build their columns.

    ``raw`` holds "application" (one row) and any of the histories (lists of rows), in original column names. An
    unknown category and an absent column of the application count as missing and give a warning; every other
    violation of the schema is a fault. Raises :class:`BundleError` with the paths of all faulty fields.
    """
    findings = Findings()
    for name in raw:
        if name not in TABLES:
            findings.fault(named(name), f"unknown table; there are {', '.join(TABLES)}")
    application = _application(raw.get(APPLICATION), findings)
    # Missing where it has a fault.
    applicant = application.get(ID)
    rows = {name: _rows(name, raw.get(name), findings) for name in HISTORIES}
    total = sum(map(len, rows.values()))
    if total > MOST_ROWS_IN_ALL:
        longest = max(rows, key=lambda name: len(rows[name]))
        findings.fault(
            longest, f"the histories have {total} rows in all; at most {MOST_ROWS_IN_ALL} can be used"
        )
        findings.raise_faults()
    owner = applicant if isinstance(applicant, int) else None
    histories = {name: checked_columns(name, rows[name], owner, findings) for name in HISTORIES}
    for name, key in UNIQUE.items():
        _require_unique(name, key, histories[name], findings)
    findings.raise_faults()
    histories["bureau_balance"] = _owned(histories["bureau_balance"], histories["bureau"], findings.warnings)
    return ParsedBundle(_id(application), application, histories, findings.warnings)


def parse_application(row: RawRow, history_features: Sequence[float | str | None]) -> ParsedBundle:
    """Check the application of an applicant whose histories were checked and aggregated before.

    Raises :class:`BundleError` as :func:`parse_bundle` does.
    """
    findings = Findings()
    application = _application(row, findings)
    findings.raise_faults()
    return ParsedBundle(_id(application), application, {}, findings.warnings, history_features)


def _id(application: Row) -> int:
    applicant = application[ID]
    assert isinstance(applicant, int)  # noqa: S101  # for mypy: the column is a required integer
    return applicant


def _application(given: object, findings: Findings) -> Row:
    """Return the one row of the application."""
    rows = given if isinstance(given, list) else [given]
    if len(rows) != 1 or not isinstance(rows[0], dict):
        findings.fault(APPLICATION, "one row of columns is needed")
        return {}
    row = rows[0]
    checked = plain_row(APPLICATION, row)
    # As many columns as there are in the schema, since a plain row has all of them.
    if checked is None or len(row) - (TARGET in row) != len(checked):
        checked = _odd_application(row, findings)
    for name, earlier in _orders():
        value, limit = checked[name], checked[earlier]
        if value is not None and limit is not None and value < limit:  # type: ignore[operator]  # both are numbers
            findings.fault(f"{APPLICATION}.{name}", f"{value} is before {earlier}, {limit}")
    return checked


def _odd_application(row: RawRow, findings: Findings) -> Row:
    """Return the row of an application with some odd value, or with other columns than those of the schema."""
    columns = table(APPLICATION).columns
    findings.unknown_columns(APPLICATION, row, {*columns, TARGET})
    absent = [name for name in columns if name not in row]
    if absent:
        told = ", ".join(absent[:5]) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
        findings.warnings.append(
            f"{APPLICATION}: {len(absent)} columns are absent and count as missing: {told}"
        )
    filled = {name: row.get(name) for name in columns}
    return plain_row(APPLICATION, filled) or checked_row(APPLICATION, filled, findings)


@cache
def _orders() -> tuple[tuple[str, str], ...]:
    """Return the columns of the application that are never less than another, with that."""
    columns = table(APPLICATION).columns.values()
    return tuple((column.name, column.not_before) for column in columns if column.not_before)


def _rows(name: str, given: object, findings: Findings) -> list[object]:
    if given is None:
        return []
    if not isinstance(given, list):
        findings.fault(name, "a list of rows is needed")
        return []
    if len(given) > MOST_ROWS:
        findings.fault(name, f"has {len(given)} rows; at most {MOST_ROWS} can be used")
        return []
    return given


def _require_unique(name: str, key: str, columns: Columns, findings: Findings) -> None:
    values = np.asarray(columns.get(key, ()), dtype=np.float64).tolist()
    if len(set(values)) == len(values):
        return
    known: set[float] = set()
    for row, value in enumerate(values):
        if value in known:
            findings.fault(f"{name}[{row}].{key}", f"{value:.0f} is there twice")
        known.add(value)


def _owned(balance: Columns, bureau: Columns, warnings: list[str]) -> Columns:
    """Remove months of credits that are not in the bundle."""
    if not balance:
        return balance
    held, credited = (np.asarray(of.get(CREDIT, ()), dtype=np.float64).tolist() for of in (bureau, balance))
    owned = [*map(set(held).__contains__, credited)]
    if all(owned):
        return balance
    warnings.append(f"bureau_balance: {owned.count(False)} rows belong to no row of bureau and are ignored")
    return {name: _chosen(values, owned) for name, values in balance.items()} if any(owned) else {}


def _chosen(values: ColumnValues, chosen: list[bool]) -> ColumnValues:
    if isinstance(values, np.ndarray):
        return np.asarray(values[np.array(chosen)])
    return [value for value, wanted in zip(values, chosen, strict=True) if wanted]
