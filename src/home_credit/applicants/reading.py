"""Connections to read a store with: to the file that lies at its path now, or to PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import QueuePool, bindparam, create_engine, select, true
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from home_credit.applicants.address import parsed, shown
from home_credit.applicants.schema import applicant_rows, applicant_store
from home_credit.breaker import Breaker
from home_credit.database_address import cause
from home_credit.errors import ApplicantStoreError
from home_credit.postgresql import WAIT, answered_within, bounded_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import URL, Connection, Engine

# One statement gives the rows of one applicant and says which load they came with.
ONE_APPLICANT = (
    select(
        applicant_rows.c.application,
        applicant_rows.c.histories,
        applicant_rows.c.history_features,
        applicant_store.c.generation,
    )
    .join_from(applicant_rows, applicant_store, true())
    .where(applicant_rows.c.applicant_id == bindparam("applicant_id"))
)
IDLE_CONNECTIONS = 8


class Reader(Protocol):
    """Reads a store, from several threads at once; raises :class:`ApplicantStoreError` where it cannot."""

    def applicant(self, applicant_id: int) -> Sequence[Any] | None:
        """Return the columns of :data:`ONE_APPLICANT`, ``None`` where there is no such applicant."""

    def connection(self) -> AbstractContextManager[Connection]:
        """Give a connection on which all statements see the same content."""

    def close(self) -> None:
        """Close the connections."""


def reader(address: str) -> Reader:
    """Return what reads the store at ``address``; raises :class:`UsageError` where it names no database."""
    where = parsed(address)
    return _File(where) if isinstance(where, Path) else _Server(where)


@dataclass(frozen=True, slots=True)
class _Opened:
    identity: tuple[int, ...]
    engine: Engine


class _File:
    """A file that a load replaces and nobody changes: it is read without a lock, on a read-only disk too."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, Lock()
        self._opened: _Opened | None = None
        self._statement = str(ONE_APPLICANT.compile(dialect=sqlite.dialect(paramstyle="named")))

    def applicant(self, applicant_id: int) -> Sequence[Any] | None:
        try:
            return _row(self._engine(), self._statement, applicant_id)
        except (sqlite3.Error, SQLAlchemyError) as error:
            raise unavailable(self._path, error) from error

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        try:
            with self._engine().connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise unavailable(self._path, error) from error

    def close(self) -> None:
        with self._lock:
            if self._opened:
                self._opened.engine.dispose()
            self._opened = None

    def _engine(self) -> Engine:
        """Return the connections to the file that lies at the path now; a load puts another one there."""
        try:
            found = os.stat(self._path)  # noqa: PTH116  # a third of the time of Path.stat, at every request
        except OSError:
            raise absent(self._path) from None
        # A new file may get the inode of the one before the last.
        identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        opened = self._opened
        if opened is None or opened.identity != identity:
            with self._lock:
                opened = self._opened
                if opened is None or opened.identity != identity:
                    if opened:
                        opened.engine.dispose()
                    opened = self._opened = _Opened(identity, _engine_of_file(self._path))
        return opened.engine


class _Server:
    """Tables in PostgreSQL: a load commits the new content at once."""

    def __init__(self, url: URL) -> None:
        self._url = url
        try:
            # A single statement sees one content in any case: it needs no transaction around it, and is sent again
            # where the server was restarted instead of asking before each whether it was.
            self._single = bounded_engine(url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
            self._several = bounded_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True)
        except (SQLAlchemyError, ImportError) as error:
            raise unavailable(url, error) from error
        self._breaker = Breaker(ApplicantStoreError)
        self._driver: Any = self._single.dialect.dbapi
        self._statement = str(ONE_APPLICANT.compile(self._single))

    def applicant(self, applicant_id: int) -> Sequence[Any] | None:
        with self._answering():
            try:
                return _row(self._single, self._statement, applicant_id)
            except self._driver.OperationalError:
                self._single.dispose()
                return _row(self._single, self._statement, applicant_id)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        with self._answering(), self._several.connect() as connection:
            yield connection

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._breaker():
            try:
                with answered_within(WAIT):
                    yield
            except (self._driver.Error, SQLAlchemyError) as error:
                raise unavailable(self._url, error) from error

    def close(self) -> None:
        self._single.dispose()
        self._several.dispose()


def _row(engine: Engine, statement: str, applicant_id: int) -> Sequence[Any] | None:
    """Return one row, asked of the driver itself: through SQLAlchemy the statement takes several times as long."""
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, {"applicant_id": applicant_id})
        row: Sequence[Any] | None = cursor.fetchone()
        return row


def _engine_of_file(path: Path) -> Engine:
    # Immutable: SQLite takes no lock and looks for no journal.
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, check_same_thread=False)

    return create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=IDLE_CONNECTIONS,
        max_overflow=-1,
        pool_reset_on_return=None,
        hide_parameters=True,
    )


def absent(where: Path | URL) -> ApplicantStoreError:
    """Return the error of a store that is not there."""
    return ApplicantStoreError(
        f"no applicant store at {shown(where)}; home-credit load --tables DIR fills it"
    )


def unavailable(where: Path | URL, error: Exception) -> ApplicantStoreError:
    """Return the error of a store that does not answer, in one line and without any row."""
    return ApplicantStoreError(f"the applicant store at {shown(where)} is not available: {cause(error)}")
