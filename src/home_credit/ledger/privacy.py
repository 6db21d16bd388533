"""What persons ask of the ledger: everything that it holds of them, and its erasure; and how long records are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from home_credit.ledger import erasing, journal, shadow_scores
from home_credit.ledger.schema import decisions
from home_credit.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from home_credit.ledger.database import Database
    from home_credit.ledger.keys import Keyring
    from home_credit.ledger.records import DecisionHistory


class Privacy:
    """Exports and erases what a ledger holds of persons.

    An erasure is written into the folder of anchors too, where there is one: a backup that is restored holds what was
    erased since, and is erased again by that. Every method raises :class:`~home_credit.errors.LedgerError` where the
    database does not answer, and :class:`~home_credit.errors.BrokenRecordError` where a record was changed.
    """

    def __init__(
        self, database: Database, keys: Keyring, folder: Path | None, read: Callable[[str], DecisionHistory]
    ) -> None:
        self._database, self._keys, self._folder, self._read = database, keys, folder, read

    def of_applicant(self, applicant_id: int) -> Iterator[DecisionHistory]:
        """Yield every decision on an applicant with its rows and reviews, the earliest first."""
        with self._database.reading() as connection:
            held = decisions.c.applicant_id == applicant_id
            found = select(decisions.c.decision_id).where(held).order_by(decisions.c.sequence)
            ids = list(connection.scalars(found))
        for decision_id in ids:
            yield self._read(decision_id)

    def shadow_scores(self, decision_id: str) -> list[dict[str, object]]:
        """Return what challengers would have decided on a decision, in JSON types."""
        with self._database.reading() as connection:
            return shadow_scores.of_decision(connection, decision_id)

    def erase(self, applicant_id: int) -> int:
        """Erase the decisions on an applicant, and their reviews, and return the number of decisions."""
        with self._database.reading() as connection:
            places = erasing.of_applicant(connection, applicant_id)
        for group in erasing.batched(places):
            self._erase(group, "request")
        self._database.empty_log()
        return len(places)

    def retain(self, since: datetime, progress: Progress = silent) -> int:
        """Erase the decisions that were recorded before ``since``, with their reviews, and return their number."""
        number = last = 0
        while True:
            with self._database.reading(patient=True) as connection:
                places = erasing.before(connection, since, last)
            if not places:
                break
            self._erase(places, "retention")
            number, last = number + len(places), places[-1]
            progress("decisions erased", number, None)
        self._database.empty_log()
        return number

    def erase_again(self, erasures: Path) -> int:
        """Erase what the journal in a folder names and a restored ledger holds again; return how many decisions."""
        with self._database.writing(patient=True) as connection:
            number = erasing.repeat(connection, self._keys, journal.read_all(erasures, self._keys))
        self._database.empty_log()
        return number

    def _erase(self, places: Sequence[int], cause: erasing.Cause) -> None:
        with self._database.writing(patient=True) as connection:
            erasure = erasing.erase(connection, self._keys, places, cause)
            if erasure and self._folder:
                # Before the commit: no erasure lacks its file, and one that fails is asked for again.
                journal.write(self._folder, erasure, self._keys.current)
