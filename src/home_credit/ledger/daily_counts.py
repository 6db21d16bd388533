"""Decisions counted by day, outcome, grade and kind, in a table that follows from the chain.

A row changes in the transaction that appends its decisions; its ``last_sequence`` is the last one counted in it.
Probabilities are summed in billionths: a sum of whole numbers does not depend on their order.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, text, update

from home_credit.errors import BrokenRecordError
from home_credit.ledger.schema import daily_counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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


SUBTRACT = (
    update(daily_counts)
    .where(
        *(
            daily_counts.c[name] == bindparam(f"of_{name}")
            for name in ("day", "decision", "grade", "simulation")
        )
    )
    .values(
        decisions=daily_counts.c.decisions - bindparam("less"),
        billionths=daily_counts.c.billionths - bindparam("lower"),
    )
)


class Cell(NamedTuple):
    """What decisions are counted by: :attr:`DecisionEntry.day`, outcome, grade, and whether they simulate."""

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
        columns, day = draft.columns, (draft.decided_at or outcome.recorded_at).date().isoformat()
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

    def __init__(self, stored: Mapping[Cell, Count] = MappingProxyType({})) -> None:
        self.found: defaultdict[Cell, Count] = defaultdict(Count)
        self._stored = stored
        self._ends = {count.last_sequence for count in stored.values()}
        self._erased_ends: set[int] = set()

    @classmethod
    def of(cls, connection: Connection) -> Counter:
        """Return a counter that will be compared with the counts there are."""
        return cls(dict(_read(connection, select(daily_counts))))

    def subtract(self, connection: Connection) -> None:
        """Take the entries out of the counts there are; a count of nothing is removed."""
        rows = [
            {f"of_{name}": value for name, value in cell._asdict().items()}
            | {"less": count.decisions, "lower": count.billionths}
            for cell, count in self.found.items()
        ]
        if rows:
            connection.execute(SUBTRACT, rows)
            connection.execute(delete(daily_counts).where(daily_counts.c.decisions == 0))

    def note_erased(self, sequence: int) -> None:
        """Note an erased entry, which is in no count but may be the last of one."""
        if sequence in self._ends:
            self._erased_ends.add(sequence)

    def add(self, entry: StoredEntry, record: DecisionEntry) -> None:
        """Count an entry that was checked."""
        said = record.assessment
        cell = Cell(record.day, said.decision, said.grade, record.simulation)
        self.found[cell].add(said.probability_of_default, entry.sequence)

    def compare(self) -> None:
        """Raise :class:`BrokenRecordError` naming counts that differ from the entries."""
        for cell in self._stored.keys() | self.found.keys():
            said, found = self._stored.get(cell, Count()), self.found[cell]
            if said.last_sequence in self._erased_ends and said.last_sequence > found.last_sequence:
                said = replace(said, last_sequence=found.last_sequence)
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
