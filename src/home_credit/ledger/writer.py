"""Appends drafts to a chain as entries, each linked to the previous one."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import bindparam, insert, select, update

from home_credit.ledger import heads
from home_credit.ledger.chain import Head, entry_hash, sha256
from home_credit.ledger.drafts import Recorded
from home_credit.ledger.records import FORMAT, DecisionEntry, ErasureEntry, ReviewEntry, timestamp
from home_credit.ledger.schema import chain_heads, payload_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

    from home_credit.ledger.drafts import Draft
    from home_credit.ledger.keys import Key, Keyring

T = TypeVar("T", DecisionEntry, ReviewEntry, ErasureEntry)

_AT_HEAD = chain_heads.c.chain == bindparam("of")
# The row lock serialises the writers of all processes; SQLite has no row locks, its file is locked already.
LOCKED_HEAD = select(chain_heads).where(_AT_HEAD).with_for_update()
MOVE_HEAD = (
    update(chain_heads)
    .where(_AT_HEAD)
    .values({name: bindparam(f"new_{name}") for name in ("sequence", "hash", "key_id", "signature")})
)


def lock_head(connection: Connection, table: Table, keys: Keyring) -> Head:
    """Return the end of a chain, which nobody else extends before the transaction ends.

    Raises :class:`~home_credit.errors.BrokenRecordError` where it is not the one that was signed.
    """
    return heads.checked(
        table.name, connection.execute(LOCKED_HEAD, {"of": table.name}).mappings().first(), keys
    )


def extend(
    connection: Connection, table: Table, head: Head, drafts: Sequence[Draft[T]], key: Key
) -> list[Recorded[T]]:
    """Chain ``drafts`` to ``table`` after its locked ``head`` and return their outcomes, in order."""
    sequence, previous = head
    recorded: list[Recorded[T]] = []
    rows: list[dict[str, object]] = []
    wrapped: list[dict[str, object]] = []
    for draft in drafts:
        moment = datetime.now(UTC)
        time = timestamp(moment)
        payload = draft.recorded(time)
        sequence += 1
        own = entry_hash(table.name, sequence, previous, sha256(payload), key=key)
        row: dict[str, object] = {
            "sequence": sequence,
            "format": FORMAT,
            "payload": payload,
            "previous_hash": previous,
            "hash": own,
            "recorded_at": time,
            "key_id": key.id,
            **draft.columns,
        }
        if draft.bundle is not None:
            row["bundle"] = draft.bundle
        if draft.key is not None:
            wrapped.append({"sequence": sequence, "wrapped": draft.key.wrapped(key)})
        rows.append(row)
        recorded.append(Recorded(draft.decision_id, moment, partial(draft.record, moment)))
        previous = own
    if rows:
        connection.execute(insert(table), rows)
        if wrapped:
            connection.execute(insert(payload_keys), wrapped)
        signed = heads.signed(table.name, Head(sequence, previous), key)
        moved = {f"new_{name}": value for name, value in signed.items() if name != "chain"}
        connection.execute(MOVE_HEAD, {"of": table.name, **moved})
    return recorded
