"""Erasure: decisions lose their content, their key and their reviews', and the chains can still be verified.

Every erasure is a record of a chain of its own, which names the places of the decisions and nobody. Content that is
gone without such a record is found by the verification, and so is content that is there in spite of one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select, update

from home_credit.ledger import chain, daily_counts, entries, review_counts, shadow_scores, tombstones
from home_credit.ledger.drafts import draft_erasure
from home_credit.ledger.records import DecisionEntry, ErasureContent, ReviewEntry, timestamp
from home_credit.ledger.schema import CHAINS, EMPTIED, decisions, erasures, payload_keys, reviews
from home_credit.ledger.writer import extend, lock_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Literal

    from sqlalchemy import Connection, Select, Table

    from home_credit.ledger.chain import StoredEntry
    from home_credit.ledger.journal import Journaled
    from home_credit.ledger.keys import Keyring
    from home_credit.ledger.records import ErasureEntry

    Cause = Literal["request", "retention", "restore"]

AT_ONCE = 200  # decisions; their rows are in memory together, and others wait to record meanwhile
_HELD = select(decisions.c.sequence).where(decisions.c.erased.is_(None)).order_by(decisions.c.sequence)


def of_applicant(connection: Connection, applicant_id: int) -> list[int]:
    """Return the places of the decisions on an applicant that are held."""
    return list(connection.scalars(_HELD.where(decisions.c.applicant_id == applicant_id)))


def before(connection: Connection, moment: datetime, after: int) -> list[int]:
    """Return the places of the first decisions beyond ``after`` that were recorded before a moment and are held."""
    old = _HELD.where(decisions.c.recorded_at < timestamp(moment), decisions.c.sequence > after)
    return list(connection.scalars(old.limit(AT_ONCE)))


def erase(connection: Connection, keys: Keyring, places: Sequence[int], cause: Cause) -> ErasureEntry | None:
    """Erase the decisions at ``places``, at most :data:`AT_ONCE`, and record that; ``None`` where none is held.

    Raises :class:`~home_credit.errors.BrokenRecordError` where one of them was changed.
    """
    heads = {table.name: lock_head(connection, table, keys) for table in CHAINS.values()}
    # Others may have erased some of them before the lock.
    held = _stored(connection, decisions, _HELD.where(decisions.c.sequence.in_(places)))
    if not held:
        return None
    ids = [entry.columns["decision_id"] for entry in held]
    followed = _stored(connection, reviews, select(reviews.c.sequence).where(reviews.c.decision_id.in_(ids)))
    _subtract(connection, keys, held, followed)
    shadow_scores.remove(connection, ids)
    for table, erased in ((decisions, held), (reviews, followed)):
        _empty(connection, keys, table, erased)
    found = [entry.sequence for entry in held]
    connection.execute(delete(payload_keys).where(payload_keys.c.sequence.in_(found)))
    draft = draft_erasure(ErasureContent(cause=cause, decisions=ranges(found)))
    (recorded,) = extend(connection, erasures, heads[erasures.name], [draft], keys.current)
    return recorded.read()


def repeat(connection: Connection, keys: Keyring, journal: Iterable[Journaled]) -> int:
    """Erase what earlier erasures named and a restored ledger holds again; return the number of decisions."""
    places: set[int] = set()
    for erasure in journal:
        # Places after the end of the restored ledger were taken by other decisions since.
        earlier = _HELD.where(decisions.c.recorded_at < timestamp(erasure.recorded_at))
        for first, last in erasure.decisions:
            places.update(connection.scalars(earlier.where(decisions.c.sequence.between(first, last))))
    for group in batched(sorted(places)):
        erase(connection, keys, group, "restore")
    return len(places)


def batched(places: list[int]) -> Iterator[list[int]]:
    """Yield at most :data:`AT_ONCE` places at a time."""
    for start in range(0, len(places), AT_ONCE):
        yield places[start : start + AT_ONCE]


def ranges(places: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return ascending places as ranges, both ends included."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return tuple(found)


def _stored(connection: Connection, table: Table, places: Select[tuple[int]]) -> list[StoredEntry]:
    rows = entries.with_keys(table).where(table.c.sequence.in_(places), table.c.erased.is_(None))
    return [
        entries.stored(table, row) for row in connection.execute(rows.order_by(table.c.sequence)).mappings()
    ]


def _subtract(
    connection: Connection, keys: Keyring, held: list[StoredEntry], followed: list[StoredEntry]
) -> None:
    """Take the entries out of the counts, which are of what is held."""
    daily, decided = daily_counts.Counter(), {}
    for entry in held:
        record = chain.check(entry, DecisionEntry, keys, rows=False)
        daily.add(entry, record)
        decided[record.decision_id] = record.assessment.decision
    daily.subtract(connection)
    counted: Counter[review_counts.Cell] = Counter()
    for entry in followed:
        review = chain.check(entry, ReviewEntry, keys)
        counted[review_counts.Cell.of(review, decided[review.decision_id], keys)] += 1
    review_counts.subtract(connection, counted)


def _empty(connection: Connection, keys: Keyring, table: Table, erased: list[StoredEntry]) -> None:
    if erased:
        at = update(table).where(table.c.sequence == bindparam("at"))
        empty = dict.fromkeys(EMPTIED[table.name])
        rows = [
            {
                "at": entry.sequence,
                "tombstone": tombstones.of(entry, chain.payload_digest(entry, keys), keys.current),
            }
            for entry in erased
        ]
        connection.execute(at.values(payload=b"", erased=bindparam("tombstone"), **empty), rows)
