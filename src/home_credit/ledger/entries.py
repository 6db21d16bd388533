"""Entries as they are stored: one by the id of its decision, or all of a chain in their order."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select

from home_credit.errors import UnknownDecisionError
from home_credit.ledger.chain import StoredEntry
from home_credit.ledger.schema import decisions, payload_keys, reviews
from home_credit.progress import Progress, counted, silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table

ROWS_AT_A_TIME = 100


def find(connection: Connection, decision_id: str) -> StoredEntry:
    """Return the entry of a decision; raises :class:`UnknownDecisionError`."""
    row = None
    # Other texts are not sent to the database: PostgreSQL rejects NUL characters.
    if re.fullmatch(r"[0-9a-f-]{36}", decision_id):
        by_id = with_keys(decisions).where(decisions.c.decision_id == decision_id)
        row = connection.execute(by_id).mappings().one_or_none()
    if row is None:
        raise UnknownDecisionError(decision_id)
    return stored(decisions, row)


@contextmanager
def walk(
    connection: Connection,
    table: Table,
    first: int = 1,
    last: int | None = None,
    *,
    progress: Progress = silent,
    label: str = "",
    total: int = 0,
) -> Iterator[Iterator[StoredEntry]]:
    """Yield the entries ``first`` to ``last`` of a table; the cursor is closed even if the caller stops early."""
    rows = with_keys(table).order_by(table.c.sequence).execution_options(yield_per=ROWS_AT_A_TIME)
    if first > 1:
        rows = rows.where(table.c.sequence >= first)
    if last is not None:
        rows = rows.where(table.c.sequence <= last)
    with connection.execute(rows) as found:
        entries = (stored(table, row) for row in found.mappings())
        yield counted(entries, progress, label, total, every=ROWS_AT_A_TIME)


def with_keys(table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
    """Return the statement that gives the entries of a table, or some of its ``columns``, with their wrapped keys."""
    of = columns or tuple(table.c)
    if table is decisions:
        return select(*of, payload_keys.c.wrapped).outerjoin_from(
            decisions, payload_keys, payload_keys.c.sequence == decisions.c.sequence
        )
    if table is reviews:
        decision = select(decisions.c.sequence).where(decisions.c.decision_id == reviews.c.decision_id)
        return select(*of, payload_keys.c.wrapped).outerjoin_from(
            reviews, payload_keys, payload_keys.c.sequence == decision.scalar_subquery()
        )
    return select(*of)


def stored(table: Table, row: RowMapping) -> StoredEntry:
    """Return the entry in a row of ``table``."""
    payload = row["payload"]
    return StoredEntry(
        chain=table.name,
        sequence=row["sequence"],
        format=row["format"],
        payload=payload if isinstance(payload, bytes) else str(payload).encode(),
        previous_hash=row["previous_hash"],
        hash=row["hash"],
        columns={str(name): value for name, value in row.items()},
        key_id=row["key_id"],
        bundle=row.get("bundle"),
        wrapped=row.get("wrapped"),
        erased=row.get("erased"),
    )
