"""Where a store is: a file that is replaced as a whole, or tables in PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError

from home_credit import database_address
from home_credit.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def parsed(address: str) -> Path | URL:
    """Return the SQLite file or the PostgreSQL database that an SQLAlchemy address names.

    Raises :class:`UsageError` for any other address; the address itself is not shown, it may hold a password.
    """
    try:
        url = database_address.parse(address)
    except ArgumentError:
        raise UsageError("the address of the applicant store is no database address") from None
    if url.get_backend_name() == "sqlite":
        if url.database in {None, "", ":memory:"} or url.query:
            raise UsageError("an applicant store in SQLite is a plain file: sqlite:///data/applicants.db")
        return Path(str(url.database))
    if url.drivername == database_address.POSTGRESQL:
        return url
    raise UsageError(f"an applicant store is kept in SQLite or PostgreSQL, not in {url.drivername}")


def shown(where: Path | URL) -> str:
    """Return what may be shown of an address: neither password nor options."""
    return str(where) if isinstance(where, Path) else database_address.shown(where)
