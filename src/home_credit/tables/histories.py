"""The rows of a history, checked against the schema: all at once where nothing is odd about them, else by value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from home_credit.tables.findings import MOST_TOLD, Finding, shown
from home_credit.tables.numbers import KINDS, Numbers
from home_credit.tables.schema import ID, table
from home_credit.tables.values import NEEDED, Plain, checked_value, known_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from home_credit.tables.findings import Findings
    from home_credit.tables.schema import Column
    from home_credit.tables.values import Columns, ColumnValues, Value


@dataclass(frozen=True, slots=True)
class _Layout:
    """Some columns of a table, in the order of the schema: ``numbers`` and ``texts`` are places among them.

    ``complete`` says whether all required columns are among them; ``known`` has what each text column may hold.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    ranges: Numbers
    texts: tuple[int, ...]
    known: tuple[frozenset[object], ...]
    complete: bool


# Rows that lack columns come in a limited number of shapes, unless a client varies them on purpose.
@lru_cache(maxsize=512)
def _layout(name: str, given: frozenset[str]) -> _Layout:
    columns = [column for column in table(name).columns.values() if column.name in given]
    numbers = [place for place, column in enumerate(columns) if column.dtype != "text"]
    texts = [place for place, column in enumerate(columns) if column.dtype == "text"]
    return _Layout(
        tuple(column.name for column in columns),
        tuple(numbers),
        Numbers.of([columns[place] for place in numbers]),
        tuple(texts),
        tuple(known_texts(columns[place]) for place in texts),
        all(column.name in given for column in table(name).columns.values() if column.required),
    )


@cache
def _whole_table(name: str) -> tuple[_Layout, Callable[[Any], tuple[object, ...]]]:
    columns = table(name).columns
    return _layout(name, frozenset(columns)), itemgetter(*columns)


def checked_columns(name: str, rows: Sequence[object], applicant: int | None, findings: Findings) -> Columns:
    """Return the columns of the rows of a history of ``applicant``; columns that no row has are left out.

    A row may leave out SK_ID_CURR. Faults and warnings, with the paths of values, go to ``findings``; a value that
    breaks the schema or is a category that is not known is missing. Where there are faults, rows may be missing, too.
    """
    if not rows:
        return {}
    layout, get = _whole_table(name)
    try:
        # Fails for what is no row, and for a row that lacks a column.
        values = list(map(get, rows))
        further = sum(map(len, rows)) > len(layout.names) * len(rows)  # type: ignore[arg-type]  # all are dicts
    except (KeyError, TypeError):
        further = True
    if further:
        return _sparse(name, rows, applicant, findings)
    return _checked(
        _Given(name, layout, list(zip(*values, strict=True)), range(len(rows))), applicant, findings
    )


class _Given(NamedTuple):
    """Values of rows as they were given: by column, in the order of ``layout``; ``places`` are those of the rows."""

    name: str
    layout: _Layout
    columns: list[Sequence[object]]
    places: Sequence[int]


def _sparse(name: str, rows: Sequence[object], applicant: int | None, findings: Findings) -> Columns:
    """Check rows of which some lack columns, have further ones or are no rows at all."""
    columns = frozenset(table(name).columns)
    places, usable = [], []
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            findings.fault(f"{name}[{place}]", "a row of columns is needed")
            continue
        if not columns.issuperset(row):
            findings.unknown_columns(f"{name}[{place}]", row, columns)
        places.append(place)
        usable.append(row)
    layout = _layout(name, columns.intersection({ID}.union(*usable)))
    values: list[Sequence[object]] = [[row.get(column) for row in usable] for column in layout.names]
    return _checked(_Given(name, layout, values, places), applicant, findings)


def _checked(given: _Given, applicant: int | None, findings: Findings) -> Columns:
    layout, owner = given.layout, None
    owned = True
    if ID in layout.names:
        owner, place = applicant, layout.names.index(ID)
        ids = given.columns[place]
        if None in ids:
            # Every row needs the key, but a request may leave it out; nobody has 0.
            ids = [(owner or 0) if value is None else value for value in ids]
            given.columns[place] = ids
        owned = owner is None or ids.count(owner) == len(ids)
    plain = _plain_columns(layout, given.columns) if owned and layout.complete else None
    return _columns_by_value(given, owner, findings) if plain is None else plain


def _plain_columns(layout: _Layout, columns: Sequence[Sequence[object]]) -> Columns | None:
    """Return the columns, or ``None`` where any value is odd."""
    numbers = [columns[place] for place in layout.numbers]
    kinds = set(map(type, chain.from_iterable(numbers)))
    if not kinds <= KINDS:
        return None
    missing = sum(column.count(None) for column in numbers) if type(None) in kinds else 0
    try:
        # Adding zero makes 0.0 of -0.0, as in a file.
        matrix = np.array(numbers, dtype=np.float64) + 0.0
        known = all(
            of.issuperset(columns[place]) for place, of in zip(layout.texts, layout.known, strict=True)
        )
    # A number too large for a float, and an unhashable text.
    except (OverflowError, TypeError):
        return None
    if not known or not layout.ranges.fit(matrix, missing):
        return None
    names = layout.names
    checked: Columns = {names[place]: row for place, row in zip(layout.numbers, matrix, strict=True)}
    checked.update((names[place], columns[place]) for place in layout.texts)  # type: ignore[misc]  # all are known text
    return checked


def _columns_by_value(given: _Given, owner: int | None, findings: Findings) -> Columns:
    """Check the columns value by value, so that every finding is told with its row, in the order of the rows."""
    values = dict(zip(given.layout.names, given.columns, strict=True))
    checked: Columns = {}
    told: list[tuple[int, int, str, Finding]] = []
    faults = warnings = 0
    for order, (name, column) in enumerate(table(given.name).columns.items()):
        if name in values or column.required:
            found = _Column(column, owner if name == ID else None)
            checked[name] = found.check(values.get(name, [None] * len(given.places)))
            told += ((row, order, name, finding) for row, finding in found.told)
            faults, warnings = faults + found.faults, warnings + found.warnings
    findings.values(
        given.name,
        ((f"{given.name}[{given.places[row]}].{name}", finding) for row, _, name, finding in sorted(told)),
        faults,
        warnings,
    )
    return checked


class _Column:
    """Checks the values of one column; ``told`` are the first findings with their rows, the others are counted."""

    def __init__(self, column: Column, owner: int | None) -> None:
        self._column, self._owner = column, owner
        self.told: list[tuple[int, Finding]] = []
        self.faults = self.warnings = 0

    def check(self, given: Sequence[object]) -> ColumnValues:
        """Return the values in the type of the column."""
        fits, required = Plain.of(self._column).fits, self._column.required
        values: list[Any] = list(given)
        for row, value in enumerate(given):
            if value is None:
                if required:
                    self._tell(row, NEEDED)
            elif not fits(value) or self._of_another(value):
                values[row] = self._odd(row, value)
        return values if self._column.dtype == "text" else np.array(values, dtype=np.float64) + 0.0

    def _of_another(self, value: object) -> bool:
        return self._owner is not None and value != self._owner

    def _odd(self, row: int, value: object) -> Value:
        converted, finding = checked_value(value, self._column)
        if finding is None and self._of_another(converted):
            finding = Finding(f"belongs to {shown(value)}, the application is {self._owner}")
        if finding:
            self._tell(row, finding)
        return converted

    def _tell(self, row: int, finding: Finding) -> None:
        if (self.faults if finding.is_fault else self.warnings) < MOST_TOLD:
            self.told.append((row, finding))
        self.faults += finding.is_fault
        self.warnings += not finding.is_fault
