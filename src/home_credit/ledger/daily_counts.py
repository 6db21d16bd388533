"""Decisions counted by day, outcome, grade and kind, in a table that follows from the chain.

A row changes in the transaction that appends its decisions; its ``last_sequence`` is the last one counted in it.
Probabilities are summed in billionths: a sum of whole numbers does not depend on their order.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, insert, select, text

from home_credit.errors import BrokenRecordError
from home_credit.ledger.schema import daily_counts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from typing import Any

    from sqlalchemy import Connection, Select

    from home_credit.ledger.chain import StoredEntry
    from home_credit.ledger.drafts import Draft, Recorded
    from home_credit.ledger.records import DecisionEntry

BILLIONTHS = 1_000_000_000
# The same in SQLite and PostgreSQL; the lock of the chain's head serialises its writers.
ADD = text(
    """
    INSERT INTO daily_counts (day, decision, grade, simulation, decisions, billionths, last_sequence)
    VALUES (:day, :decision, :grade, :simulation, :decisions, :billionths, :last_sequence)
    ON CONFLICT (day, decision, grade, simulation) DO UPDATE SET
        decisions = daily_counts.decisions + excluded.decisions,
        billionths = daily_counts.billionths + excluded.billionths,
        last_sequence = excluded.last_sequence
    """
)


class Cell(NamedTuple):
    """What decisions are counted by: the day of their record in UTC, outcome, grade, and whether they simulate."""

    day: str
    decision: str
    grade: str
    simulation: bool


@dataclass(slots=True)
class Count:
    """How many decisions a cell has, and the sum of their probabilities of default in billionths."""

    decisions: int = 0
    billionths: int = 0
    last_sequence: int = 0

    def add(self, probability: float, sequence: int) -> None:
        """Count one decision more."""
        self.decisions += 1
        self.billionths += round(probability * BILLIONTHS)
        self.last_sequence = sequence

    @property
    def mean_probability(self) -> float:
        """The mean probability of default."""
        return self.billionths / BILLIONTHS / self.decisions


def add(
    connection: Connection,
    drafts: Sequence[Draft[DecisionEntry]],
    recorded: Sequence[Recorded[DecisionEntry]],
    sequence: int,
) -> None:
    """Count the decisions that were appended after ``sequence``, with one statement for all of them."""
    counts: defaultdict[Cell, Count] = defaultdict(Count)
    for place, (draft, outcome) in enumerate(zip(drafts, recorded, strict=True), start=sequence + 1):
        columns, day = draft.columns, outcome.recorded_at.date().isoformat()
        cell = Cell(day, str(columns["decision"]), str(columns["grade"]), bool(columns["simulation"]))
        counts[cell].add(draft.probability, place)
    if counts:
        connection.execute(ADD, [{**cell._asdict(), **_columns(count)} for cell, count in counts.items()])


def read(connection: Connection, first: date, last: date) -> list[tuple[Cell, Count]]:
    """Return the counts of the days ``first`` to ``last``, the earliest first."""
    within = daily_counts.c.day.between(first.isoformat(), last.isoformat())
    key = (daily_counts.c[name] for name in Cell._fields)
    return _read(connection, select(daily_counts).where(within).order_by(*key))


def copy(source: Connection, target: Connection) -> None:
    """Copy the counts into a ledger that has none."""
    if rows := [dict(row) for row in source.execute(select(daily_counts)).mappings()]:
        target.execute(insert(daily_counts), rows)


class Counter:
    """Counts the entries of a chain anew, in their order."""

    def __init__(self) -> None:
        self.found: defaultdict[Cell, Count] = defaultdict(Count)

    def add(self, entry: StoredEntry, record: DecisionEntry) -> None:
        """Count an entry that was checked."""
        said, day = record.assessment, record.recorded_at.date().isoformat()
        cell = Cell(day, said.decision, said.grade, record.simulation)
        self.found[cell].add(said.probability_of_default, entry.sequence)

    def compare(self, connection: Connection) -> None:
        """Raise :class:`BrokenRecordError` naming counts that differ from the entries."""
        stored = dict(_read(connection, select(daily_counts)))
        for cell in stored.keys() | self.found.keys():
            said, found = stored.get(cell, Count()), self.found[cell]
            if said != found:
                kind = "simulations" if cell.simulation else "decisions"
                raise BrokenRecordError(
                    f"the daily counts were changed: {said.decisions} {kind} with {cell.decision} and grade"
                    f" {cell.grade} on {cell.day}, {found.decisions} are recorded, or their"
                    " probabilities differ"
                )

    def replace(self, connection: Connection) -> None:
        """Put these counts in the place of those there are."""
        connection.execute(delete(daily_counts))
        if self.found:
            rows = [{**cell._asdict(), **_columns(count)} for cell, count in self.found.items()]
            connection.execute(insert(daily_counts), rows)


def _columns(count: Count) -> dict[str, int]:
    return {name: getattr(count, name) for name in Count.__slots__}


def _read(connection: Connection, rows: Select[Any]) -> list[tuple[Cell, Count]]:
    return [
        (
            Cell(*(row[name] for name in Cell._fields)),
            Count(row["decisions"], row["billionths"], row["last_sequence"]),
        )
        for row in connection.execute(rows).mappings()
    ]
