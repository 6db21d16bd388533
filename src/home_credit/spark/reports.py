"""What tasks found in the rows that they checked, put together to what is told of whole tables."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from home_credit import errors
from home_credit.tables.checks import Unknown, warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from home_credit.errors import TableError

# Unknown values of a column that a report tells; those of a spoilt column would be as many as its rows.
MOST = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in some rows of a block of a file, ``before`` of which were reported already.

    ``fault`` has the class and the arguments of a :class:`TableError`. Rows are counted from the first of these.
    """

    name: str
    file: str
    block: int
    before: int
    rows: int = 0
    fault: Mapping[str, Any] | None = None
    unknown: Sequence[Unknown] = ()

    def right(self, rows: int, unknown: Sequence[Unknown]) -> Report:
        """Return the report on so many rows that can be used."""
        return replace(self, rows=rows, unknown=unknown[:MOST])

    def wrong(self, error: TableError) -> Report:
        """Return the report on rows that cannot be used."""
        told = {
            "error": type(error).__name__,
            "problem": error.problem,
            "column": error.column,
            "row": error.row,
        }
        return replace(self, fault=told)

    def to_bytes(self) -> bytes:
        """Return all of it as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, told: bytes) -> Report:
        """Return the report that :meth:`to_bytes` told."""
        plain = json.loads(told)
        return cls(**plain | {"unknown": [Unknown(*found) for found in plain["unknown"]]})


class Reports:
    """All reports on the tables of a portfolio."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self._of: dict[str, list[Report]] = defaultdict(list)
        for report in sorted(reports, key=lambda report: (report.file, report.block, report.before)):
            self._of[report.name].append(report)

    def rows(self, name: str) -> int:
        """Return the number of rows of a table."""
        return sum(report.rows for report in self._of[name])

    def raise_first(self, names: Iterable[str]) -> None:
        """Raise the first fault in the first table that has one: with its row, and its file where there are several."""
        for name in names:
            reports = self._of[name]
            several = len({report.file for report in reports}) > 1
            for report, first in zip(reports, _first_rows(reports), strict=True):
                if report.fault:
                    raise _error(report, first, several=several)

    def warnings(self, name: str) -> Iterator[str]:
        """Yield a line for each of the first unknown values of every column, and one for all others."""
        found: dict[tuple[str, str], Unknown] = {}
        reports = self._of[name]
        for report, first in zip(reports, _first_rows(reports), strict=True):
            for unknown in report.unknown:
                known = found.get(
                    (unknown.column, unknown.value), unknown._replace(row=first + unknown.row, rows=0)
                )
                found[unknown.column, unknown.value] = known._replace(rows=known.rows + unknown.rows)
        places = {unknown.column: None for unknown in found.values()}
        for column in places:
            yield from warnings(name, (unknown for unknown in found.values() if unknown.column == column))


def _first_rows(reports: Iterable[Report]) -> Iterator[int]:
    """Yield for each report, in order, how many rows of its file come before it."""
    file, rows = None, 0
    for report in reports:
        if report.file != file:
            file, rows = report.file, 0
        yield rows
        rows += report.rows


def _error(report: Report, first: int, *, several: bool) -> TableError:
    assert report.fault is not None  # noqa: S101  # for mypy: as the caller found
    kind: type[TableError] = getattr(errors, report.fault["error"])
    row, problem = report.fault["row"], report.fault["problem"]
    place = f" (in {PurePath(report.file).name})" if several else ""
    return kind(
        report.name,
        f"{problem}{place}",
        column=report.fault["column"],
        row=None if row is None else first + row,
    )
