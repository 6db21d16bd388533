"""One applicant's raw rows, with the queries that the checks of reasons need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable

Fact = float | str | None
Row = Mapping[str, Fact]
Rows = Mapping[str, Row | Sequence[Row] | None]

NOT_EMPLOYED = 365243
MISMATCHES = (
    "REG_REGION_NOT_LIVE_REGION",
    "REG_REGION_NOT_WORK_REGION",
    "LIVE_REGION_NOT_WORK_REGION",
    "REG_CITY_NOT_LIVE_CITY",
    "REG_CITY_NOT_WORK_CITY",
    "LIVE_CITY_NOT_WORK_CITY",
)


class Applicant:
    """One applicant's rows, with the queries that statements need."""

    def __init__(self, rows: Rows) -> None:
        application = rows[APPLICATION]
        assert isinstance(application, Mapping)  # noqa: S101  # for mypy: the one table that is a single row
        self.application: Row = application
        self._histories = {name: table for name, table in rows.items() if isinstance(table, Sequence)}

    def table(self, name: str) -> list[Row]:
        """Return the rows of one history."""
        found = self._histories.get(name, ())
        return [row for row in found if name != "bureau_balance" or row["SK_ID_BUREAU"] in self._credits]

    @property
    def _credits(self) -> set[Fact]:
        return {row["SK_ID_BUREAU"] for row in self._histories.get("bureau", ())}

    def instalments(self) -> list[list[Row]]:
        """Return the payments of each instalment."""
        found: dict[tuple[Fact, ...], list[Row]] = {}
        for row in self.table("installments_payments"):
            key = (row["SK_ID_PREV"], row["NUM_INSTALMENT_NUMBER"], row.get("DAYS_INSTALMENT"))
            found.setdefault(key, []).append(row)
        return list(found.values())

    def any(self, table: str, test: Callable[[Row], bool]) -> bool:
        """Return whether a row of the table passes the test."""
        return any(test(row) for row in self.table(table))


def number(row: Row, column: str) -> float:
    """Return a number, 0 where it is missing."""
    value = row.get(column)
    return 0.0 if value is None else float(value)


def known(row: Row, column: str) -> bool:
    """Return whether a value is present."""
    return row.get(column) is not None


def refused(row: Row) -> bool:
    """Return whether an earlier application was refused."""
    return row.get("NAME_CONTRACT_STATUS") == "Refused"
