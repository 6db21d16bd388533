"""Every decision, what it was made from and what was done to it.

Two append-only tables, ``decisions`` and ``reviews``. Each record carries the SHA-256 of its own content
as canonical JSON, the hash of the record before included, so that no record can be changed, dropped or
slipped in unnoticed; ``chain_heads`` holds where each chain ends, so that its tail cannot be cut either.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from home_credit.errors import LedgerError, UnknownDecisionError
from home_credit.schemas import Assessment, Decision, DecisionRecord, PredictionRequest, Review

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import URL, Connection, Engine

    from home_credit.schemas import ReviewRequest

Record = Mapping[Any, Any]
GENESIS = "0" * 64
BUSY_TIMEOUT = 30  # seconds that a writer waits for its turn
CREATION_LOCK = 0x484F4D45  # any number will do, as long as every process uses the same
ROWS_AT_A_TIME = 100

metadata = MetaData()
chain_heads = Table(
    "chain_heads",
    metadata,
    Column("chain", String(20), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
decisions = Table(
    "decisions",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("decision_id", String(36), nullable=False, unique=True),
    Column("recorded_at", String(32), nullable=False),
    Column("model_version", String(200), nullable=False),
    Column("assessment", Text, nullable=False),
    Column("bundle", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
reviews = Table(
    "reviews",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("decision_id", String(36), nullable=False, index=True),
    Column("recorded_at", String(32), nullable=False),
    Column("review", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
CHAINS = (decisions, reviews)
# These columns hold canonical JSON text: a float written by repr and read back keeps every bit, which
# a database's own JSON or number types do not promise.
JSON_COLUMNS = frozenset({"assessment", "bundle", "review"})


def canonical(value: object) -> str:
    """Return the one JSON text of ``value``: keys sorted, no spaces, ASCII, floats by shortest repr."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(chain: str, record: Record) -> str:
    """Return the hash of ``record`` as :meth:`Ledger.export` gives it, but for its ``hash``."""
    content = {"chain": chain, **record}
    content.pop("hash", None)
    members = (
        f"{canonical(name)}:{content[name] if name in JSON_COLUMNS else canonical(content[name])}"
        for name in sorted(content)
    )
    return hashlib.sha256(f"{{{','.join(members)}}}".encode()).hexdigest()


class Ledger:
    """The decision ledger in one database; safe to use from several threads and several processes.

    Every method raises :class:`~home_credit.errors.LedgerError` where the database does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # The threads of one process queue here: a queue is fair, a database's busy loop is not.
        self._turn = Lock()

    @classmethod
    def open(cls, database_url: str) -> Ledger:
        """Open the ledger at an SQLAlchemy address, creating its tables (and folder) where missing."""
        ledger = cls(_engine(_parsed(database_url)))
        with ledger._writing() as connection:
            if connection.dialect.name == "postgresql":
                # CREATE TABLE IF NOT EXISTS of two processes at once can collide in the catalogue.
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CREATION_LOCK})
            metadata.create_all(connection)
            known = set(connection.scalars(select(chain_heads.c.chain)))
            for table in CHAINS:
                if table.name not in known:
                    head = {"chain": table.name, "sequence": 0, "hash": GENESIS}
                    connection.execute(insert(chain_heads), head)
        return ledger

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def append(self, assessment: Assessment, bundle: PredictionRequest) -> Decision:
        """Record an assessment with the rows it was made from; it is durable when this returns."""
        return self.append_many([(assessment, bundle)])[0]

    def append_many(self, items: Sequence[tuple[Assessment, PredictionRequest]]) -> list[Decision]:
        """Record several assessments in one transaction: all of them, or none."""
        if not items:
            return []
        contents = [
            {
                "decision_id": str(uuid.uuid4()),
                "model_version": assessment.model_version,
                "assessment": canonical(assessment.model_dump(mode="json")),
                "bundle": canonical(dict(bundle)),
            }
            for assessment, bundle in items
        ]
        with self._writing() as connection:
            records = _extend(connection, decisions, contents)
        return [
            Decision(
                **dict(assessment),
                decision_id=record["decision_id"],
                recorded_at=datetime.fromisoformat(record["recorded_at"]),
            )
            for (assessment, _), record in zip(items, records, strict=True)
        ]

    def review(self, decision_id: str, request: ReviewRequest) -> Review:
        """Record a human review of a decision (:class:`~home_credit.errors.UnknownDecisionError`)."""
        with self._writing() as connection:
            self._find(connection, decision_id)
            content = {"decision_id": decision_id, "review": canonical(request.model_dump(mode="json"))}
            (record,) = _extend(connection, reviews, [content])
        return _review(record)

    def read(self, decision_id: str) -> DecisionRecord:
        """Return a decision, its rows and its reviews (:class:`~home_credit.errors.UnknownDecisionError`).

        A record that no longer matches its hash is refused with :class:`~home_credit.errors.LedgerError`.
        """
        with self._reading() as connection:
            found = self._find(connection, decision_id)
            of_it = select(reviews).where(reviews.c.decision_id == decision_id).order_by(reviews.c.sequence)
            followed = connection.execute(of_it).mappings().all()
        for table, record in ((decisions, found), *((reviews, record) for record in followed)):
            _check_content(table, record)
        return DecisionRecord(
            decision=Decision(
                **json.loads(found["assessment"]),
                decision_id=decision_id,
                recorded_at=datetime.fromisoformat(found["recorded_at"]),
            ),
            bundle=PredictionRequest(**json.loads(found["bundle"])),
            reviews=[_review(record) for record in followed],
        )

    def verify(self) -> int:
        """Walk both chains and return the number of records checked.

        Raises :class:`~home_credit.errors.LedgerError` naming the first record whose content, link or
        place in the sequence is not as it was recorded. Memory is bounded by a hundred records.
        """
        with self._reading() as connection:
            return sum(_verify(connection, table) for table in CHAINS)

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield every record, ready for JSON; ``hash`` is the SHA-256 of the canonical JSON of the rest."""
        with self._reading() as connection:
            for table in CHAINS:
                for record in _walk(connection, table):
                    yield {"chain": table.name} | {
                        name: json.loads(value) if name in JSON_COLUMNS else value
                        for name, value in record.items()
                    }

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Open a transaction that commits at its end."""
        try:
            with self._turn, self._engine.begin() as connection:
                if connection.dialect.name == "sqlite":
                    # The driver is in autocommit mode; the write lock must come before the first read.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: SQLAlchemyError) -> LedgerError:
        # Of the address neither the password nor the options are shown, of the error no row.
        address = self._engine.url.set(query={}).render_as_string(hide_password=True)
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return LedgerError(f"the ledger at {address} is not available: {cause}")

    @staticmethod
    def _find(connection: Connection, decision_id: str) -> Record:
        record = None
        # Not every text may be sent to a database: PostgreSQL refuses a NUL.
        if re.fullmatch(r"[0-9a-f-]{36}", decision_id):
            by_id = select(decisions).where(decisions.c.decision_id == decision_id)
            record = connection.execute(by_id).mappings().one_or_none()
        if record is None:
            raise UnknownDecisionError(decision_id)
        return record


def _parsed(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise LedgerError("the ledger's address is not a database address (DATABASE_URL)") from None
    if url.drivername in {"postgres", "postgresql"}:
        # The forms that hosting platforms hand out; the second alone would ask for a driver we do not have.
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername == "postgresql+psycopg":
        return url.update_query_dict({"connect_timeout": "5", **url.query})
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise LedgerError("a ledger in memory does not last: name a file, as in sqlite:///var/ledger.db")
    return url


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, hide_parameters=True, pool_pre_ping=True)
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT})
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise LedgerError(f"the ledger cannot be opened: {error}") from error

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def _extend(
    connection: Connection, table: Table, contents: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Chain ``contents`` to ``table`` inside the transaction of ``connection`` and return the records."""
    # The row lock serialises the writers of all processes; SQLite, which has none, is locked already.
    mine = chain_heads.c.chain == table.name
    sequence, previous = connection.execute(
        select(chain_heads.c.sequence, chain_heads.c.hash).where(mine).with_for_update()
    ).one()
    records: list[dict[str, Any]] = []
    for content in contents:
        sequence += 1
        recorded_at = datetime.now(UTC).isoformat(timespec="microseconds")
        record = {**content, "sequence": sequence, "recorded_at": recorded_at, "previous_hash": previous}
        record["hash"] = previous = _digest(table.name, record)
        records.append(record)
    connection.execute(insert(table), records)
    connection.execute(update(chain_heads).where(mine).values(sequence=sequence, hash=previous))
    return records


def _walk(connection: Connection, table: Table) -> Iterator[Record]:
    statement = select(table).order_by(table.c.sequence).execution_options(yield_per=ROWS_AT_A_TIME)
    yield from connection.execute(statement).mappings()


def _name(table: Table, record: Record) -> str:
    return f"{table.name} record {record['sequence']} ({record['decision_id']})"


def _check_content(table: Table, record: Record) -> None:
    if _digest(table.name, record) != record["hash"]:
        raise LedgerError(f"{_name(table, record)} was changed: its hash does not match its content")


def _verify(connection: Connection, table: Table) -> int:
    # Read before the walk: records appended meanwhile lie beyond this head, never before it.
    at_head = select(chain_heads.c.sequence, chain_heads.c.hash).where(chain_heads.c.chain == table.name)
    length, last = connection.execute(at_head).one_or_none() or (0, GENESIS)
    sequence, previous = 0, GENESIS
    for record in _walk(connection, table):
        if record["sequence"] != sequence + 1:
            raise LedgerError(f"{table.name} record {sequence + 1} is missing before {_name(table, record)}")
        if record["previous_hash"] != previous:
            raise LedgerError(f"{_name(table, record)} does not follow from the record before it")
        _check_content(table, record)
        sequence, previous = record["sequence"], record["hash"]
        if sequence == length and previous != last:
            raise LedgerError(f"{_name(table, record)} is not the one that was recorded at this place")
    if sequence < length:
        raise LedgerError(f"{table.name} record {sequence + 1} is missing: {length} were recorded")
    return sequence


def _review(record: Record) -> Review:
    return Review(
        **json.loads(record["review"]),
        decision_id=record["decision_id"],
        recorded_at=datetime.fromisoformat(record["recorded_at"]),
    )
