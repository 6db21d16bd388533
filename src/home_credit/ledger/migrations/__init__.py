"""Creates the ledger's tables, and migrates those of an older version, when the ledger is opened."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select, text

from home_credit.errors import BrokenRecordError, LedgerError
from home_credit.ledger import chain, entries, heads, review_counts, schema
from home_credit.ledger.chain import START
from home_credit.ledger.records import ReviewEntry
from home_credit.ledger.schema import decisions, reviews

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from home_credit.ledger.database import Database
    from home_credit.ledger.keys import Key, Keyring

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
UNVERSIONED_TABLES = {"chain_heads", "decisions", "reviews"}
REVIEWS_COUNTED = "0005"  # the first revision that counts reviews, which needs a key
UNVERSIONED = "0001"  # the revision of the tables of version 1.0, which did not store it


class State(NamedTuple):
    """Whether a database holds a ledger, of any revision, and whether its heads are signed."""

    exists: bool
    signed: bool


def state(database: Database) -> State:
    """Return what a database holds."""
    with database.reading() as connection:
        inspector = inspect(connection)
        if not inspector.has_table(schema.chain_heads.name):
            return State(exists=False, signed=False)
        columns = {column["name"] for column in inspector.get_columns(schema.chain_heads.name)}
        if schema.chain_heads.c.key_id.name not in columns:
            return State(exists=True, signed=False)
        signed = select(schema.chain_heads.c.key_id).where(schema.chain_heads.c.key_id.is_not(None))
        return State(exists=True, signed=connection.scalar(signed.limit(1)) is not None)


def absent(database: Database) -> LedgerError:
    """Return the error of an address at which there is no ledger."""
    return LedgerError(f"there is no ledger at {database.address}")


def prepare(database: Database, keys: Keyring, *, create: bool = True) -> None:
    """Create or migrate the tables where they are not those of the present revision, and sign the heads.

    Safe with several processes at once. Raises :class:`LedgerError` where the tables are of a newer version, do
    not belong to a ledger, or, without ``create``, where there are none.
    """
    with database.reading() as connection:
        if _revision(connection) == schema.REVISION:
            return
    if not (create or state(database).exists):
        raise absent(database)
    with database.writing(patient=True) as connection:
        if connection.dialect.name == "postgresql":
            # SQLite's write lock is held already; PostgreSQL's DDL of two processes can collide.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        _prepare(connection, keys)


def _prepare(connection: Connection, keys: Keyring) -> None:
    revision = _revision(connection)
    if revision == schema.REVISION:
        return  # another process was first
    if revision is None:
        found = set(schema.metadata.tables).intersection(inspect(connection).get_table_names())
        if not found:
            _create(connection, keys.current)
            return
        if found != UNVERSIONED_TABLES:
            raise LedgerError(f"the database holds a table {min(found)} that does not belong to a ledger")
        revision = UNVERSIONED
        version.create(connection)
        connection.execute(insert(version), {"version_num": revision})
    logger.info("migrating the ledger from revision %s to %s", revision, schema.REVISION)
    _upgrade(connection, revision)
    heads.sign_all(connection, keys.current)
    if revision < REVIEWS_COUNTED:
        review_counts.replace(connection, _reviews(connection, keys))


def _reviews(connection: Connection, keys: Keyring) -> Counter[review_counts.Cell]:
    """Count the reviews there are; one that was tampered with may be in no count, and `verify` names it."""
    counts: Counter[review_counts.Cell] = Counter()
    kinds = select(decisions.c.decision_id, decisions.c.decision).join(
        reviews, reviews.c.decision_id == decisions.c.decision_id
    )
    decided: dict[str, str] = {row.decision_id: row.decision for row in connection.execute(kinds)}
    with entries.walk(connection, reviews) as found:
        for entry in found:
            with suppress(BrokenRecordError):
                review = chain.read(entry, ReviewEntry)
                counts[review_counts.Cell.of(review, str(decided.get(review.decision_id)), keys)] += 1
    return counts


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(version.c.version_num))


def _create(connection: Connection, key: Key) -> None:
    schema.metadata.create_all(connection)
    version.create(connection)
    connection.execute(insert(version), {"version_num": schema.REVISION})
    rows = [heads.signed(name, START, key) for name in schema.CHAINS]
    connection.execute(insert(schema.chain_heads), rows)


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
