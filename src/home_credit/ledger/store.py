"""The ledger: every decision, its input and its reviews.

Two append-only chains, ``decisions`` and ``reviews``. Each entry has a hash of its content and its position, the hash
of the previous entry included, so that a change, removal or insertion of an entry is detected; ``chain_heads`` holds
the end of each chain, so that the removal of its last entries is detected too.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sqlalchemy import select

from home_credit.errors import BrokenRecordError, IdempotencyKeyError, UnknownDecisionError
from home_credit.ledger import chain, repeats, review_states, search
from home_credit.ledger.database import Database
from home_credit.ledger.drafts import Draft, Recorded, draft_decision, draft_review
from home_credit.ledger.migrations import prepare
from home_credit.ledger.records import DecisionEntry, DecisionHistory, ReviewEntry
from home_credit.ledger.schema import CHAINS, chain_heads, decisions, reviews
from home_credit.ledger.writer import extend, lock_head
from home_credit.progress import Progress, counted, silent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from sqlalchemy import Connection, RowMapping, Table

    from home_credit.ledger.bundles import StoredBundle
    from home_credit.ledger.keys import Key
    from home_credit.ledger.records import DecisionContent, ReviewContent
    from home_credit.ledger.repeats import Outcome
    from home_credit.schemas import DecisionQuery, ReviewState

T = TypeVar("T", DecisionEntry, ReviewEntry)
ROWS_AT_A_TIME = 100


class Found(NamedTuple):
    """A decision of a page, without its rows, and the state of its review."""

    entry: DecisionEntry
    review: ReviewState


class Page(NamedTuple):
    """Decisions, the newest first, and the cursor of the older ones, if there are any."""

    found: list[Found]
    next: str | None


class Ledger:
    """The decision ledger in one database; safe to use from several threads and several processes.

    Every method raises :class:`~home_credit.errors.LedgerError` where the database does not answer.
    """

    def __init__(self, database: Database, key: Key | None = None) -> None:
        self._database, self._key = database, key
        self._keys: Mapping[str, Key] = {key.id: key} if key else {}

    @classmethod
    def open(cls, database_url: str, key: Key | None = None) -> Ledger:
        """Open the ledger at an SQLAlchemy address, creating or migrating its tables (and folder) where needed."""
        database = Database(database_url)
        try:
            prepare(database)
        except BaseException:
            database.close()
            raise
        return cls(database, key)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    @property
    def faults(self) -> int:
        """How often the database did not answer."""
        return self._database.faults

    def draft(
        self, content: DecisionContent | Mapping[str, Any], bundle: StoredBundle | None = None
    ) -> Draft[DecisionEntry]:
        """Return a decision made ready for :meth:`commit`, without a lock or a connection; see ``draft_decision``."""
        return draft_decision(content, bundle)

    def commit(self, drafts: Sequence[Draft[DecisionEntry]]) -> list[Outcome]:
        """Record drafts in one transaction: all of them, or none; they are durable when the method returns.

        The outcome of a draft with an idempotency key that was used before is the decision recorded then, or, where
        the request was another one, an :class:`~home_credit.errors.IdempotencyKeyError`, which is not raised.
        """
        if not drafts:
            return []
        with self._database.writing() as connection:
            head = lock_head(connection, decisions)
            earlier = self._with_keys(connection, repeats.keys_of(drafts))
            new = repeats.fresh(drafts, {entry.idempotency.key for entry in earlier if entry.idempotency})
            recorded = extend(connection, decisions, head, new, self._key)
        return repeats.outcomes(
            drafts,
            [(draft.idempotency, outcome) for draft, outcome in zip(new, recorded, strict=True)],
            [(entry.idempotency, Recorded.of(entry)) for entry in earlier],
        )

    def find_by_idempotency(self, key_digest: str) -> DecisionHistory | None:
        """Return the decision that was recorded with an idempotency key (``Idempotency.key``), if there is one."""
        with self._database.reading() as connection:
            found = self._with_keys(connection, {key_digest})
        return self.read(found[0].decision_id) if found else None

    def append(self, content: DecisionContent) -> DecisionEntry:
        """Record a decision; it is durable when the method returns."""
        return self.append_many([content])[0]

    def append_many(self, contents: Sequence[DecisionContent]) -> list[DecisionEntry]:
        """Record several decisions in one transaction: all of them, or none."""
        entries = []
        for outcome in self.commit([draft_decision(content) for content in contents]):
            if isinstance(outcome, IdempotencyKeyError):
                raise outcome
            entries.append(outcome.read())
        return entries

    def review(self, decision_id: str, content: ReviewContent) -> ReviewEntry:
        """Record a human review; raises :class:`~home_credit.errors.UnknownDecisionError`."""
        draft = draft_review(decision_id, content)
        with self._database.writing() as connection:
            # Reviews take this lock first: one that follows sees the state that this one leaves.
            head = lock_head(connection, reviews)
            _find(connection, decision_id)
            (recorded,) = extend(connection, reviews, head, [draft], self._key)
            review_states.close(connection, decision_id)
        return recorded.read()

    def read(self, decision_id: str) -> DecisionHistory:
        """Return a decision and its reviews.

        Raises :class:`~home_credit.errors.UnknownDecisionError`, and :class:`~home_credit.errors.BrokenRecordError`
        for a record that does not match its hash or cannot be read.
        """
        with self._database.reading() as connection:
            found = _find(connection, decision_id)
            of_it = select(reviews).where(reviews.c.decision_id == decision_id).order_by(reviews.c.sequence)
            followed = connection.execute(of_it).mappings().all()
        return DecisionHistory.model_construct(
            decision=chain.check(_entry(decisions, found), DecisionEntry, self._keys),
            reviews=tuple(chain.check(_entry(reviews, row), ReviewEntry, self._keys) for row in followed),
        )

    def search(self, query: DecisionQuery) -> Page:
        """Return a page of the decisions that match, the newest first, without their rows.

        Raises :class:`~home_credit.errors.BrokenRecordError` where one of them was changed.
        """
        with self._database.reading() as connection:
            rows = connection.execute(search.page(query)).mappings().all()
        found = [
            Found(
                chain.check(_entry(decisions, row), DecisionEntry, self._keys, rows=False),
                row["review"] or "none",
            )
            for row in rows[: query.limit]
        ]
        more = len(rows) > query.limit
        return Page(
            found, search.cursor(found[-1].entry, rows[query.limit - 1]["sequence"]) if more else None
        )

    def verify(self, progress: Progress = silent) -> int:
        """Walk both chains and return the number of records checked.

        Raises :class:`~home_credit.errors.BrokenRecordError` naming the first record whose content, link or position
        differs from what was recorded. Memory is bounded by a hundred records.
        """
        with self._database.reading(patient=True) as connection:
            records = self._verify(connection, decisions, DecisionEntry, progress)
            records += self._verify(connection, reviews, ReviewEntry, progress)
            review_states.verify(connection)
        return records

    def export(self, progress: Progress = silent) -> Iterator[dict[str, object]]:
        """Yield every entry in JSON types, with everything that its hash is computed from."""
        with self._database.reading(patient=True) as connection:
            for table in CHAINS.values():
                with _walk(connection, table, _head(connection, table), progress, "exported") as entries:
                    for entry in entries:
                        yield entry.exported()

    def _with_keys(self, connection: Connection, keys: Collection[str]) -> list[DecisionEntry]:
        if not keys:
            return []
        rows = connection.execute(select(decisions).where(decisions.c.idempotency_key.in_(keys))).mappings()
        return [chain.check(_entry(decisions, row), DecisionEntry, self._keys) for row in rows]

    def _verify(self, connection: Connection, table: Table, model: type[T], progress: Progress) -> int:
        # Read before the walk, so that records appended meanwhile lie beyond this head.
        head = _head(connection, table)
        with _walk(connection, table, head, progress, "verified") as entries:
            return chain.verify(entries, model, table.name, head, self._keys)


def _find(connection: Connection, decision_id: str) -> RowMapping:
    row = None
    # Other texts are not sent to the database: PostgreSQL rejects NUL characters.
    if re.fullmatch(r"[0-9a-f-]{36}", decision_id):
        by_id = select(decisions).where(decisions.c.decision_id == decision_id)
        row = connection.execute(by_id).mappings().one_or_none()
    if row is None:
        raise UnknownDecisionError(decision_id)
    return row


def _head(connection: Connection, table: Table) -> chain.Head:
    head = select(chain_heads.c.sequence, chain_heads.c.hash).where(chain_heads.c.chain == table.name)
    row = connection.execute(head).one_or_none()
    if row is None:
        raise BrokenRecordError(f"the head of {table.name} is missing")
    return chain.Head(*row)


@contextmanager
def _walk(
    connection: Connection, table: Table, head: chain.Head, progress: Progress, done: str
) -> Iterator[Iterator[chain.StoredEntry]]:
    """Yield the entries of a table in order; the cursor is closed even if the caller stops early."""
    rows = select(table).order_by(table.c.sequence).execution_options(yield_per=ROWS_AT_A_TIME)
    with connection.execute(rows) as found:
        entries = (_entry(table, row) for row in found.mappings())
        yield counted(entries, progress, f"{table.name} {done}", head.sequence, every=ROWS_AT_A_TIME)


def _entry(table: Table, row: RowMapping) -> chain.StoredEntry:
    payload = row["payload"]
    return chain.StoredEntry(
        chain=table.name,
        sequence=row["sequence"],
        format=row["format"],
        payload=payload if isinstance(payload, bytes) else str(payload).encode(),
        previous_hash=row["previous_hash"],
        hash=row["hash"],
        columns={str(name): value for name, value in row.items()},
        key_id=row["key_id"],
        bundle=row.get("bundle"),
    )
