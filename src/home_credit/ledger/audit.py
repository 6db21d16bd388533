"""What an auditor asks of the ledger: whether it is whole, its anchors, and the proof of one decision."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sqlalchemy import exists, not_, select

from home_credit.errors import BrokenRecordError, LedgerError
from home_credit.ledger import (
    anchors,
    chain,
    daily_counts,
    entries,
    heads,
    merkle,
    review_counts,
    review_states,
)
from home_credit.ledger.anchors import Anchor, AnchoredChain
from home_credit.ledger.exports import exported
from home_credit.ledger.proofs import Proof
from home_credit.ledger.records import DecisionEntry, ErasureEntry, ReviewEntry
from home_credit.ledger.schema import CHAINS, decisions, erasures, payload_keys, reviews
from home_credit.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Table

    from home_credit.ledger.chain import StoredEntry
    from home_credit.ledger.keys import Keyring

T = TypeVar("T", DecisionEntry, ReviewEntry, ErasureEntry)


class Verified(NamedTuple):
    """The number of records, those that were erased included, and of the erased decisions."""

    records: int
    erased: int


def verify(connection: Connection, keys: Keyring, known: Sequence[Anchor], progress: Progress) -> Verified:
    """Walk the chains and compare what follows from them; ``connection`` sees one state of the ledger.

    See :meth:`Ledger.verify`.
    """
    walk = Walk(connection, keys)
    records = walk.verify(known, progress)
    walk.daily.compare()
    review_states.verify(connection)
    review_counts.compare(connection, walk.reviews)
    _verify_erased(connection)
    return Verified(records, walk.erased)


def recount(connection: Connection, keys: Keyring, known: Sequence[Anchor], progress: Progress) -> int:
    """Put the counts that follow from the chains in the place of those there are; see :meth:`Ledger.recount`."""
    walk = Walk(connection, keys)
    records = walk.verify(known, progress)
    walk.daily.replace(connection)
    review_counts.replace(connection, walk.reviews)
    return records


class Walk:
    """What is found while the chains are verified."""

    def __init__(self, connection: Connection, keys: Keyring) -> None:
        self._connection, self._keys = connection, keys
        self.daily = daily_counts.Counter.of(connection)
        self.reviews: Counter[review_counts.Cell] = Counter()
        self.erased = 0
        self._ranges: list[tuple[int, int]] = []

    def verify(self, known: Sequence[Anchor], progress: Progress) -> int:
        """Verify the chains and return the number of their records."""

        def verified(table: Table, model: type[T], seen: Callable[[StoredEntry, T | None], None]) -> int:
            head, label = heads.read(self._connection, table.name, self._keys), f"{table.name} verified"
            with entries.walk(
                self._connection, table, progress=progress, label=label, total=head.sequence
            ) as found:
                anchored = anchors.ends(known, table.name)
                return chain.verify(found, model, table.name, head, self._keys, anchored=anchored, seen=seen)

        erased = verified(erasures, ErasureEntry, self._add_erasure)
        self._ranges.sort()
        decided = verified(decisions, DecisionEntry, self._add_decision)
        return erased + decided + verified(reviews, ReviewEntry, self._add_review)

    def _add_erasure(self, _entry: StoredEntry, erasure: ErasureEntry | None) -> None:
        self._ranges += erasure.decisions if erasure else ()

    def _add_decision(self, entry: StoredEntry, record: DecisionEntry | None) -> None:
        place = bisect_right(self._ranges, (entry.sequence, sys.maxsize)) - 1
        to_erase = place >= 0 and entry.sequence <= self._ranges[place][1]
        if to_erase != (record is None):
            problem = "is there, but it was erased" if to_erase else "was emptied, but no erasure names it"
            raise BrokenRecordError(f"{entry} {problem}")
        if record is None:
            self.erased += 1
            self.daily.note_erased(entry.sequence)
        else:
            self.daily.add(entry, record)

    def _add_review(self, _entry: StoredEntry, review: ReviewEntry | None) -> None:
        if review is None:
            return
        decision = review.reviewed
        if decision is None:
            of_it = decisions.c.decision_id == review.decision_id
            decision = self._connection.scalar(select(decisions.c.decision).where(of_it))
        self.reviews[review_counts.Cell.of(review, str(decision), self._keys)] += 1


def _verify_erased(connection: Connection) -> None:
    """Raise :class:`BrokenRecordError` for a review or a key without its decision, or a review that outlived it."""
    same = reviews.c.decision_id == decisions.c.decision_id
    other = reviews.c.erased.is_(None) != decisions.c.erased.is_(None)
    differs = select(reviews.c.sequence).join_from(reviews, decisions, same).where(other).limit(1)
    if (sequence := connection.scalar(differs)) is not None:
        raise BrokenRecordError(
            f"reviews record {sequence} was changed: not both, it and its decision, were erased"
        )
    held = exists().where(decisions.c.sequence == payload_keys.c.sequence, decisions.c.erased.is_(None))
    if (
        sequence := connection.scalar(select(payload_keys.c.sequence).where(not_(held)).limit(1))
    ) is not None:
        raise BrokenRecordError(f"there is a key of decisions record {sequence}, which is not held")


def export(connection: Connection, keys: Keyring, progress: Progress) -> Iterator[dict[str, object]]:
    """Yield every entry; see :meth:`Ledger.export`."""
    for table in CHAINS.values():
        total = heads.read(connection, table.name, keys).sequence
        label = f"{table.name} exported"
        with entries.walk(connection, table, progress=progress, label=label, total=total) as found:
            for entry in found:
                yield exported(entry, keys)


def anchor(
    connection: Connection, keys: Keyring, known: Sequence[Anchor], progress: Progress = silent
) -> Anchor:
    """Return an anchor of the chains as they are, whose entries since the last of ``known`` are verified.

    Raises :class:`~home_credit.errors.BrokenRecordError` where one of these was changed.
    """

    def end(table: Table, model: type[T]) -> AnchoredChain:
        head, start = heads.read(connection, table.name, keys), anchors.last_head(known, table.name)
        leaves: list[bytes] = []

        def noted(found: Iterator[StoredEntry]) -> Iterator[StoredEntry]:
            for entry in found:
                leaves.append(_leaf(entry, keys))
                yield entry

        place = {"first": start.sequence + 1, "last": head.sequence}
        label = f"{table.name} anchored"
        with entries.walk(
            connection, table, **place, progress=progress, label=label, total=head.sequence
        ) as found:
            chain.verify(noted(found), model, table.name, head, keys, start=start)
        return AnchoredChain(**head._asdict(), first=start.sequence + 1, root=merkle.root(leaves))

    anchors.check_heads(known, {name: heads.read(connection, name, keys) for name in CHAINS})
    chains = {
        decisions.name: end(decisions, DecisionEntry),
        reviews.name: end(reviews, ReviewEntry),
        erasures.name: end(erasures, ErasureEntry),
    }
    return Anchor(recorded_at=anchors.now(), key=keys.current.id, chains=chains).signed(keys.current)


def prove(connection: Connection, keys: Keyring, known: Sequence[Anchor], decision_id: str) -> Proof:
    """Return the proof of a decision by the anchor that covers it; see :meth:`Ledger.prove`."""
    entry = entries.find(connection, decision_id)
    chain.check(entry, DecisionEntry, keys)
    for candidate in known:
        anchored = candidate.chains[decisions.name]
        if anchored.first <= entry.sequence <= anchored.sequence:
            break
    else:
        raise LedgerError(
            f"no anchor covers decision {decision_id} yet: `home-credit ledger anchor` writes one"
        )
    with entries.walk(connection, decisions, anchored.first, anchored.sequence) as found:
        leaves = [_leaf(each, keys) for each in found]
    path = merkle.path(leaves, entry.sequence - anchored.first)
    return Proof.of(entry, chain.data_key(entry, keys), path, candidate)


def _leaf(entry: StoredEntry, keys: Keyring) -> bytes:
    return merkle.leaf(entry.chain, entry.sequence, chain.payload_digest(entry, keys))
