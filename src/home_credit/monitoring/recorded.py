"""The window of what was decided, counted from the ledger day by day.

The counts of a day that is over are kept in a file: statistics, no row. A run that was interrupted goes on after the
last whole day, and the next run of a schedule reads new days only.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from home_credit import whole_file
from home_credit.default_risk.manifest import Manifest
from home_credit.monitoring.applications import COUNTED, of_rows
from home_credit.monitoring.drift import verdict
from home_credit.monitoring.reference import Reference
from home_credit.monitoring.storing import store
from home_credit.monitoring.tally import Counted, Tally
from home_credit.progress import Progress, silent
from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from home_credit.ledger.records import DecisionEntry
    from home_credit.policy import Policy
    from home_credit.schemas.verdicts import StoredVerdict

T = TypeVar("T")

# The rows of so many applicants of a day at most are read, of all decisions the scores.
ROWS_A_DAY = 1_000
DAYS = "days"
BATCH = 1_000


def run(
    ledger: Decisions,
    models: Path,
    policy: Policy,
    reports: Path,
    *,
    first: date,
    last: date,
    progress: Progress = silent,
) -> StoredVerdict:
    """Compare what was decided from ``first`` to ``last`` with the statistics of the model, and store the verdict.

    Raises :class:`~home_credit.errors.ArtifactError` where the model has no statistics, and
    :class:`~home_credit.errors.EmptyTableError` where nothing was decided.
    """
    manifest, reference = Manifest.read(models), Reference.of_model(models)
    window = RecordedWindow(ledger, reference, policy, manifest.model_version, reports)
    found = verdict(reference, window.count(first, last, progress), policy=policy)
    return store(found.model_copy(update={"model_version": manifest.model_version}), reports)


class Decisions(Protocol):
    """What is read of a ledger."""

    def count(self, since: datetime, until: datetime, /) -> int:
        """Return how many decisions were recorded, simulations left out."""

    def decided(
        self, since: datetime, until: datetime, /, *, one_in: int | None = None
    ) -> Iterator[DecisionEntry]:
        """Yield these decisions, with ``one_in`` those on one in so many applicants, with their rows."""


class RecordedWindow:
    """Counts the decisions of a ledger by the cells of a reference.

    Scores are those of the model ``model_version`` alone; decisions on them follow from ``policy``. ``kept`` is the
    folder of the days that are over.
    """

    def __init__(
        self,
        ledger: Decisions,
        reference: Reference,
        policy: Policy,
        model_version: str,
        kept: Path | None = None,
    ) -> None:
        self._ledger, self._reference, self._policy = ledger, reference, policy
        self._version, self._kept = model_version, kept
        content = [reference.model_dump_json(), policy.version, model_version]
        self._basis = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]

    def count(self, first: date, last: date, progress: Progress = silent) -> Tally:
        """Return the counts of the days ``first`` to ``last`` in UTC; memory does not grow with the decisions.

        Raises :class:`~home_credit.errors.LedgerError` where the ledger does not answer.
        """
        tally = Tally(self._reference.layout)
        days = [first + timedelta(number) for number in range((last - first).days + 1)]
        for number, day in enumerate(days):
            progress("days counted", number, len(days))
            counted = self._read(day)
            if counted is None:
                counted = self._count(day)
                self._keep(day, counted)
            if counted.rows or counted.scored:
                tally.days[day] = counted
        progress("days counted", len(days), len(days))
        return tally

    def _count(self, day: date) -> Counted:
        since = datetime.combine(day, time(), UTC)
        until = since + timedelta(days=1)
        tally = Tally(self._reference.layout)
        size = self._ledger.count(since, until)
        if size:
            one_in = -(-size // ROWS_A_DAY)
            for entries in _batches(self._ledger.decided(since, until)):
                mine = [entry.assessment for entry in entries if entry.model_version == self._version]
                probability = np.array([said.probability_of_default for said in mine])
                warned = sum(bool(said.warnings) for said in mine)
                tally.add_scores(probability, self._policy, day, warned)
            for rows in _batches(_rows(self._ledger.decided(since, until, one_in=one_in))):
                applications, lengths = zip(*rows, strict=True)
                counts = {name: [of[name] for of in lengths] for name in COUNTED}
                tally.add(of_rows(applications, counts), day)
        return tally.day(day)

    def _file(self, day: date) -> Path | None:
        return self._kept / DAYS / f"{day}-{self._basis}.json" if self._kept else None

    def _read(self, day: date) -> Counted | None:
        file = self._file(day)
        if file is None or not file.exists():
            return None
        plain = json.loads(file.read_text(encoding="utf-8"))
        cells, sums = np.array(plain.pop("cells"), dtype=np.int64), np.array(plain.pop("sums"))
        return Counted(cells, sums=sums, **plain)

    def _keep(self, day: date, counted: Counted) -> None:
        file = self._file(day)
        if file is None or day >= datetime.now(UTC).date():
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        plain = {name: getattr(counted, name) for name in ("rows", "warned", "pairs", "possible", "repeated")}
        text = json.dumps({**plain, "cells": counted.cells.tolist(), "sums": counted.sums.tolist()})
        whole_file.replace(file, text.encode())


def _rows(entries: Iterable[DecisionEntry]) -> Iterator[tuple[dict[str, object], dict[str, int]]]:
    """Yield the application of each decision that still has its rows, and the lengths of its histories."""
    for entry in entries:
        application = entry.bundle.get(APPLICATION)
        if isinstance(application, dict):
            yield application, {name: _length(entry.bundle.get(name)) for name in COUNTED}


def _length(rows: object) -> int:
    return len(rows) if isinstance(rows, list) else 0


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    return iter(lambda: list(islice(rest, BATCH)), [])
