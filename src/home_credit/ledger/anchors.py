"""Anchors: the signed heads of the chains, kept in a folder outside the database.

An anchor says how many entries there were, and what the last one was: a ledger from which entries were removed, or
that was written anew, does not match it. Each has the root of a Merkle tree over the entries since the one before,
which proofs lead to.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003  (pydantic resolves it at run time)
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field, ValidationError

from home_credit.errors import BrokenRecordError, LedgerError
from home_credit.ledger.chain import START, Anchored, Head
from home_credit.ledger.records import Record, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.ledger.keys import Key, Keyring

DIGEST = "^[0-9a-f]{64}$"


class AnchoredChain(Record):
    """The end of a chain, and the Merkle root over its entries from ``first`` on."""

    sequence: int = Field(ge=0)
    hash: str = Field(pattern=DIGEST)
    first: int = Field(ge=1)
    root: str = Field(pattern=DIGEST)

    @property
    def head(self) -> Head:
        """The end of the chain."""
        return Head(self.sequence, self.hash)


class Anchor(Record):
    """The signed heads of both chains at one time."""

    format: Literal[1] = 1
    recorded_at: AwareDatetime
    key: str
    chains: dict[str, AnchoredChain]
    signature: str = ""

    def content(self) -> bytes:
        """Return what the signature is made of."""
        return canonical(self.model_dump(mode="json", exclude={"signature"})).encode()

    def signed(self, key: Key) -> Anchor:
        """Return the anchor with its signature."""
        return self.model_copy(update={"signature": key.sign(self.content())})

    @property
    def name(self) -> str:
        """The name in messages."""
        return f"the anchor of {self.recorded_at:%Y-%m-%d %H:%M:%S} UTC"


def read_file(path: Path) -> Anchor:
    """Return the anchor in a file, whose signature is not checked; raises :class:`BrokenRecordError`."""
    try:
        return Anchor.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise BrokenRecordError(f"the anchor {path} cannot be read: {str(error).splitlines()[0]}") from error


def check(anchor: Anchor, keys: Keyring, where: str) -> None:
    """Raise :class:`BrokenRecordError` where the signature of an anchor is not that of its content."""
    key = keys.get(anchor.key)
    if key is None:
        raise BrokenRecordError(f"{where} is signed with the key {anchor.key}, which is not known here")
    if not key.signed(anchor.content(), anchor.signature):
        raise BrokenRecordError(f"{where} was changed: its signature does not match its content")


def read_all(folder: Path, keys: Keyring) -> list[Anchor]:
    """Return the anchors in ``folder``, the earliest first; an absent folder holds none.

    Raises :class:`BrokenRecordError` for one that cannot be read, or whose signature does not match.
    """
    anchors = []
    for path in sorted(folder.glob("anchor-*.json")):
        anchor = read_file(path)
        check(anchor, keys, f"the anchor {path}")
        anchors.append(anchor)
    return sorted(anchors, key=lambda anchor: anchor.recorded_at)


def write(folder: Path, anchor: Anchor) -> Path:
    """Write an anchor into ``folder`` as a file of its own, whole or not at all; raises :class:`LedgerError`."""
    path = folder / f"anchor-{anchor.recorded_at:%Y%m%dT%H%M%S%fZ}.json"
    write_file(path, anchor.model_dump_json(indent=1))
    return path


def write_file(path: Path, text: str) -> None:
    """Write a new file, whole or not at all; raises :class:`LedgerError`."""
    temporary = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("x", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except OSError as error:
        raise LedgerError(f"{path.name} cannot be written: {error}") from error


def now() -> datetime:
    """Return the time of a new anchor."""
    return datetime.now(UTC)


def ends(anchors: Sequence[Anchor], chain: str) -> dict[int, Anchored]:
    """Return what ``anchors`` say about entries of a chain, by sequence, ascending."""
    found = {
        anchored.sequence: Anchored(anchored.hash, anchor.name)
        for anchor in anchors
        if (anchored := anchor.chains.get(chain)) and anchored.sequence
    }
    return dict(sorted(found.items()))


def last_head(anchors: Sequence[Anchor], chain: str) -> Head:
    """Return the head that the last anchor names, or the start of the chain."""
    return anchors[-1].chains[chain].head if anchors and chain in anchors[-1].chains else START


def check_heads(anchors: Sequence[Anchor], heads: Mapping[str, Head]) -> None:
    """Raise :class:`BrokenRecordError` where the heads of a ledger are behind the last of its anchors."""
    for anchor in anchors[-1:]:
        for chain, anchored in anchor.chains.items():
            if heads[chain].sequence < anchored.sequence:
                raise BrokenRecordError(
                    f"the ledger holds {heads[chain].sequence} {chain}, but {anchor.name} says that "
                    f"{anchored.sequence} were recorded"
                )
