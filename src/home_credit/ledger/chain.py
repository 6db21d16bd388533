"""The hash chain: the hash of an entry, and the verification of entries and chains.

A payload is hashed as it is stored, so that a chain can be verified without parsing it. The columns beside a payload
are not hashed: they repeat values of the payload and are compared with it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from home_credit.errors import BrokenRecordError
from home_credit.ledger import formats
from home_credit.ledger.records import DecisionEntry, ReviewEntry, canonical, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T", DecisionEntry, ReviewEntry)
GENESIS = "0" * 64  # the previous hash of the first entry of a chain


class Head(NamedTuple):
    """The end of a chain: the number of its entries and the hash of the last."""

    sequence: int
    hash: str


START = Head(0, GENESIS)


class StoredEntry(NamedTuple):
    """An entry as it is stored; ``columns`` are those that repeat values of the payload."""

    chain: str
    sequence: int
    format: int
    payload: bytes
    previous_hash: str
    hash: str
    columns: Mapping[str, object]

    def __str__(self) -> str:
        return f"{self.chain} record {self.sequence} ({self.columns.get('decision_id')})"

    def exported(self) -> dict[str, object]:
        """Return the entry with its payload parsed, its hash and everything that the hash is computed from.

        The hash of format 1 is the SHA-256 of the canonical JSON of the other fields. Raises
        :class:`~home_credit.errors.BrokenRecordError` where the payload is not JSON.
        """
        try:
            payload = parse(self.payload)
            if self.format == 1:
                return {**payload, "hash": self.hash}
        except formats.UNREADABLE as error:
            raise BrokenRecordError(f"{self} cannot be read: {error}") from error
        link = {"chain": self.chain, "sequence": self.sequence, "previous_hash": self.previous_hash}
        return {**link, "payload": payload, "hash": self.hash}


def entry_hash(chain: str, sequence: int, previous_hash: str, payload: bytes) -> str:
    """Return the hash of an entry: the SHA-256 of the canonical JSON of its place and its payload's SHA-256."""
    place = {"chain": chain, "sequence": sequence, "previous_hash": previous_hash}
    return _sha256(canonical({**place, "payload": _sha256(payload)}).encode())


def check(entry: StoredEntry, model: type[T]) -> T:
    """Return the record that an entry holds.

    Raises :class:`~home_credit.errors.BrokenRecordError` where the payload does not match its hash, cannot be read,
    or differs from the columns.
    """
    if not _whole(entry):
        raise BrokenRecordError(f"{entry} was changed: its hash does not match its content")
    try:
        record = formats.read(model, entry.format, entry.payload)
    except BrokenRecordError as error:
        raise BrokenRecordError(f"{entry} cannot be read: {error}") from error
    for name, value in record.projection().items():
        if entry.columns[name] != value:
            raise BrokenRecordError(f"{entry} was changed: its column {name} does not match its content")
    return record


def verify(entries: Iterable[StoredEntry], model: type[T], chain: str, head: Head) -> int:
    """Return the number of ``entries`` of ``chain``, in their order and at least up to ``head``.

    Raises :class:`~home_credit.errors.BrokenRecordError` naming the first one whose content, link or position differs
    from what was recorded.
    """
    sequence, previous = START
    for entry in entries:
        if entry.sequence != sequence + 1:
            raise BrokenRecordError(f"{chain} record {sequence + 1} is missing before {entry}")
        if entry.previous_hash != previous:
            raise BrokenRecordError(f"{entry} does not follow from the record before it")
        check(entry, model)
        sequence, previous = entry.sequence, entry.hash
        if sequence == head.sequence and previous != head.hash:
            raise BrokenRecordError(f"{entry} is not the one that was recorded at this place")
    if sequence < head.sequence:
        raise BrokenRecordError(f"{chain} record {sequence + 1} is missing: {head.sequence} were recorded")
    return sequence


def _whole(entry: StoredEntry) -> bool:
    if entry.format == 1:
        # The text that version 1.0 hashed holds its place in the chain.
        return _sha256(entry.payload) == entry.hash and _place_1(entry.payload) == (
            entry.chain,
            entry.sequence,
            entry.previous_hash,
        )
    return entry_hash(entry.chain, entry.sequence, entry.previous_hash, entry.payload) == entry.hash


def _place_1(payload: bytes) -> tuple[object, object, object] | None:
    try:
        content = parse(payload)
        return content["chain"], content["sequence"], content["previous_hash"]
    except formats.UNREADABLE:
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
