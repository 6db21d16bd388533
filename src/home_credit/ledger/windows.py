"""Recorded decisions of a period, for statistics: their hashes are not checked, which `ledger verify` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from home_credit.ledger import chain, entries
from home_credit.ledger.records import DecisionEntry, timestamp
from home_credit.ledger.schema import decisions
from home_credit.ledger.search import SUMMARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from home_credit.ledger.keys import Keyring


def size(connection: Connection, since: datetime, until: datetime) -> int:
    """Return how many decisions were recorded from ``since`` on and before ``until``, simulations left out."""
    return connection.scalar(select(func.count()).where(*_within(since, until))) or 0


def decided(
    connection: Connection, keys: Keyring, since: datetime, until: datetime, *, one_in: int | None = None
) -> Iterator[DecisionEntry]:
    """Yield these decisions without their rows, the earliest first; memory is bounded by a hundred of them.

    With ``one_in`` only the decisions on one in so many applicants, chosen by their id, with their rows.
    """
    columns = tuple(decisions.c) if one_in else SUMMARY
    wanted = (
        entries.with_keys(decisions, *columns).where(*_within(since, until)).order_by(decisions.c.sequence)
    )
    if one_in:
        wanted = wanted.where(decisions.c.applicant_id % one_in == 0)
    wanted = wanted.execution_options(yield_per=entries.ROWS_AT_A_TIME)
    with connection.execute(wanted) as found:
        for row in found.mappings():
            entry = entries.stored(decisions, row)
            yield chain.read(entry, DecisionEntry, chain.data_key(entry, keys), rows=one_in is not None)


def simulated(connection: Connection, keys: Keyring) -> Iterator[DecisionEntry]:
    """Yield the simulations without their rows, the earliest first; memory is bounded by a hundred of them."""
    wanted = entries.with_keys(decisions, *SUMMARY).where(decisions.c.simulation.is_(True))
    wanted = wanted.order_by(decisions.c.sequence).execution_options(yield_per=entries.ROWS_AT_A_TIME)
    with connection.execute(wanted) as found:
        for row in found.mappings():
            entry = entries.stored(decisions, row)
            yield chain.read(entry, DecisionEntry, chain.data_key(entry, keys), rows=False)


def _within(since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    return [
        decisions.c.recorded_at >= timestamp(since),
        decisions.c.recorded_at < timestamp(until),
        decisions.c.simulation.is_(False),
    ]
