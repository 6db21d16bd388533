"""One applicant's raw rows from a request, checked against the schema and converted to columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from home_credit.errors import BundleError
from home_credit.tables.rows import checked_row
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TABLES, TARGET, table
from home_credit.tables.values import checked_columns, checked_value, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.tables.schema import Column
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
    violation of the schema raises :class:`BundleError` with the field's path.
    """
    for name in raw:
        if name not in TABLES:
            raise BundleError(str(name), f"unknown table; there are {', '.join(TABLES)}")
    warnings: list[str] = []
    applicant, row = _application(raw.get(APPLICATION), warnings)
    rows = {name: _history(raw, name, applicant) for name in HISTORIES}
    application = checked_row(APPLICATION, row, warnings)
    histories = {name: checked_columns(name, rows[name], warnings) for name in HISTORIES}
    for name, key in UNIQUE.items():
        _require_unique(name, key, histories[name])
    histories["bureau_balance"] = _owned(histories["bureau_balance"], histories["bureau"], warnings)
    return ParsedBundle(applicant, application, histories, warnings)


def parse_application(row: RawRow, history_features: Sequence[float | str | None]) -> ParsedBundle:
    """Check the application of an applicant whose histories were checked and aggregated before.

    Raises :class:`BundleError` as :func:`parse_bundle` does.
    """
    warnings: list[str] = []
    applicant, known = _application(row, warnings)
    return ParsedBundle(applicant, checked_row(APPLICATION, known, warnings), {}, warnings, history_features)


def _application(given: object, warnings: list[str]) -> tuple[int, RawRow]:
    """Return the applicant's id and the one row of the application."""
    rows = given if isinstance(given, list) else [given]
    if len(rows) != 1 or not isinstance(rows[0], dict):
        raise BundleError(APPLICATION, "one row of columns is needed")
    row = {name: value for name, value in rows[0].items() if name != TARGET}
    columns = table(APPLICATION).columns
    _require_known(APPLICATION, row, columns)
    absent = [name for name in columns if name not in row]
    for name in absent:
        if columns[name].required:
            raise BundleError(f"{APPLICATION}.{name}", "is needed")
    if absent:
        named = ", ".join(absent[:5]) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
        warnings.append(f"{APPLICATION}: {len(absent)} columns are absent and count as missing: {named}")
    # Checked before the other columns, since every history is compared with it.
    applicant = checked_value(row[ID], columns[ID], APPLICATION, warnings)
    assert isinstance(applicant, int)  # noqa: S101  # for mypy: the column is a required integer
    return applicant, {**row, ID: applicant}


def _history(raw: Mapping[str, object], name: str, applicant: int) -> list[RawRow]:
    rows = [] if raw.get(name) is None else raw[name]
    if not isinstance(rows, list):
        raise BundleError(name, "a list of rows is needed")
    columns = table(name).columns
    owned = ID in columns
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise BundleError(f"{name}[{place}]", "a row of columns is needed")
        if not row.keys() <= columns.keys():
            _require_known(f"{name}[{place}]", row, columns)
        if owned and row.get(ID, applicant) != applicant:
            raise BundleError(
                f"{name}[{place}].{ID}", f"belongs to {shown(row[ID])}, the application is {applicant}"
            )
    if owned and any(row.get(ID) is None for row in rows):
        # Every row needs the key, but a bundle may leave it out.
        return [{**row, ID: applicant} for row in rows]
    return rows


def _require_known(path: str, row: RawRow, columns: Mapping[str, Column]) -> None:
    unknown = row.keys() - columns.keys()
    if unknown:
        raise BundleError(f"{path}.{min(unknown, key=str)}", "is not a column of this table")


def _require_unique(name: str, key: str, columns: Columns) -> None:
    values = [] if key not in columns else list(columns[key])
    if len(set(values)) == len(values):
        return
    known: set[float | str | None] = set()
    for row, value in enumerate(values):
        if value in known:
            raise BundleError(f"{name}[{row}].{key}", f"{value:.0f} is there twice")
        known.add(value)


def _owned(balance: Columns, bureau: Columns, warnings: list[str]) -> Columns:
    """Remove months of credits that are not in the bundle."""
    credits_held = set(bureau.get(CREDIT, ()))
    owned = [credit in credits_held for credit in balance.get(CREDIT, ())]
    if all(owned):
        return balance
    warnings.append(f"bureau_balance: {owned.count(False)} rows belong to no row of bureau and are ignored")
    return {name: _chosen(values, owned) for name, values in balance.items()} if any(owned) else {}


def _chosen(values: ColumnValues, chosen: list[bool]) -> ColumnValues:
    if isinstance(values, np.ndarray):
        return np.asarray(values[np.array(chosen)])
    return [value for value, wanted in zip(values, chosen, strict=True) if wanted]
