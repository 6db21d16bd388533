"""Tombstones: what is left of an erased entry. The digest of its payload, by which the chain is verified, is signed.

The signature is of the place and the time of the entry, too, so that a tombstone cannot be moved, and of nothing else:
a digest of an encrypted payload reveals nothing of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from home_credit.errors import BrokenRecordError
from home_credit.ledger.records import canonical
from home_credit.ledger.schema import EMPTIED

if TYPE_CHECKING:
    from home_credit.ledger.chain import StoredEntry
    from home_credit.ledger.keys import Key, Keyring


def of(entry: StoredEntry, payload: str, key: Key) -> bytes:
    """Return the tombstone of an entry; ``payload`` is the SHA-256 of its payload."""
    return f"{key.id} {payload} {key.sign(_content(entry, payload))}".encode()


def digest(entry: StoredEntry, keys: Keyring) -> str:
    """Return the SHA-256 that the payload of an erased entry had.

    Raises :class:`BrokenRecordError` where the tombstone is not the one of this entry, or content is left of it.
    """
    text = entry.erased.decode(errors="replace") if isinstance(entry.erased, bytes) else ""
    parts = re.fullmatch("([0-9a-f]{16}) ([0-9a-f]{64}) ([0-9a-f]{64})", text)
    key = keys.get(parts[1]) if parts else None
    if parts is None or key is None or not key.signed(_content(entry, parts[2]), parts[3]):
        raise BrokenRecordError(f"{entry} was changed: its tombstone is not that of this entry")
    left = [name for name in EMPTIED[entry.chain] if entry.columns[name] is not None]
    if entry.payload or left or entry.wrapped is not None:
        raise BrokenRecordError(f"{entry} was changed: it was erased, but {(*left, 'content')[0]} is there")
    return parts[2]


def _content(entry: StoredEntry, payload: str) -> bytes:
    place = {name: entry.columns[name] for name in ("decision_id", "recorded_at", "key_id")}
    return canonical(
        {
            "tombstone": entry.chain,
            "sequence": entry.sequence,
            "format": entry.format,
            "previous_hash": entry.previous_hash,
            "payload": payload,
            **place,
        }
    ).encode()
