"""The tables of the store and what is written into them, in SQLite and PostgreSQL alike.

``applicants`` is narrow, for listing and searching; ``applicant_rows`` holds what is read of one applicant, as
payloads; ``applicant_peers`` the figures of those that others are compared with; ``applicant_store`` has one row that
says what was loaded. A load replaces the content of all four.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json
from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

# To be raised whenever the tables or the payloads change: the store is loaded again then, never migrated.
SCHEMA_VERSION = 3
COMPRESSION = 6

# SQLite finds a row by its number, and without an index, only where the column is called INTEGER.
ID = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()
applicant_store = Table(
    "applicant_store",
    metadata,
    Column("schema_version", Integer, primary_key=True, autoincrement=False),
    Column("generation", String(64), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("definitions_version", Text),
    Column("model_version", Text),
    Column("columns", Text, nullable=False),
)
applicants = Table(
    "applicants",
    metadata,
    Column("applicant_id", ID, primary_key=True, autoincrement=False),
    Column("split", String(5), nullable=False),
    Column("age_band", String(20)),
    Column("contract", String(20)),
    Column("region_rating", Integer),
)
for _column in ("age_band", "contract", "region_rating"):
    Index(f"ix_applicants_{_column}", applicants.c[_column], applicants.c.applicant_id)
applicant_rows = Table(
    "applicant_rows",
    metadata,
    Column("applicant_id", ID, primary_key=True, autoincrement=False),
    Column("application", LargeBinary, nullable=False),
    Column("histories", LargeBinary, nullable=False),
    Column("history_features", LargeBinary),
)
applicant_peers = Table(
    "applicant_peers",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class Content:
    """What one load brought.

    ``generation`` is the digest of everything that the content depends on: equal for equal content. ``source`` is
    the folder that the tables came from, ``definitions_version`` that of the history features, ``None`` where
    there are none. ``model_version`` is that of the model that graded the applicants, ``None`` where none did.
    ``columns`` names the columns of each table in the order of the payloads.
    """

    generation: str
    total: int
    source: str
    definitions_version: str | None
    model_version: str | None
    columns: Mapping[str, tuple[str, ...]]

    @cached_property
    def column_names(self) -> bytes:
        """``columns`` as compressed JSON."""
        return packed(self.columns)

    @classmethod
    def of_row(cls, row: Mapping[Any, Any]) -> Content:
        """Return the content that a row of ``applicant_store`` describes."""
        columns = {name: tuple(columns) for name, columns in json.loads(row["columns"]).items()}
        return cls(
            row["generation"],
            row["total"],
            row["source"],
            row["definitions_version"],
            row["model_version"],
            columns,
        )

    def row(self) -> dict[str, Any]:
        """Return the row of ``applicant_store``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "generation": self.generation,
            "total": self.total,
            "source": self.source,
            "definitions_version": self.definitions_version,
            "model_version": self.model_version,
            "columns": json.dumps(self.columns),
        }


def packed(value: Any) -> bytes:
    """Return a payload: compressed JSON, in which a float has the digits that give its bits back, or is NaN."""
    return compressed(encoded(value))


def encoded(value: Any) -> bytes:
    """Return the JSON of a payload."""
    return to_json(value, inf_nan_mode="constants")


def compressed(text: bytes) -> bytes:
    """Return the payload of a JSON text."""
    return zlib.compress(text, COMPRESSION)


def unpacked(payload: bytes) -> Any:
    """Return what a payload holds. Raises ``zlib.error`` or ``ValueError`` where it is damaged."""
    return from_json(zlib.decompress(payload))
