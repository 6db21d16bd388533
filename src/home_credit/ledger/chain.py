"""The hash chain: the hash of an entry, which is signed, and the verification of entries and chains.

A payload is hashed as it is stored, so that a chain can be verified without parsing it. The columns beside a payload
are not hashed: they repeat values of the payload and are compared with it.
"""

from __future__ import annotations

import hashlib
import hmac
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from home_credit.errors import BrokenRecordError
from home_credit.ledger import formats, review_states
from home_credit.ledger.bundles import StoredBundle
from home_credit.ledger.parsing import UNREADABLE, parse
from home_credit.ledger.records import FORMAT, DecisionEntry, ReviewEntry, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from home_credit.ledger.keys import Key, Keyring

T = TypeVar("T", DecisionEntry, ReviewEntry)
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
    """An entry as it is stored; ``columns`` are those that repeat values of the payload."""

    chain: str
    sequence: int
    format: int
    payload: bytes
    previous_hash: str
    hash: str
    columns: Mapping[str, object]
    key_id: str | None = None
    bundle: bytes | None = None

    def __str__(self) -> str:
        return f"{self.chain} record {self.sequence} ({self.columns.get('decision_id')})"

    def exported(self) -> dict[str, object]:
        """Return the entry in JSON types, with its hash and everything that the hash is computed from.

        The payload of formats 1 and 2 is parsed: its canonical JSON was hashed, and in format 1 that of all other
        fields together. From format 3 on it is the text that was hashed, and the rows are beside it. Raises
        :class:`~home_credit.errors.BrokenRecordError` where the payload is not JSON.
        """
        link: dict[str, object] = {"chain": self.chain, "sequence": self.sequence}
        link["previous_hash"] = self.previous_hash
        try:
            if self.format >= 3:
                signed = {"format": self.format, "key": self.key_id, "payload": self.payload.decode()}
                rows = {} if self.bundle is None else {"bundle": self._rows()}
                return {**link, **signed, **rows, "hash": self.hash}
            payload = parse(self.payload)
            if self.format == 1:
                return {**payload, "hash": self.hash}
        except UNREADABLE as error:
            raise BrokenRecordError(f"{self} cannot be read: {error}") from error
        return {**link, "payload": payload, "hash": self.hash}

    def _rows(self) -> dict[str, object]:
        return StoredBundle(parse(self.payload)["bundle"]["encoding"], self.bundle or b"").rows()


def entry_hash(
    chain: str,
    sequence: int,
    previous_hash: str,
    payload: bytes,
    *,
    form: int = FORMAT,
    key: Key | None = None,
) -> str:
    """Return the hash of an entry: of the canonical JSON of its place and its payload's SHA-256.

    The hash is the HMAC-SHA256 under ``key``, or the SHA-256 where there is none. From format 3 on the place includes
    the format and the id of the key.
    """
    digest = _sha256(payload)
    if form < 3:
        place = {"chain": chain, "sequence": sequence, "previous_hash": previous_hash}
        return _sha256(canonical({**place, "payload": digest}).encode())
    key_id = f'"{key.id}"' if key else "null"
    content = (
        f'{{"chain":"{chain}","format":{form},"key":{key_id},"payload":"{digest}",'
        f'"previous_hash":"{previous_hash}","sequence":{sequence}}}'
    ).encode()
    return key.sign(content) if key else _sha256(content)


def check(entry: StoredEntry, model: type[T], keys: Keyring, *, rows: bool = True, decode: bool = True) -> T:
    """Return the record that an entry holds.

    Without ``rows`` those of a decision are neither needed nor compared; without ``decode`` they are compared only.
    Raises :class:`~home_credit.errors.BrokenRecordError` where the payload does not match its hash, cannot be read,
    or differs from the columns, and where the key is not one of ``keys``.
    """
    check_hash(entry, keys)
    record = read(entry, model, rows=rows, decode=decode)
    for name, value in record.projection().items():
        if entry.columns[name] != value:
            raise BrokenRecordError(f"{entry} was changed: its column {name} does not match its content")
    if isinstance(record, DecisionEntry):
        initial = review_states.initial(record.assessment.decision, simulation=record.simulation)
        if entry.columns["review"] not in {initial, review_states.SECOND, review_states.REVIEWED}:
            raise BrokenRecordError(f"{entry} was changed: its column review does not match its content")
    return record


def check_hash(entry: StoredEntry, keys: Keyring) -> None:
    """Raise :class:`~home_credit.errors.BrokenRecordError` where the hash of an entry is not that of its content."""
    if not _whole(entry, keys):
        raise BrokenRecordError(f"{entry} was changed: its hash does not match its content")


def read(entry: StoredEntry, model: type[T], *, rows: bool = True, decode: bool = True) -> T:
    """Return the record that an entry holds, as :func:`check` does, without a look at its hash and its columns."""
    try:
        if rows and model is DecisionEntry and entry.format >= 3 and entry.bundle is None:
            raise BrokenRecordError("its rows are missing")
        return formats.read(model, entry.format, entry.payload, entry.bundle if rows else None, decode=decode)
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
    seen: Callable[[StoredEntry, T], None] = lambda _entry, _record: None,
) -> int:
    """Return the number of the last of ``entries``, which follow ``start`` in their order at least up to ``head``.

    ``anchored`` holds what anchors say about entries, by sequence; ``seen`` is called with each one that was checked.
    Raises
    :class:`~home_credit.errors.BrokenRecordError` naming the first one whose content, link or position differs from
    what was recorded.
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
        record = check(entry, model, keys, decode=False)
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


def _whole(entry: StoredEntry, keys: Keyring) -> bool:
    if entry.format == 1:
        # The text that version 1.0 hashed holds its place in the chain.
        return _sha256(entry.payload) == entry.hash and _place_1(entry.payload) == (
            entry.chain,
            entry.sequence,
            entry.previous_hash,
        )
    key = None
    if entry.key_id is not None:
        key = keys.get(entry.key_id)
        if key is None:
            raise BrokenRecordError(f"{entry} is signed with the key {entry.key_id}, which is not known here")
    # A column that somebody changed may hold another type.
    if not isinstance(entry.format, int) or (key is not None) != (entry.format >= SIGNED_FROM):
        return False
    place = (entry.chain, entry.sequence, entry.previous_hash)
    return hmac.compare_digest(
        entry_hash(*place, entry.payload, form=entry.format, key=key).encode(), str(entry.hash).encode()
    )


def _place_1(payload: bytes) -> tuple[object, object, object] | None:
    try:
        content = parse(payload)
        return content["chain"], content["sequence"], content["previous_hash"]
    except UNREADABLE:
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
