"""Which decisions a query asks for, as one statement that walks an index from the newest or the oldest decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Column, Select, tuple_

from home_credit.ledger import entries
from home_credit.ledger.records import DecisionEntry, timestamp
from home_credit.ledger.schema import decisions

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement

    from home_credit.schemas import DecisionQuery

# What a summary needs of an entry: not the rows, which are most of it.
SUMMARY = tuple(column for column in decisions.c if column is not decisions.c.bundle)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def page(query: DecisionQuery) -> Select[Any]:
    """Return the statement that gives up to ``query.limit`` matching entries and one more, in the query's order."""
    place = (decisions.c.recorded_at, decisions.c.sequence)
    order = [column.desc() if query.order == "newest" else column.asc() for column in place]
    summaries = entries.with_keys(decisions, *SUMMARY)
    return summaries.where(*_conditions(query)).order_by(*order).limit(query.limit + 1)


def cursor(entry: DecisionEntry, sequence: int) -> str:
    """Return the cursor of the decisions that come after ``entry`` in the order of the query."""
    return f"{(entry.recorded_at - EPOCH) // MICROSECOND}-{sequence}"


def _conditions(query: DecisionQuery) -> list[ColumnElement[bool]]:
    recorded_at = decisions.c.recorded_at
    wanted: dict[Column[Any], object] = {
        decisions.c.applicant_id: query.applicant,
        decisions.c.decision: query.decision,
        decisions.c.grade: query.grade,
    }
    conditions = [column == value for column, value in wanted.items() if value is not None]
    conditions.append(decisions.c.erased.is_(None))
    if query.review is not None:
        conditions.append(
            decisions.c.review == query.review if query.review != "none" else decisions.c.review.is_(None)
        )
    if query.since is not None:
        conditions.append(recorded_at >= timestamp(query.since))
    if query.until is not None:
        conditions.append(recorded_at < timestamp(query.until))
    if query.cursor is not None:
        microseconds, sequence = map(int, query.cursor.split("-"))
        place = tuple_(timestamp(EPOCH + microseconds * MICROSECOND), sequence)
        own = tuple_(recorded_at, decisions.c.sequence)
        conditions.append(own < place if query.order == "newest" else own > place)
    return conditions
