"""The content of a store replaced as a whole: readers have the old one until the new one is complete."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, delete, func, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from home_credit.applicants.address import shown
from home_credit.applicants.reading import unavailable
from home_credit.applicants.schema import SCHEMA_VERSION, applicant_store, metadata
from home_credit.errors import ApplicantStoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from home_credit.applicants.schema import Content

PAGE_BYTES = 16_384  # a page of 4,096 holds one applicant, and nothing in half of it
LOAD_LOCK = 0x4150504C  # any number will do, as long as every process uses the same


class Writer:
    """Writes the new content; nobody sees it before it is complete."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to a table of the store."""
        if rows:
            self._connection.execute(insert(table), rows)

    def describe(self, content: Content) -> None:
        """Say what the new content is."""
        self._connection.execute(insert(applicant_store), content.row())


@contextmanager
def replacing(where: Path | URL) -> Iterator[Writer]:
    """Give what writes the new content of the store, which takes the place of the old one when the block ends.

    Where the block raises, or the process ends inside it, the old content stays. Raises
    :class:`ApplicantStoreError` where the store cannot be written or another load is under way, and
    :class:`UsageError` where something else has its place.
    """
    try:
        with _file(where) if isinstance(where, Path) else _server(where) as connection:
            yield Writer(connection)
    except (SQLAlchemyError, OSError) as error:
        raise unavailable(where, error) from error


@contextmanager
def _file(path: Path) -> Iterator[Connection]:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with _alone(path):
        _require_ours(path)
        partial.unlink(missing_ok=True)
        engine = create_engine(URL.create("sqlite", database=str(partial)), hide_parameters=True)
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA page_size = {PAGE_BYTES}")
                # A file that is left half written is thrown away: nothing needs a journal.
                connection.exec_driver_sql("PRAGMA journal_mode = OFF")
                connection.exec_driver_sql("PRAGMA synchronous = OFF")
                _create(connection)
                yield connection
                connection.commit()
            engine.dispose()
            _flush(partial)
            partial.replace(path)
            _flush(path.parent)
        finally:
            engine.dispose()
            partial.unlink(missing_ok=True)


def _create(connection: Connection) -> None:
    """Create what is missing, the indexes by their names: SQLAlchemy keeps them in a set, in another order each time.

    The same applicants are then the same file, and the same commit the same image.
    """
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            connection.execute(CreateIndex(index, if_not_exists=True))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system takes back from a process that ends."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise _under_way(path) from None
    finally:
        os.close(folder)


def _require_ours(path: Path) -> None:
    """Refuse to replace a file that is no applicant store."""
    if not path.exists() or not path.stat().st_size:
        return
    engine = create_engine(URL.create("sqlite", database=str(path)))
    try:
        ours = inspect(engine).has_table(applicant_store.name)
    except SQLAlchemyError:
        ours = False
    finally:
        engine.dispose()
    if not ours:
        raise UsageError(f"{path} is there and is no applicant store; it is left as it is")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _server(url: URL) -> Iterator[Connection]:
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.begin() as connection:
            # Whoever reads sees the rows of the last commit until this transaction commits its own.
            if not connection.scalar(select(func.pg_try_advisory_xact_lock(LOAD_LOCK))):
                raise _under_way(url)
            _make_room(connection, url)
            yield connection
            connection.execute(text("ANALYZE " + ", ".join(metadata.tables)))
    finally:
        engine.dispose()


def _make_room(connection: Connection, url: URL) -> None:
    present = set(inspect(connection).get_table_names()) & set(metadata.tables)
    if present and applicant_store.name not in present:
        raise UsageError(
            f"{shown(url)} has a table {min(present)} of something else; choose another database or schema"
        )
    if present and connection.scalar(select(applicant_store.c.schema_version)) != SCHEMA_VERSION:
        metadata.drop_all(connection)
    _create(connection)
    for table in metadata.sorted_tables:
        connection.execute(delete(table))


def _under_way(where: Path | URL) -> ApplicantStoreError:
    return ApplicantStoreError(f"another load of the applicant store at {shown(where)} is under way")
