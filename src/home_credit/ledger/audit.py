"""What an auditor asks of the ledger: whether it is whole, its anchors, and the proof of one decision."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from home_credit.errors import LedgerError
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
from home_credit.ledger.proofs import Proof
from home_credit.ledger.records import DecisionEntry, ReviewEntry
from home_credit.ledger.schema import CHAINS, decisions, reviews
from home_credit.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Table

    from home_credit.ledger.chain import StoredEntry
    from home_credit.ledger.keys import Keyring

T = TypeVar("T", DecisionEntry, ReviewEntry)


def verify(connection: Connection, keys: Keyring, known: Sequence[Anchor], progress: Progress) -> int:
    """Walk both chains and return the number of records; see :meth:`Ledger.verify`."""
    counts = Counts(connection, keys)
    records = counts.walk(known, progress)
    counts.daily.compare(connection)
    review_states.verify(connection)
    review_counts.compare(connection, counts.reviews)
    return records


def recount(connection: Connection, keys: Keyring, known: Sequence[Anchor], progress: Progress) -> int:
    """Put the counts that follow from the chains in the place of those there are; see :meth:`Ledger.recount`."""
    counts = Counts(connection, keys)
    records = counts.walk(known, progress)
    counts.daily.replace(connection)
    review_counts.replace(connection, counts.reviews)
    return records


class Counts:
    """What is counted while both chains are verified; the connection sees one state of the ledger."""

    def __init__(self, connection: Connection, keys: Keyring) -> None:
        self._connection, self._keys = connection, keys
        self.daily = daily_counts.Counter()
        self.reviews: Counter[review_counts.Cell] = Counter()

    def walk(self, known: Sequence[Anchor], progress: Progress) -> int:
        """Verify both chains and return the number of their records."""

        def verified(table: Table, model: type[T], seen: Callable[[StoredEntry, T], None]) -> int:
            head, label = heads.read(self._connection, table.name, self._keys), f"{table.name} verified"
            with entries.walk(
                self._connection, table, progress=progress, label=label, total=head.sequence
            ) as found:
                anchored = anchors.ends(known, table.name)
                return chain.verify(found, model, table.name, head, self._keys, anchored=anchored, seen=seen)

        return verified(decisions, DecisionEntry, self.daily.add) + verified(
            reviews, ReviewEntry, self._add_review
        )

    def _add_review(self, _entry: StoredEntry, review: ReviewEntry) -> None:
        decision = review.reviewed
        if decision is None:
            of_it = decisions.c.decision_id == review.decision_id
            decision = self._connection.scalar(select(decisions.c.decision).where(of_it))
        self.reviews[review_counts.Cell.of(review, str(decision), self._keys)] += 1


def export(connection: Connection, keys: Keyring, progress: Progress) -> Iterator[dict[str, object]]:
    """Yield every entry; see :meth:`Ledger.export`."""
    for table in CHAINS.values():
        total = heads.read(connection, table.name, keys).sequence
        label = f"{table.name} exported"
        with entries.walk(connection, table, progress=progress, label=label, total=total) as found:
            for entry in found:
                yield entry.exported()


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
                leaves.append(merkle.leaf(entry.chain, entry.sequence, entry.payload))
                yield entry

        place = {"first": start.sequence + 1, "last": head.sequence}
        label = f"{table.name} anchored"
        with entries.walk(
            connection, table, **place, progress=progress, label=label, total=head.sequence
        ) as found:
            chain.verify(noted(found), model, table.name, head, keys, start=start)
        return AnchoredChain(**head._asdict(), first=start.sequence + 1, root=merkle.root(leaves))

    anchors.check_heads(known, {name: heads.read(connection, name, keys) for name in CHAINS})
    chains = {decisions.name: end(decisions, DecisionEntry), reviews.name: end(reviews, ReviewEntry)}
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
        leaves = [merkle.leaf(each.chain, each.sequence, each.payload) for each in found]
    return Proof.of(entry, merkle.path(leaves, entry.sequence - anchored.first), candidate)
