"""Appends records to a chain as entries, each linked to the previous one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import insert, select, update

from home_credit.ledger.chain import Head, entry_hash
from home_credit.ledger.records import (
    FORMAT,
    DecisionContent,
    DecisionEntry,
    ReviewContent,
    ReviewEntry,
    canonical,
    timestamp,
)
from home_credit.ledger.schema import chain_heads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

T = TypeVar("T", DecisionEntry, ReviewEntry)


class Draft(Generic[T]):
    """A record before it has a time.

    Its JSON is produced on instantiation, so that no lock is held meanwhile. Raises :class:`ValueError` or
    :class:`TypeError` where the rows of a bundle are not JSON.
    """

    def __init__(self, model: type[T], decision_id: str, content: DecisionContent | ReviewContent) -> None:
        stamp = {"format": FORMAT, "decision_id": decision_id}
        # The rows, the largest part of a record, are in JSON types already.
        plain = content.model_dump(mode="json", exclude={"bundle"})
        if isinstance(content, DecisionContent):
            plain["bundle"] = content.bundle
        self._model: type[T] = model
        self._fields = {**dict(content), **stamp}
        self._members = {name: canonical(value) for name, value in {**plain, **stamp}.items()}

    def recorded(self, moment: datetime) -> tuple[T, bytes]:
        """Return the record with its time, and its payload in canonical JSON."""
        record = self._model.model_construct(**self._fields, recorded_at=moment)
        members = {**self._members, "recorded_at": canonical(timestamp(moment))}
        text = ",".join(f"{canonical(name)}:{members[name]}" for name in sorted(members))
        return record, f"{{{text}}}".encode()


def extend(connection: Connection, table: Table, drafts: Sequence[Draft[T]]) -> list[T]:
    """Chain ``drafts`` to ``table`` inside the transaction of ``connection`` and return the records."""
    # The row lock serialises the writers of all processes; SQLite has no row locks, its file is locked already.
    at_head = chain_heads.c.chain == table.name
    head = select(chain_heads.c.sequence, chain_heads.c.hash).where(at_head).with_for_update()
    sequence, previous = connection.execute(head).one()
    records: list[T] = []
    rows: list[dict[str, object]] = []
    for draft in drafts:
        record, payload = draft.recorded(datetime.now(UTC))
        sequence += 1
        link = {"sequence": sequence, "format": FORMAT, "payload": payload, "previous_hash": previous}
        previous = entry_hash(table.name, sequence, previous, payload)
        records.append(record)
        rows.append({**link, "hash": previous, **record.projection()})
    connection.execute(insert(table), rows)
    connection.execute(update(chain_heads).where(at_head).values(Head(sequence, previous)._asdict()))
    return records
