"""The ledger: every decision, its input and its reviews.

Two append-only chains, ``decisions`` and ``reviews``. Each entry has a signed hash of its content and its position, the
hash of the previous entry included, so that a change, removal or insertion of an entry is detected; ``chain_heads``
holds the signed end of each chain, so that the removal of its last entries is detected too. Anchors outside the
database detect that it was replaced by an earlier copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from home_credit.errors import IdempotencyKeyError, LedgerError
from home_credit.ledger import (
    anchors,
    audit,
    chain,
    copying,
    daily_counts,
    entries,
    erasing,
    journal,
    migrations,
    opening,
    repeats,
    review_counts,
    reviewing,
    search,
    shadow_scores,
    windows,
)
from home_credit.ledger.database import Database
from home_credit.ledger.drafts import Draft, Recorded, draft_decision
from home_credit.ledger.keys import Keyring
from home_credit.ledger.privacy import Privacy
from home_credit.ledger.records import DecisionEntry, DecisionHistory
from home_credit.ledger.schema import CHAINS, decisions
from home_credit.ledger.writer import extend, lock_head
from home_credit.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from home_credit.config import Settings
    from home_credit.ledger.anchors import Anchor
    from home_credit.ledger.audit import Verified
    from home_credit.ledger.daily_counts import Cell, Count
    from home_credit.ledger.proofs import Proof
    from home_credit.ledger.records import DecisionContent, ReviewContent, ReviewEntry
    from home_credit.ledger.repeats import Outcome
    from home_credit.ledger.shadow_scores import ShadowScore, ShadowScores
    from home_credit.schemas import DecisionQuery, ReviewState

MOST_SCORES = 20_000  # a fifth of a second of CPU


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

    def __init__(self, database: Database, keys: Keyring, anchors: Path | None = None) -> None:
        self._database, self._keys, self._anchors = database, keys, anchors

    @classmethod
    def open(
        cls,
        database_url: str,
        keys: Keyring | None = None,
        *,
        anchors: Path | None = None,
        create: bool = True,
    ) -> Ledger:
        """Open the ledger at an SQLAlchemy address; its tables are created or migrated where needed.

        Without ``keys``, those of a ledger in a file are read from the file of the same name and ``.key``, which is
        made beside a new ledger. ``anchors`` is the folder of its anchors. Raises
        :class:`~home_credit.errors.LedgerError` where a database has no keys, where the ledger is behind its last
        anchor, and, without ``create``, where there is no ledger.
        """
        database = Database(database_url, create=create)
        try:
            return cls(database, opening.prepare(database, keys, anchors, create=create), anchors)
        except BaseException:
            database.close()
            raise

    @classmethod
    def of(cls, settings: Settings, *, create: bool = True) -> Ledger:
        """Open the ledger that the settings name."""
        given = settings.ledger_key
        keys = Keyring.parse(given, "LEDGER_KEY") if given else None
        return cls.open(settings.database_url, keys, anchors=settings.ledger_anchors, create=create)

    @classmethod
    def backup_of(cls, settings: Settings, file: Path) -> Ledger:
        """Open a backup in an SQLite file with the keys of the ledger that the settings name.

        Raises :class:`~home_credit.errors.LedgerError` where these keys are not in place, or there is no backup.
        """
        given = settings.ledger_key
        keys = Keyring.parse(given, "LEDGER_KEY") if given else opening.keys_beside(settings.database_url)
        return cls.open(f"sqlite:///{file}", keys, anchors=settings.ledger_anchors, create=False)

    @property
    def privacy(self) -> Privacy:
        """What persons ask of the ledger: what it holds of them, and its erasure."""
        return Privacy(self._database, self._keys, self._anchors, self.read)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    @property
    def faults(self) -> int:
        """How often the database did not answer."""
        return self._database.faults

    def commit(self, drafts: Sequence[Draft[DecisionEntry]]) -> list[Outcome]:
        """Record drafts in one transaction: all of them, or none; they are durable when the method returns.

        The outcome of a draft with an idempotency key that was used before is the decision recorded then, or, where
        the request was another one, an :class:`~home_credit.errors.IdempotencyKeyError`, which is not raised.
        """
        if not drafts:
            return []
        with self._database.writing() as connection:
            head = lock_head(connection, decisions, self._keys)
            earlier = self._with_keys(connection, repeats.keys_of(drafts))
            new = repeats.fresh(drafts, {entry.idempotency.key for entry in earlier if entry.idempotency})
            recorded = extend(connection, decisions, head, new, self._keys.current)
            daily_counts.add(connection, new, recorded, head.sequence)
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
        recorded = []
        for outcome in self.commit([draft_decision(content) for content in contents]):
            if isinstance(outcome, IdempotencyKeyError):
                raise outcome
            recorded.append(outcome.read())
        return recorded

    def review(self, decision_id: str, content: ReviewContent, *, second_reader: bool = False) -> ReviewEntry:
        """Record a human review; with ``second_reader``, one that overrides the policy awaits a second one.

        Raises :class:`~home_credit.errors.UnknownDecisionError`, and
        :class:`~home_credit.errors.ReviewConflictError` where the decision takes none, or not one by this reviewer.
        """
        with self._database.writing() as connection:
            return reviewing.record(connection, self._keys, decision_id, content, second_reader=second_reader)

    def read(self, decision_id: str) -> DecisionHistory:
        """Return a decision and its reviews.

        Raises :class:`~home_credit.errors.UnknownDecisionError`, and :class:`~home_credit.errors.BrokenRecordError`
        for a record that does not match its hash or cannot be read.
        """
        with self._database.reading() as connection:
            decision = chain.check(entries.find(connection, decision_id), DecisionEntry, self._keys)
            followed = reviewing.of(connection, self._keys, decision_id)
        return DecisionHistory.model_construct(decision=decision, reviews=tuple(followed))

    def search(self, query: DecisionQuery) -> Page:
        """Return a page of the decisions that match, the newest first, without their rows.

        Raises :class:`~home_credit.errors.BrokenRecordError` where one of them was changed.
        """
        with self._database.reading() as connection:
            rows = connection.execute(search.page(query)).mappings().all()
        found = [
            Found(
                chain.check(entries.stored(decisions, row), DecisionEntry, self._keys, rows=False),
                row["review"] or "none",
            )
            for row in rows[: query.limit]
        ]
        more = len(rows) > query.limit
        return Page(
            found, search.cursor(found[-1].entry, rows[query.limit - 1]["sequence"]) if more else None
        )

    def daily_counts(self, first: date, last: date) -> list[tuple[Cell, Count]]:
        """Return how many decisions were recorded on the days ``first`` to ``last``, the earliest first."""
        with self._database.reading() as connection:
            return daily_counts.read(connection, first, last)

    def review_statistics(self, first: date, last: date) -> review_counts.Statistics:
        """Return the reviews that were recorded on the days ``first`` to ``last``."""
        with self._database.reading() as connection:
            return review_counts.read(connection, first, last)

    def add_shadow_scores(self, scores: Sequence[ShadowScore]) -> None:
        """Store what a challenger would have decided."""
        with self._database.writing() as connection:
            shadow_scores.add(connection, scores)

    def shadow_scores(self, challenger: str | None = None, most: int = MOST_SCORES) -> ShadowScores | None:
        """Return the last ``most`` scores of a challenger, the latest one where no version is given.

        Those of one champion, the one that it was compared with last. ``None`` where there are none.
        """
        with self._database.reading() as connection:
            return shadow_scores.find(connection, challenger, most)

    def count(self, since: datetime, until: datetime) -> int:
        """Return how many decisions were recorded from ``since`` on and before ``until``, simulations left out."""
        with self._database.reading(patient=True) as connection:
            return windows.size(connection, since, until)

    def decided(
        self, since: datetime, until: datetime, *, one_in: int | None = None
    ) -> Iterator[DecisionEntry]:
        """Yield these decisions as :func:`windows.decided` does, without a look at their hashes."""
        with self._database.reading(patient=True) as connection:
            yield from windows.decided(connection, self._keys, since, until, one_in=one_in)

    def simulated(self) -> Iterator[DecisionEntry]:
        """Yield the simulations as :func:`windows.simulated` does, without a look at their hashes."""
        with self._database.reading(patient=True) as connection:
            yield from windows.simulated(connection, self._keys)

    def verify(self, progress: Progress = silent) -> int:
        """Walk the chains and return the number of records checked; see :meth:`audit`."""
        return self.audit(progress).records

    def audit(self, progress: Progress = silent) -> Verified:
        """Walk the chains and return the number of records checked, and how many decisions were erased.

        Raises :class:`~home_credit.errors.BrokenRecordError` naming the first record whose content, link or position
        differs from what was recorded, from what an anchor says or from what was erased, or counts that differ.
        Memory is bounded by a hundred records.
        """
        with self._database.snapshot() as connection:
            return audit.verify(connection, self._keys, self._known(), progress)

    def recount(self, progress: Progress = silent) -> int:
        """Verify the chains, count their records anew, and return their number; nothing is recorded meanwhile.

        It mends counts that are not those of the records. Raises :class:`~home_credit.errors.BrokenRecordError`.
        """
        with self._database.writing(patient=True) as connection:
            for table in CHAINS.values():
                lock_head(connection, table, self._keys)
            return audit.recount(connection, self._keys, self._known(), progress)

    def export(self, progress: Progress = silent) -> Iterator[dict[str, object]]:
        """Yield every entry in JSON types, with everything that its hash is computed from."""
        with self._database.reading(patient=True) as connection:
            yield from audit.export(connection, self._keys, progress)

    def copy_to(self, database_url: str, progress: Progress = silent, *, erasures: Path | None = None) -> int:
        """Copy everything into an empty ledger at another address, verify it, and return the number of its records.

        The copy is signed with the same keys, and is there as a whole or not at all. What the journal in the folder
        ``erasures`` names is erased in it. Raises :class:`~home_credit.errors.LedgerError` where there is a ledger
        already, and :class:`~home_credit.errors.BrokenRecordError` where a record was changed.
        """
        target = Database(database_url)
        try:
            migrations.prepare(target, self._keys)
            with self._database.snapshot() as source, target.writing(patient=True) as connection:
                found = copying.copy(source, connection, self._keys, self._known(), progress)
                if erasures:
                    erasing.repeat(connection, self._keys, journal.read_all(erasures, self._keys))
                return found.records
        finally:
            target.close()

    def anchor(self, progress: Progress = silent) -> Path:
        """Write the signed heads of the chains into the folder of anchors and return the file.

        Raises :class:`~home_credit.errors.BrokenRecordError` where a record since the last anchor was changed.
        """
        folder = self._folder()
        with self._database.reading(patient=True) as connection:
            anchor = audit.anchor(connection, self._keys, self._known(), progress)
        return anchors.write(folder, anchor)

    def prove(self, decision_id: str) -> Proof:
        """Return the proof of a decision: its record, and its path to the first anchor after it.

        Raises :class:`~home_credit.errors.UnknownDecisionError`, and :class:`~home_credit.errors.LedgerError` where no
        anchor covers it yet.
        """
        self._folder()
        with self._database.reading(patient=True) as connection:
            return audit.prove(connection, self._keys, self._known(), decision_id)

    def _folder(self) -> Path:
        if self._anchors is None:
            raise LedgerError("LEDGER_ANCHORS names no folder of anchors")
        return self._anchors

    def _known(self) -> list[Anchor]:
        return anchors.read_all(self._anchors, self._keys) if self._anchors else []

    def _with_keys(self, connection: Connection, keys: Collection[str]) -> list[DecisionEntry]:
        if not keys:
            return []
        same = entries.with_keys(decisions).where(decisions.c.idempotency_key.in_(keys))
        rows = connection.execute(same).mappings()
        return [chain.check(entries.stored(decisions, row), DecisionEntry, self._keys) for row in rows]
