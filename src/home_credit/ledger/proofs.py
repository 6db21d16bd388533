"""The proof of a decision: its record, and the path that leads to an anchor; it is checked without the database."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from home_credit.errors import BrokenRecordError
from home_credit.ledger import anchors, chain, merkle
from home_credit.ledger.anchors import Anchor  # noqa: TC001  (pydantic resolves it at run time)
from home_credit.ledger.chain import StoredEntry
from home_credit.ledger.encryption import DataKey
from home_credit.ledger.records import DecisionEntry, Record

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from home_credit.ledger.keys import Keyring

CHAIN = "decisions"


class Proof(Record):
    """An entry of the chain of decisions, as it is stored, and its path to the root in an anchor.

    ``payload`` is the text that the leaf is made of; from entries of format 4 on it is in Base64, and ``data_key`` what
    it and the rows are encrypted with. ``rows`` are the stored rows in Base64.
    """

    format: Literal[1, 2] = 2
    decision_id: str
    sequence: int
    entry_format: int
    key: str | None
    previous_hash: str
    hash: str
    payload: str
    rows: str | None
    data_key: str | None = None
    path: tuple[str, ...]
    anchor: Anchor

    @classmethod
    def of(cls, entry: StoredEntry, key: DataKey | None, path: list[str], anchor: Anchor) -> Self:
        """Return the proof of an entry; ``key`` is the one that it is encrypted with."""
        return cls(
            decision_id=str(entry.columns["decision_id"]),
            sequence=entry.sequence,
            entry_format=entry.format,
            key=entry.key_id,
            previous_hash=entry.previous_hash,
            hash=entry.hash,
            payload=_text(entry.payload) if key else entry.payload.decode(),
            rows=None if entry.bundle is None else _text(entry.bundle),
            data_key=_text(key.secret) if key else None,
            path=tuple(path),
            anchor=anchor,
        )

    def check(self, keys: Keyring | None = None, anchor: Anchor | None = None) -> DecisionEntry:
        """Return the decision, which is the one that was recorded when the anchor was written.

        Without ``keys`` the anchor's signature and the entry's hash are not checked: ``anchor``, of another source than
        the proof, is what it rests on. Raises :class:`BrokenRecordError` naming what does not match.
        """
        if anchor is not None and anchor != self.anchor:
            raise BrokenRecordError("the proof leads to another anchor than the one given")
        anchored = self.anchor.chains[CHAIN]
        entry, key = self._entry()
        leaf = merkle.leaf(CHAIN, self.sequence, hashlib.sha256(entry.payload).hexdigest())
        count = anchored.sequence - anchored.first + 1
        if merkle.root_of_path(leaf, self.sequence - anchored.first, count, self.path) != anchored.root:
            raise BrokenRecordError(
                f"the record of decision {self.decision_id} does not lead to {self.anchor.name}"
            )
        if keys is not None:
            anchors.check(self.anchor, keys, self.anchor.name)
        record = chain.read(entry, DecisionEntry, key)
        if record.decision_id != self.decision_id:
            raise BrokenRecordError(
                f"the record is of decision {record.decision_id}, not of {self.decision_id}"
            )
        if keys is not None:
            chain.check_hash(entry, keys)
        return record

    def _entry(self) -> tuple[StoredEntry, DataKey | None]:
        try:
            rows = None if self.rows is None else _bytes(self.rows)
            key = None if self.data_key is None else DataKey(_bytes(self.data_key))
            payload = self.payload.encode() if key is None else _bytes(self.payload)
        except ValueError as error:
            raise BrokenRecordError(
                f"the proof of decision {self.decision_id} cannot be read: {error}"
            ) from error
        place = (CHAIN, self.sequence, self.entry_format, payload, self.previous_hash, self.hash)
        return StoredEntry(*place, {"decision_id": self.decision_id}, self.key, rows), key


def read_proof(path: Path) -> Proof:
    """Return the proof in a file, which is not checked; raises :class:`BrokenRecordError`."""
    try:
        return Proof.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise BrokenRecordError(f"the proof {path} cannot be read: {str(error).splitlines()[0]}") from error


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
