"""Reviews counted by day, decision, outcome, reason and reviewer, in a table that follows from the chains.

The name of a reviewer is not in it: a keyed digest tells different ones apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, insert, select, text, update

from home_credit.errors import BrokenRecordError
from home_credit.ledger import review_states
from home_credit.ledger.schema import decisions, review_counts

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import Connection

    from home_credit.ledger.keys import Keyring
    from home_credit.ledger.records import ReviewEntry

# The same in SQLite and PostgreSQL; the lock of the chain's head serialises its writers.
ADD = text(
    """
    INSERT INTO review_counts (day, decision, reviewed_as, reason_code, reviewer, reviews)
    VALUES (:day, :decision, :reviewed_as, :reason_code, :reviewer, :reviews)
    ON CONFLICT (day, decision, reviewed_as, reason_code, reviewer) DO UPDATE SET
        reviews = review_counts.reviews + excluded.reviews
    """
)


class Cell(NamedTuple):
    """What reviews are counted by: day in UTC, what policy and reviewer decided, kind of reason, reviewer's digest."""

    day: str
    decision: str
    reviewed_as: str
    reason_code: str
    reviewer: str

    @classmethod
    def of(cls, review: ReviewEntry, decision: str, keys: Keyring) -> Cell:
        """Return the cell of a review of a decision that the policy had made."""
        day = review.recorded_at.date().isoformat()
        return cls(day, decision, review.decision, review.reason_code, keys.digest(review.reviewer))


class Counted(NamedTuple):
    """Reviews of a day, without the reviewer."""

    day: str
    decision: str
    reviewed_as: str
    reason_code: str
    reviews: int


class Statistics(NamedTuple):
    """Reviews of some days: counts, the number of reviewers, and the decisions that await a review now, by state."""

    counts: list[Counted]
    reviewers: int
    waiting: dict[str, int]


def add(connection: Connection, cell: Cell) -> None:
    """Count one review more."""
    connection.execute(ADD, {**cell._asdict(), "reviews": 1})


def read(connection: Connection, first: date, last: date) -> Statistics:
    """Return the reviews of the days ``first`` to ``last``, the earliest first."""
    within = review_counts.c.day.between(first.isoformat(), last.isoformat())
    by = [review_counts.c[name] for name in Counted._fields[:-1]]
    total = func.sum(review_counts.c.reviews)
    counts = connection.execute(select(*by, total).where(within).group_by(*by).order_by(*by)).all()
    reviewers = connection.scalar(select(func.count(review_counts.c.reviewer.distinct())).where(within))
    states = (review_states.OPEN, review_states.SECOND)
    waiting = {
        state: connection.scalar(
            select(func.count()).select_from(decisions).where(decisions.c.review == state)
        )
        for state in states
    }
    return Statistics(
        [Counted._make([*cell, int(number)]) for *cell, number in counts],
        reviewers or 0,
        {state: found or 0 for state, found in waiting.items()},
    )


def copy(source: Connection, target: Connection) -> None:
    """Copy the counts into a ledger that has none."""
    if rows := [dict(row) for row in source.execute(select(review_counts)).mappings()]:
        target.execute(insert(review_counts), rows)


def subtract(connection: Connection, counts: Mapping[Cell, int]) -> None:
    """Take reviews out of the counts; a count of nothing is removed."""
    for cell, number in counts.items():
        same = (review_counts.c[name] == value for name, value in cell._asdict().items())
        less = review_counts.c.reviews - number
        connection.execute(update(review_counts).where(*same).values(reviews=less))
    connection.execute(delete(review_counts).where(review_counts.c.reviews == 0))


def replace(connection: Connection, counts: Mapping[Cell, int]) -> None:
    """Put ``counts`` in the place of those there are."""
    connection.execute(delete(review_counts))
    if counts:
        connection.execute(
            insert(review_counts), [{**cell._asdict(), "reviews": number} for cell, number in counts.items()]
        )


def compare(connection: Connection, found: Counter[Cell]) -> None:
    """Raise :class:`BrokenRecordError` naming counts that differ from those ``found`` in the chain."""
    stored = {Cell(*row[:-1]): row[-1] for row in connection.execute(select(review_counts))}
    for cell in stored.keys() | found.keys():
        if stored.get(cell, 0) != found[cell]:
            raise BrokenRecordError(
                f"the counts of reviews were changed: {stored.get(cell, 0)} on {cell.day} of decisions that were "
                f"{cell.decision} as {cell.reviewed_as}, {found[cell]} are recorded"
            )
