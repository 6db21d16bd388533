"""Creates the ledger's tables, and migrates those of an older version, when the ledger is opened."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select, text

from home_credit.errors import LedgerError
from home_credit.ledger import schema
from home_credit.ledger.chain import START

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from home_credit.ledger.database import Database

logger = logging.getLogger(__name__)

ADVISORY_LOCK = 0x484F4D45  # an arbitrary number that all versions share
# Another name than Alembic's default: the database may be shared with MLflow, which uses Alembic too.
VERSION_TABLE = "ledger_version"
version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
UNVERSIONED = "0001"  # the revision of the tables of version 1.0, which did not store it


def prepare(database: Database) -> None:
    """Create or migrate the tables where they are not those of the present revision.

    Safe with several processes at once. Raises :class:`LedgerError` where the tables are of a newer version, or do
    not belong to a ledger.
    """
    with database.reading() as connection:
        if _revision(connection) == schema.REVISION:
            return
    with database.writing(patient=True) as connection:
        if connection.dialect.name == "postgresql":
            # SQLite's write lock is held already; PostgreSQL's DDL of two processes can collide.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        _prepare(connection)


def _prepare(connection: Connection) -> None:
    revision = _revision(connection)
    if revision == schema.REVISION:
        return  # another process was first
    if revision is None:
        found = set(schema.metadata.tables).intersection(inspect(connection).get_table_names())
        if not found:
            _create(connection)
            return
        if found != set(schema.metadata.tables):
            raise LedgerError(f"the database holds a table {min(found)} that does not belong to a ledger")
        revision = UNVERSIONED
        version.create(connection)
        connection.execute(insert(version), {"version_num": revision})
    logger.info("migrating the ledger from revision %s to %s", revision, schema.REVISION)
    _upgrade(connection, revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(version.c.version_num))


def _create(connection: Connection) -> None:
    schema.metadata.create_all(connection)
    version.create(connection)
    connection.execute(insert(version), {"version_num": schema.REVISION})
    heads = [{"chain": name, **START._asdict()} for name in schema.CHAINS]
    connection.execute(insert(schema.chain_heads), heads)


def _upgrade(connection: Connection, revision: str) -> None:
    # Importing Alembic takes half a second, and migrations are rare.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise LedgerError(
            f"the ledger cannot be migrated from revision {revision} to {schema.REVISION}: {error}"
        ) from error
