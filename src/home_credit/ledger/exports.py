"""An entry in JSON types, with everything that its hash is computed from."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from home_credit.errors import BrokenRecordError
from home_credit.ledger import chain, formats, tombstones
from home_credit.ledger.bundles import StoredBundle
from home_credit.ledger.parsing import UNREADABLE, parse

if TYPE_CHECKING:
    from home_credit.ledger.chain import StoredEntry
    from home_credit.ledger.keys import Keyring


def exported(entry: StoredEntry, keys: Keyring) -> dict[str, object]:
    """Return an entry in JSON types, with its hash and everything that the hash is computed from.

    The payload of formats 1 and 2 is parsed: its canonical JSON was hashed, and in format 1 that of all other fields
    together. In format 3 it is the text that was hashed, and from format 4 on these bytes in Base64, beside the
    ``record`` that they hold; the rows are beside it. Of an erased entry the digest of the payload is left. Raises
    :class:`~home_credit.errors.BrokenRecordError` where the entry cannot be read.
    """
    link: dict[str, object] = {"chain": entry.chain, "sequence": entry.sequence}
    link["previous_hash"] = entry.previous_hash
    if entry.erased is not None:
        digest = tombstones.digest(entry, keys)
        signed = {"format": entry.format, "key": entry.key_id, "erased": digest}
        return {**link, **signed, "hash": entry.hash}
    try:
        if entry.format >= 3:
            return {**link, **_payload(entry, keys), "hash": entry.hash}
        payload = parse(entry.payload)
        if entry.format == 1:
            return {**payload, "hash": entry.hash}
    except (*UNREADABLE, BrokenRecordError) as error:
        raise BrokenRecordError(f"{entry} cannot be read: {error}") from error
    return {**link, "payload": payload, "hash": entry.hash}


def _payload(entry: StoredEntry, keys: Keyring) -> dict[str, object]:
    signed: dict[str, object] = {"format": entry.format, "key": entry.key_id}
    key = chain.data_key(entry, keys)
    if entry.format >= formats.ENCRYPTED_FROM:
        record: Any = formats.fields(entry.payload, key)
        signed |= {"payload": base64.b64encode(entry.payload).decode(), "record": record}
    else:
        record = parse(entry.payload)
        signed["payload"] = entry.payload.decode()
    if entry.bundle is not None:
        rows = key.decrypt(entry.bundle) if key else entry.bundle
        signed["bundle"] = StoredBundle(record["bundle"]["encoding"], rows).rows()
    return signed
