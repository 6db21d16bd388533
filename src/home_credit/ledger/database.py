"""The database that holds the ledger: its address, its connections and its transactions."""

from __future__ import annotations

import logging
import random
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from home_credit import database_address
from home_credit.breaker import Breaker
from home_credit.errors import LedgerError, LedgerUnavailableError
from home_credit.postgresql import WAIT, answered_within, bounded_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sqlalchemy.engine import URL, Connection, Engine

logger = logging.getLogger(__name__)

PATIENCE = 600.0  # seconds, for a single answer in a migration or a walk over all entries


class Database:
    """Connections to one database.

    Every method raises :class:`LedgerUnavailableError` where it does not answer within :data:`WAIT` seconds, or where
    ``patient`` within :data:`PATIENCE` for each statement. The faults are logged; ``faults`` is their number.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        parsed = _parsed(url)
        self.file = Path(str(parsed.database)) if parsed.get_backend_name() == "sqlite" else None
        self.address = database_address.shown(parsed)
        if self.file and not create and not self.file.exists():
            raise LedgerError(f"there is no ledger at {self.address}")
        self._engine = _engine(parsed)
        # The threads of one process queue here, which is fair; the retries of a busy database are not.
        self._turn = Lock()
        self._readers = Breaker(LedgerUnavailableError)
        # A file that another process has locked can still be read.
        self._writers = Breaker(LedgerUnavailableError) if self.file else self._readers
        self.faults = 0

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self, *, patient: bool = False) -> Iterator[Connection]:
        """Yield a connection for reading."""
        limit = PATIENCE if patient else WAIT
        with self._readers(), self._answering(limit, each=patient), self._engine.connect() as connection:
            if self.file:
                _wait_for_lock(connection, limit)
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Yield a connection for patient reading on which all statements see the same state."""
        with self.reading(patient=True) as connection:
            if self.file:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self, *, patient: bool = False) -> Iterator[Connection]:
        """Yield a connection in a transaction that commits at the end; one thread at a time."""
        limit = PATIENCE if patient else WAIT
        with self._writers(), self._answering(limit, each=patient):
            started = time.monotonic()
            if not self._turn.acquire(timeout=limit):
                raise self._fault("other decisions are still being recorded")
            try:
                with self._engine.begin() as connection:
                    if self.file:
                        _wait_for_lock(connection, 0)
                        _begin(connection, started + limit)
                    yield connection
            finally:
                self._turn.release()

    def empty_log(self) -> None:
        """Move SQLite's log into the file and empty it, as far as nobody reads: it holds what the file held before."""
        if self.file:
            with self._answering(PATIENCE, each=True), self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _answering(self, limit: float, *, each: bool) -> Iterator[None]:
        try:
            with answered_within(limit, each=each):
                yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._fault(database_address.cause(error)) from error

    def _fault(self, cause: str) -> LedgerUnavailableError:
        self.faults += 1
        logger.error("the ledger at %s is not available: %s", self.address, cause)
        return LedgerUnavailableError(f"the ledger at {self.address} is not available: {cause}")


def _parsed(database_url: str) -> URL:
    try:
        url = database_address.parse(database_url)
    except ArgumentError:
        raise LedgerError("the ledger's address is not a database address (DATABASE_URL)") from None
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise LedgerError("a ledger in memory does not last: name a file, as in sqlite:///var/ledger.db")
    return url


def _engine(url: URL) -> Engine:
    try:
        if url.drivername == database_address.POSTGRESQL:
            return bounded_engine(url, pool_pre_ping=True, max_overflow=35)
        if url.get_backend_name() != "sqlite":
            return create_engine(url, hide_parameters=True, pool_pre_ping=True)
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url, hide_parameters=True, pool_timeout=WAIT, max_overflow=35, connect_args={"timeout": WAIT}
        )
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise LedgerError(f"the ledger cannot be opened: {error}") from error

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous=FULL")
        # What is erased leaves no trace in the file; entries that are only appended cost nothing more.
        connection.execute("PRAGMA secure_delete=ON")

    return engine


def _wait_for_lock(connection: Connection, seconds: float) -> None:
    """Let SQLite wait so long where another process has locked the file."""
    if connection.info.get("busy_timeout") != seconds:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={round(seconds * 1000)}")
        connection.info["busy_timeout"] = seconds


def _begin(connection: Connection, deadline: float) -> None:
    """Begin a transaction of SQLite with the write lock, which must come before the first read.

    SQLite itself asks for the lock ten times a second, and may find it taken each time by a process that commits
    without a pause; asked for every millisecond, it comes in a few of that process's transactions.
    """
    driver: Any = connection.connection.driver_connection
    _execute(driver, "BEGIN IMMEDIATE", deadline, pause=(0.0005, 0.0015))


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to a write-ahead log where it has none yet.

    SQLite's busy timeout does not apply to this statement, so it is repeated while another process switches.
    """
    _execute(connection, "PRAGMA journal_mode=WAL", time.monotonic() + WAIT, pause=(0.01, 0.05))


def _execute(
    connection: sqlite3.Connection, statement: str, deadline: float, *, pause: tuple[float, float]
) -> None:
    """Execute a statement; while another process has locked the file, again after a ``pause`` of so many seconds."""
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(*pause))  # noqa: S311  (not for cryptography)
        else:
            return
