"""Counts of applications by cell and day: what a verdict reads, in memory that does not grow with the rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from home_credit.monitoring.scores import FIGURES, sums

if TYPE_CHECKING:
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from home_credit.monitoring.layout import Layout
    from home_credit.policy import Policy

    Sums = NDArray[np.float64]
    Counts = NDArray[np.int64]


@dataclass(slots=True)
class Counted:
    """Applications of one day, or of all: ``cells`` of ``rows`` applications, ``sums`` of ``scored`` ones.

    ``pairs`` of the rows of a day equal each other in every column, out of ``possible`` ones; ``repeated`` rows equal
    an earlier one. ``warned`` of the scored ones have a warning.
    """

    cells: Counts
    rows: int = 0
    sums: Sums = field(default_factory=lambda: np.zeros(len(FIGURES)))
    warned: int = 0
    pairs: int = 0
    possible: int = 0
    repeated: int = 0

    @property
    def scored(self) -> int:
        """How many applications have a score."""
        return int(self.sums[0])

    def add(self, other: Counted) -> None:
        """Add the counts of other applications."""
        self.cells += other.cells
        self.sums += other.sums
        for name in ("rows", "warned", "pairs", "possible", "repeated"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Tally:
    """A window of applications: counts by day, ``None`` where the rows have no day."""

    layout: Layout
    days: dict[date | None, Counted] = field(default_factory=dict)
    _day: date | None = None
    _digests: Counter[int] = field(default_factory=Counter)

    def day(self, day: date | None = None) -> Counted:
        """Return the counts of a day, to add to."""
        return self.days.setdefault(day, Counted(np.zeros(self.layout.cells, dtype=np.int64)))

    @property
    def total(self) -> Counted:
        """The counts of all days."""
        total = Counted(np.zeros(self.layout.cells, dtype=np.int64))
        for counted in self.days.values():
            total.add(counted)
        return total

    def add(self, rows: pl.DataFrame, day: date | None = None) -> None:
        """Count the columns of applications, those of one day after those of another.

        Repeated ones are recognised by their digests, which are forgotten with the day. Raises
        :class:`MissingColumnError` where the rows lack a column of the reference.
        """
        counted = self.day(day)
        counted.cells += self.layout.count(rows)
        if day != self._day:
            self._day, self._digests = day, Counter()
        counted.possible += len(rows) * (2 * self._digests.total() + len(rows) - 1) // 2
        counted.rows += len(rows)
        for digest, times in Counter(rows.select(list(self.layout.bins)).hash_rows(seed=0).to_list()).items():
            before = self._digests[digest]
            counted.pairs += times * (2 * before + times - 1) // 2
            counted.repeated += times if before else times - 1
            self._digests[digest] = before + times

    def add_scores(self, probability: Sums, policy: Policy, day: date | None = None, warned: int = 0) -> None:
        """Count the scores of applications, ``warned`` of which have a warning."""
        counted = self.day(day)
        counted.sums += sums(probability, policy)
        counted.warned += warned
