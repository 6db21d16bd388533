"""Ledgers of the tests: those in PostgreSQL are signed with the key here, those in a file with the key beside it."""

from __future__ import annotations

from typing import Any

from home_credit.ledger import Ledger
from home_credit.ledger.keys import Key, Keyring

SECRET = "a key of the tests that has thirty-two characters and more".replace(" ", "-")
KEYS = Keyring(Key(SECRET.encode()))


def open_ledger(url: str, **options: Any) -> Ledger:
    """Open the ledger at ``url``."""
    return Ledger.open(url, None if url.startswith("sqlite") else KEYS, **options)
