"""The hash chain: the hash of an entry, which is signed, and the verification of entries and chains.

A payload is hashed as it is stored, so that a chain can be verified without parsing it. The columns beside a payload
are not hashed: they repeat values of the payload and are compared with it.
"""

from __future__ import annotations

import hashlib
import hmac
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from home_credit.errors import BrokenRecordError, ErasedDecisionError
from home_credit.ledger import encryption, formats, review_states, tombstones
from home_credit.ledger.parsing import UNREADABLE, parse
from home_credit.ledger.records import FORMAT, DecisionEntry, ErasureEntry, ReviewEntry, canonical
from home_credit.ledger.schema import EMPTIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from home_credit.ledger.encryption import DataKey
    from home_credit.ledger.keys import Key, Keyring

T = TypeVar("T", DecisionEntry, ReviewEntry, ErasureEntry)
GENESIS = "0" * 64  # the previous hash of the first entry of a chain


class Head(NamedTuple):
    """The end of a chain: the number of its entries and the hash of the last."""

    sequence: int
    hash: str

    def content(self, chain: str, key_id: str) -> bytes:
        """Return what the signature of this head of ``chain`` is made of."""
        place = {"head": chain, "key": key_id, "sequence": self.sequence, "hash": self.hash}
        return canonical(place).encode()


START = Head(0, GENESIS)
SIGNED_FROM = 3  # the first format whose entries are signed


class Anchored(NamedTuple):
    """What an anchor says about an entry: its hash; ``name`` is that of the anchor in messages."""

    hash: str
    name: str


class StoredEntry(NamedTuple):
    """An entry as it is stored; ``columns`` are those that repeat values of the payload.

    ``wrapped`` is the key of its decision. Where the entry was erased, ``erased`` is what is left of it.
    """

    chain: str
    sequence: int
    format: int
    payload: bytes
    previous_hash: str
    hash: str
    columns: Mapping[str, object]
    key_id: str | None = None
    bundle: bytes | None = None
    wrapped: bytes | None = None
    erased: bytes | None = None

    def __str__(self) -> str:
        decision_id = self.columns.get("decision_id")
        return f"{self.chain} record {self.sequence}" + (f" ({decision_id})" if decision_id else "")


def entry_hash(
    chain: str, sequence: int, previous_hash: str, payload: str, *, form: int = FORMAT, key: Key | None = None
) -> str:
    """Return the hash of an entry: of the canonical JSON of its place and its payload's SHA-256, ``payload``.

    The hash is the HMAC-SHA256 under ``key``, or the SHA-256 where there is none. From format 3 on the place includes
    the format and the id of the key.
    """
    if form < 3:
        place = {"chain": chain, "sequence": sequence, "previous_hash": previous_hash}
        return sha256(canonical({**place, "payload": payload}).encode())
    key_id = f'"{key.id}"' if key else "null"
    content = (
        f'{{"chain":"{chain}","format":{form},"key":{key_id},"payload":"{payload}",'
        f'"previous_hash":"{previous_hash}","sequence":{sequence}}}'
    ).encode()
    return key.sign(content) if key else sha256(content)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a content in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def check(entry: StoredEntry, model: type[T], keys: Keyring, *, rows: bool = True, decode: bool = True) -> T:
    """Return the record that an entry holds.

    Without ``rows`` those of a decision are neither needed nor compared; without ``decode`` they are compared only.
    Raises :class:`~home_credit.errors.BrokenRecordError` where the payload does not match its hash, cannot be read,
    or differs from the columns, and where the key is not one of ``keys``; and
    :class:`~home_credit.errors.ErasedDecisionError` where it was erased.
    """
    check_hash(entry, keys)
    if entry.erased is not None:
        raise ErasedDecisionError(str(entry.columns["decision_id"]))
    record = read(entry, model, data_key(entry, keys), rows=rows, decode=decode)
    for name, value in record.projection().items():
        if entry.columns[name] != value:
            raise BrokenRecordError(f"{entry} was changed: its column {name} does not match its content")
    if isinstance(record, DecisionEntry):
        initial = review_states.initial(record.assessment.decision, reviewable=record.reviewable)
        if entry.columns["review"] not in {initial, review_states.SECOND, review_states.REVIEWED}:
            raise BrokenRecordError(f"{entry} was changed: its column review does not match its content")
    return record


def check_hash(entry: StoredEntry, keys: Keyring) -> None:
    """Raise :class:`~home_credit.errors.BrokenRecordError` where the hash of an entry is not that of its content."""
    if not _whole(entry, keys):
        raise BrokenRecordError(f"{entry} was changed: its hash does not match its content")


def data_key(entry: StoredEntry, keys: Keyring) -> DataKey | None:
    """Return the key that an entry is encrypted with, if it is; raises :class:`BrokenRecordError`."""
    if entry.format < formats.ENCRYPTED_FROM or entry.chain not in EMPTIED:
        return None
    try:
        if entry.wrapped is None:
            raise BrokenRecordError("its key is missing, and it was not erased")
        return encryption.unwrap(entry.wrapped, keys)
    except BrokenRecordError as error:
        raise BrokenRecordError(f"{entry} cannot be read: {error}") from error


def payload_digest(entry: StoredEntry, keys: Keyring) -> str:
    """Return the SHA-256 of the payload, also where it was erased; raises :class:`BrokenRecordError`."""
    return sha256(entry.payload) if entry.erased is None else tombstones.digest(entry, keys)


def read(
    entry: StoredEntry,
    model: type[T],
    key: DataKey | None = None,
    *,
    rows: bool = True,
    decode: bool = True,
) -> T:
    """Return the record that an entry holds, as :func:`check` does, without a look at its hash and its columns."""
    try:
        if rows and model is DecisionEntry and entry.format >= 3 and entry.bundle is None:
            raise BrokenRecordError("its rows are missing")
        bundle = entry.bundle if rows else None
        return formats.read(model, entry.format, entry.payload, bundle, key=key, decode=decode)
    except BrokenRecordError as error:
        raise BrokenRecordError(f"{entry} cannot be read: {error}") from error


def verify(
    entries: Iterable[StoredEntry],
    model: type[T],
    chain: str,
    head: Head,
    keys: Keyring,
    *,
    anchored: Mapping[int, Anchored] = MappingProxyType({}),
    start: Head = START,
    seen: Callable[[StoredEntry, T | None], None] = lambda _entry, _record: None,
) -> int:
    """Return the number of the last of ``entries``, which follow ``start`` in their order at least up to ``head``.

    ``anchored`` holds what anchors say about entries, by sequence; ``seen`` is called with each one that was checked,
    and with its record, if it was not erased. Raises :class:`~home_credit.errors.BrokenRecordError` naming the first
    one whose content, link or position differs from what was recorded.
    """
    sequence, previous = start
    signed = False
    for entry in entries:
        if entry.sequence != sequence + 1:
            raise BrokenRecordError(f"{chain} record {sequence + 1} is missing before {entry}")
        if entry.previous_hash != previous:
            raise BrokenRecordError(f"{entry} does not follow from the record before it")
        if signed and entry.key_id is None:
            raise BrokenRecordError(f"{entry} is not signed, but records before it are")
        record = _record(entry, model, keys)
        sequence, previous, signed = entry.sequence, entry.hash, entry.key_id is not None
        if sequence == head.sequence and previous != head.hash:
            raise BrokenRecordError(f"{entry} is not the one that was recorded at this place")
        anchor = anchored.get(sequence)
        if anchor and anchor.hash != previous:
            raise BrokenRecordError(f"{entry} is not the one that {anchor.name} names")
        seen(entry, record)
    if sequence < head.sequence:
        raise BrokenRecordError(f"{chain} record {sequence + 1} is missing: {head.sequence} were recorded")
    for number, anchor in anchored.items():
        if number > sequence:
            raise BrokenRecordError(
                f"{chain} record {sequence + 1} is missing: {anchor.name} says that {number} were recorded"
            )
    return sequence


def _record(entry: StoredEntry, model: type[T], keys: Keyring) -> T | None:
    """Return the record that an entry holds, without its rows; ``None`` where it was erased."""
    if entry.erased is None:
        return check(entry, model, keys, decode=False)
    check_hash(entry, keys)
    return None


def _whole(entry: StoredEntry, keys: Keyring) -> bool:
    digest, place = payload_digest(entry, keys), (entry.chain, entry.sequence, entry.previous_hash)
    if entry.format == 1:
        # The text that version 1.0 hashed holds its place in the chain.
        return digest == entry.hash and (entry.erased is not None or _place_1(entry.payload) == place)
    key = None
    if entry.key_id is not None:
        key = keys.get(entry.key_id)
        if key is None:
            raise BrokenRecordError(f"{entry} is signed with the key {entry.key_id}, which is not known here")
    # A column that somebody changed may hold another type.
    if not isinstance(entry.format, int) or (key is not None) != (entry.format >= SIGNED_FROM):
        return False
    own = entry_hash(*place, digest, form=entry.format, key=key)
    return hmac.compare_digest(own.encode(), str(entry.hash).encode())


def _place_1(payload: bytes) -> tuple[object, object, object] | None:
    try:
        content = parse(payload)
        return content["chain"], content["sequence"], content["previous_hash"]
    except UNREADABLE:
        return None
