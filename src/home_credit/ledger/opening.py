"""What is settled when a ledger is opened: its tables, its keys, and that it is not behind its anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.errors import LedgerError
from home_credit.ledger import anchors, heads, migrations
from home_credit.ledger.database import Database
from home_credit.ledger.keys import Keyring, create_file
from home_credit.ledger.schema import CHAINS

if TYPE_CHECKING:
    from pathlib import Path


def prepare(database: Database, keys: Keyring | None, folder: Path | None, *, create: bool) -> Keyring:
    """Create or migrate the tables, and return the keys; see :meth:`Ledger.open`."""
    keys = keys or _of_file(database, create=create)
    migrations.prepare(database, keys, create=create)
    with database.reading() as connection:
        found = {name: heads.read(connection, name, keys) for name in CHAINS}
    if folder is not None:
        anchors.check_heads(anchors.read_all(folder, keys), found)
    return keys


def keys_beside(database_url: str) -> Keyring:
    """Return the keys in the key file of a ledger that need not be there yet; raises :class:`LedgerError`."""
    database = Database(database_url)
    database.close()
    path = _key_file(database)
    found = Keyring.read(path)
    if found is None:
        raise LedgerError(f"the key of the ledger is missing: put it into {path}, or set LEDGER_KEY")
    return found


def _key_file(database: Database) -> Path:
    if database.file is None:
        raise LedgerError(
            "LEDGER_KEY is not set: a ledger in a database needs a key outside of it; "
            "`home-credit ledger new-key` prints one"
        )
    return database.file.with_name(f"{database.file.name}.key")


def _of_file(database: Database, *, create: bool) -> Keyring:
    path = _key_file(database)
    found = Keyring.read(path)
    if found is None:
        state = migrations.state(database)
        if state.signed:
            raise LedgerError(f"the key of the ledger is missing: it was in {path}")
        if not (create or state.exists):
            raise migrations.absent(database)
        found = create_file(path)
    return found
