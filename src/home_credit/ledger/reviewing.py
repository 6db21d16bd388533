"""Records a review of a decision: what it needs of the chains, and what follows from it beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from home_credit.ledger import chain, encryption, entries, review_counts, review_states
from home_credit.ledger.drafts import draft_review
from home_credit.ledger.encryption import DataKey
from home_credit.ledger.records import DecisionEntry, ReviewEntry
from home_credit.ledger.schema import payload_keys, reviews
from home_credit.ledger.writer import extend, lock_head

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from home_credit.ledger.chain import StoredEntry
    from home_credit.ledger.keys import Keyring
    from home_credit.ledger.records import ReviewContent


def record(
    connection: Connection, keys: Keyring, decision_id: str, content: ReviewContent, *, second_reader: bool
) -> ReviewEntry:
    """Record a review in the transaction of ``connection``; see :meth:`Ledger.review`."""
    # Reviews take this lock first: one that follows sees the state that this one leaves.
    head = lock_head(connection, reviews, keys)
    found = entries.find(connection, decision_id)
    decision = chain.check(found, DecisionEntry, keys, decode=False)
    state = review_states.after(
        decision, of(connection, keys, decision_id), content, second_reader=second_reader
    )
    draft = draft_review(decision, content, state, _key(connection, keys, found))
    (recorded,) = extend(connection, reviews, head, [draft], keys.current)
    entry = recorded.read()
    review_states.set_state(connection, decision_id, state)
    review_counts.add(connection, review_counts.Cell.of(entry, decision.assessment.decision, keys))
    return entry


def of(connection: Connection, keys: Keyring, decision_id: str) -> list[ReviewEntry]:
    """Return the reviews of a decision, the earliest first."""
    followed = entries.with_keys(reviews).where(reviews.c.decision_id == decision_id)
    rows = connection.execute(followed.order_by(reviews.c.sequence)).mappings().all()
    return [chain.check(entries.stored(reviews, row), ReviewEntry, keys) for row in rows]


def _key(connection: Connection, keys: Keyring, decision: StoredEntry) -> DataKey:
    """Return the key of a decision; one of an older format, which was not encrypted, gets its key now."""
    if decision.wrapped is not None:
        return encryption.unwrap(decision.wrapped, keys)
    key = DataKey.new()
    row = {"sequence": decision.sequence, "wrapped": key.wrapped(keys.current)}
    connection.execute(insert(payload_keys), row)
    return key
