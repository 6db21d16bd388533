"""Addresses of databases: the driver and time limit of PostgreSQL, and what an error message may show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

POSTGRESQL = "postgresql+psycopg"
CONNECT_TIMEOUT = "5"  # seconds


def parse(address: str) -> URL:
    """Return a database address; one of PostgreSQL gets this platform's driver and a limit for connecting.

    Raises :class:`sqlalchemy.exc.ArgumentError` for what is not a database address.
    """
    url = make_url(address)
    if url.drivername in {"postgres", "postgresql"}:
        # The schemes that hosting platforms use; SQLAlchemy would load another driver for the second one.
        url = url.set(drivername=POSTGRESQL)
    if url.drivername == POSTGRESQL:
        return url.update_query_dict({"connect_timeout": CONNECT_TIMEOUT, **url.query})
    return url


def shown(url: URL) -> str:
    """Return an address without its password and options."""
    return url.set(query={}).render_as_string(hide_password=True)


def cause(error: Exception) -> str:
    """Return the first line of what the driver reported, without the statement and its rows."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
