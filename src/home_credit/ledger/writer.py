"""Appends drafts to a chain as entries, each linked to the previous one."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import bindparam, insert, select, update

from home_credit.ledger.chain import Head, entry_hash
from home_credit.ledger.drafts import Recorded
from home_credit.ledger.records import FORMAT, DecisionEntry, ReviewEntry, timestamp
from home_credit.ledger.schema import chain_heads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

    from home_credit.ledger.drafts import Draft
    from home_credit.ledger.keys import Key

T = TypeVar("T", DecisionEntry, ReviewEntry)

_AT_HEAD = chain_heads.c.chain == bindparam("of")
# The row lock serialises the writers of all processes; SQLite has no row locks, its file is locked already.
HEAD = select(chain_heads.c.sequence, chain_heads.c.hash).where(_AT_HEAD).with_for_update()
MOVE_HEAD = update(chain_heads).where(_AT_HEAD).values(sequence=bindparam("end"), hash=bindparam("last"))


def lock_head(connection: Connection, table: Table) -> Head:
    """Return the end of a chain, which nobody else extends before the transaction ends."""
    return Head(*connection.execute(HEAD, {"of": table.name}).one())


def extend(
    connection: Connection, table: Table, head: Head, drafts: Sequence[Draft[T]], key: Key | None
) -> list[Recorded[T]]:
    """Chain ``drafts`` to ``table`` after its locked ``head`` and return their outcomes, in order."""
    sequence, previous = head
    recorded: list[Recorded[T]] = []
    rows: list[dict[str, object]] = []
    signed = {"format": FORMAT, "key_id": key.id if key else None}
    for draft in drafts:
        moment = datetime.now(UTC)
        time = timestamp(moment)
        payload = draft.recorded(time)
        sequence += 1
        link = {"sequence": sequence, "payload": payload, "previous_hash": previous, "recorded_at": time}
        previous = entry_hash(table.name, sequence, previous, payload, key=key)
        bundle = {} if draft.bundle is None else {"bundle": draft.bundle}
        rows.append({**signed, **link, "hash": previous, **draft.columns, **bundle})
        recorded.append(Recorded(draft.decision_id, moment, partial(draft.record, moment)))
    if rows:
        connection.execute(insert(table), rows)
        connection.execute(MOVE_HEAD, {"of": table.name, "end": sequence, "last": previous})
    return recorded
