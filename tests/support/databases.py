"""Databases to keep a ledger in, and what somebody with SQL can do to them."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, create_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine

LEDGER_1_0 = Path(__file__).parents[1] / "fixtures/ledger-1.0.db"  # 14 decisions and 2 reviews, synthetic
LENGTH_1_0 = 16


def engine_of(url: str) -> Engine:
    return create_engine(re.sub("^postgres(ql)?:", "postgresql+psycopg:", url))


def execute(url: str, statement: str) -> int:
    """Execute ``statement``, written for PostgreSQL, and return how many rows it changed."""
    if url.startswith("sqlite"):
        statement = re.sub(r"repeat\('(.)', 64\)", lambda found: "'" + found[1] * 64 + "'", statement)
        statement = re.sub(r"::bytea\b", "", statement)
    engine = engine_of(url)
    with engine.begin() as connection:
        changed = connection.exec_driver_sql(statement).rowcount
    engine.dispose()
    return changed


def drop_everything(url: str) -> None:
    engine = engine_of(url)
    with engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        tables.drop_all(connection)
    engine.dispose()


def write_1_0(url: str) -> None:
    """Write the tables and rows of the ledger of version 1.0 into an empty database."""
    source, target = create_engine(f"sqlite:///{LEDGER_1_0}"), engine_of(url)
    tables = MetaData()
    tables.reflect(source)
    with source.connect() as old, target.begin() as new:
        tables.create_all(new)
        for table in tables.sorted_tables:
            new.execute(table.insert(), [dict(row) for row in old.execute(table.select()).mappings()])
    source.dispose()
    target.dispose()


def rows_1_0(table: str) -> list[dict[str, str | int]]:
    """Return the rows of a table of the ledger of version 1.0, read with nothing of this package."""
    with sqlite3.connect(f"file:{LEDGER_1_0}?mode=ro&immutable=1", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608  (a constant)
