"""The journal of erasures: signed files outside the database, so that a restored copy can be erased again.

A backup that was made before an erasure holds what was erased. The journal names the places that are to be erased in
it, and no person.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (pydantic resolves it at run time)
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from home_credit.errors import BrokenRecordError
from home_credit.ledger import anchors
from home_credit.ledger.records import Record, canonical

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from home_credit.ledger.keys import Key, Keyring
    from home_credit.ledger.records import ErasureEntry


class Journaled(Record):
    """The places of decisions that were erased, as ranges, and when."""

    format: Literal[1] = 1
    recorded_at: datetime
    decisions: tuple[tuple[int, int], ...]
    key: str
    signature: str = ""

    @classmethod
    def of(cls, erasure: ErasureEntry, key: Key) -> Self:
        """Return what is kept of an erasure, signed."""
        made = cls(recorded_at=erasure.recorded_at, decisions=erasure.decisions, key=key.id)
        return made.model_copy(update={"signature": key.sign(made.content())})

    def content(self) -> bytes:
        """Return what the signature is made of."""
        return canonical({"erasure": self.model_dump(mode="json", exclude={"signature"})}).encode()


def write(folder: Path, erasure: ErasureEntry, key: Key) -> None:
    """Write an erasure into ``folder`` as a file of its own; raises :class:`~home_credit.errors.LedgerError`."""
    path = folder / f"erasure-{erasure.recorded_at:%Y%m%dT%H%M%S%fZ}.json"
    anchors.write_file(path, Journaled.of(erasure, key).model_dump_json(indent=1))


def read_all(folder: Path, keys: Keyring) -> list[Journaled]:
    """Return the erasures in ``folder``, the earliest first; an absent folder holds none.

    Raises :class:`BrokenRecordError` for one that cannot be read, or whose signature does not match.
    """
    found = []
    for path in folder.glob("erasure-*.json"):
        try:
            erasure = Journaled.model_validate_json(path.read_bytes())
        except (ValidationError, OSError) as error:
            raise BrokenRecordError(
                f"the erasure {path} cannot be read: {str(error).splitlines()[0]}"
            ) from error
        key = keys.get(erasure.key)
        if key is None or not key.signed(erasure.content(), erasure.signature):
            raise BrokenRecordError(f"the erasure {path} was changed, or its key is not known here")
        found.append(erasure)
    return sorted(found, key=lambda erasure: erasure.recorded_at)
