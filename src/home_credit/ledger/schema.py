"""The tables of the ledger, as the last migration leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.schema import SchemaItem

REVISION = "0008"  # the migration that creates these tables

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


class StoredFlag(Boolean):
    """A flag, returned as it is stored: SQLite has no booleans, and an empty text would be read as false."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Convert nothing: 0 and 1 equal false and true."""


class StoredBytes(LargeBinary):
    """Bytes, sent and returned without conversion: SQLite stores any type in any column."""

    def bind_processor(self, dialect: Dialect) -> None:
        """Convert nothing: the drivers take bytes."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Convert nothing, so that the hash reveals a changed type."""


chain_heads = Table(
    "chain_heads",
    metadata,
    Column("chain", String(20), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("key_id", String(16)),
    Column("signature", String(64)),
)


# The key that a decision's payload, rows and reviews are encrypted with, wrapped; it is dropped where they are erased.
payload_keys = Table(
    "payload_keys",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("wrapped", StoredBytes, nullable=False),
)


def _chain(name: str, *projection: SchemaItem) -> Table:
    """Return the table of a chain; ``projection`` are the columns that repeat values of the payload."""
    return Table(
        name,
        metadata,
        Column("sequence", BigInteger, primary_key=True, autoincrement=False),
        Column("format", Integer, nullable=False),
        Column("payload", StoredBytes, nullable=False),
        Column("previous_hash", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
        *projection,
    )


# Columns are nullable where their values may be erased; ``erased`` is what is left then (see tombstones.py).
# ``review`` is the state of the review: "open" for a referral, what the last review left ("second" or "reviewed"),
# and null for any other decision.
decisions = _chain(
    "decisions",
    Column("decision_id", String(36), nullable=False, unique=True),
    Column("recorded_at", String(32), nullable=False),
    Column("applicant_id", BigInteger),
    Column("decision", String(20)),
    Column("grade", String(20)),
    Column("model_version", String(200)),
    Column("simulation", StoredFlag),
    Column("key_id", String(16)),
    Column("bundle", StoredBytes),
    Column("idempotency_key", String(64)),
    Column("review", String(10)),
    Column("erased", StoredBytes),
)
reviews = _chain(
    "reviews",
    Column("decision_id", String(36), nullable=False, index=True),
    Column("recorded_at", String(32), nullable=False),
    Column("key_id", String(16)),
    Column("state", String(10)),
    Column("erased", StoredBytes),
)
erasures = _chain(
    "erasures",
    Column("recorded_at", String(32), nullable=False),
    Column("key_id", String(16)),
)
# ``reviewer`` is a keyed digest of the name, to count different ones.
review_counts = Table(
    "review_counts",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("decision", String(20), primary_key=True),
    Column("reviewed_as", String(20), primary_key=True),
    Column("reason_code", String(40), primary_key=True),
    Column("reviewer", String(16), primary_key=True),
    Column("reviews", BigInteger, nullable=False),
)
daily_counts = Table(
    "daily_counts",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("decision", String(20), primary_key=True),
    Column("grade", String(20), primary_key=True),
    Column("simulation", StoredFlag, primary_key=True),
    Column("decisions", BigInteger, nullable=False),
    Column("billionths", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
)
# What an erasure empties beside the payload, by chain; the other columns are the place, the time and the id.
EMPTIED = {
    "decisions": (
        "bundle", "applicant_id", "decision", "grade", "model_version", "simulation", "idempotency_key", "review",
    ),
    "reviews": ("state",),
}  # fmt: skip
CHAINS = {table.name: table for table in (decisions, reviews, erasures)}

# Every search is in the order of time, newest first.
Index("ix_decisions_recorded_at", decisions.c.recorded_at, decisions.c.sequence)
for _column in (decisions.c.applicant_id, decisions.c.decision, decisions.c.grade):
    Index(f"ix_decisions_{_column.name}", _column, decisions.c.recorded_at, decisions.c.sequence)
# The partial indexes cost nothing for a decision without the column.
for _column, _others in (
    (decisions.c.review, (decisions.c.recorded_at, decisions.c.sequence)),
    (decisions.c.idempotency_key, ()),
):
    Index(
        f"ix_decisions_{_column.name}",
        _column,
        *_others,
        unique=not _others,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )
