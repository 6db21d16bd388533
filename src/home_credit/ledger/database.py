"""The database that holds the ledger: its address, its connections and its transactions."""

from __future__ import annotations

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
from home_credit.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL, Connection, Engine

BUSY_TIMEOUT = 30  # seconds that a writer waits for the lock


class Database:
    """Connections to one database; every method raises :class:`LedgerError` where it does not answer."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(_parsed(url))
        # The threads of one process queue here, which is fair; the retries of a busy database are not.
        self._turn = Lock()

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection for reading."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that commits at the end; one thread at a time."""
        try:
            with self._turn, self._engine.begin() as connection:
                if connection.dialect.name == "sqlite":
                    # The driver is in autocommit mode; the write lock must come before the first read.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: SQLAlchemyError) -> LedgerError:
        address, cause = database_address.shown(self._engine.url), database_address.cause(error)
        return LedgerError(f"the ledger at {address} is not available: {cause}")


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
        if url.get_backend_name() != "sqlite":
            return create_engine(url, hide_parameters=True, pool_pre_ping=True)
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT})
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise LedgerError(f"the ledger cannot be opened: {error}") from error

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to a write-ahead log where it has none yet.

    SQLite's busy timeout does not apply to this statement, so it is repeated while another process switches.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.01, 0.05))  # noqa: S311  (not for cryptography)
        else:
            return
