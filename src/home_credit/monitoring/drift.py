"""Drift of columns between two sets of applications, and the alarm.

A column drifts when its change is both larger than chance (a p-value under :data:`LEVEL` divided by the number of
columns, as Bonferroni's correction) and large enough to matter (PSI from :data:`MODERATE` on; from :data:`MAJOR` on
it is major). There is an alarm when a column's drift is major or more than :data:`ALARM_SHARE` of the columns drift.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from home_credit.errors import EmptyTableError, MissingColumnError
from home_credit.monitoring.stability import stability
from home_credit.tables.schema import APPLICATION, ID, TARGET

if TYPE_CHECKING:
    from home_credit.monitoring.stability import Stability

Status = Literal["none", "moderate", "major"]

MODERATE, MAJOR = 0.10, 0.25
LEVEL = 0.01
ALARM_SHARE = 0.20


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column's change; ``missing_*`` are shares of rows."""

    column: str
    psi: float
    p_value: float
    missing_reference: float
    missing_current: float
    status: Status


@dataclass(frozen=True, slots=True)
class DriftVerdict:
    """Every column's change, the largest first."""

    columns: list[ColumnDrift]
    share_drifted: float
    alarm: bool
    reference_rows: int
    current_rows: int

    @property
    def summary(self) -> str:
        """One line of text."""
        found = Counter(column.status for column in self.columns)
        return (
            f"{'Drift alarm' if self.alarm else 'No drift alarm'}: of {len(self.columns)} columns "
            f"{found['major']} drift strongly and {found['moderate']} moderately, "
            f"{self.reference_rows:,} reference rows against {self.current_rows:,}"
        )

    def document(self) -> dict[str, object]:
        """Return the verdict as plain JSON values."""
        return asdict(self)

    def table(self) -> pl.DataFrame:
        """Return one row per column."""
        return pl.DataFrame([asdict(column) for column in self.columns])


def drift(reference: pl.DataFrame, current: pl.DataFrame) -> DriftVerdict:
    """Compare every column of the reference with the current rows; ids and the target are left out.

    :raises EmptyTableError: one side has no rows.
    :raises MissingColumnError: the current rows lack a column of the reference.
    """
    for side, rows in (("reference", reference), ("current", current)):
        if rows.is_empty():
            raise EmptyTableError(APPLICATION, f"the {side} has no rows")
    names = [name for name in reference.columns if name not in {ID, TARGET}]
    if absent := next((name for name in names if name not in current.columns), None):
        raise MissingColumnError(APPLICATION, "the current rows lack it", column=absent)

    columns = [_column_drift(reference[name], current[name], LEVEL / len(names)) for name in names]
    drifted = sum(column.status != "none" for column in columns) / len(columns)
    return DriftVerdict(
        columns=sorted(columns, key=lambda column: column.psi, reverse=True),
        share_drifted=drifted,
        alarm=drifted > ALARM_SHARE or any(column.status == "major" for column in columns),
        reference_rows=len(reference),
        current_rows=len(current),
    )


def _column_drift(reference: pl.Series, current: pl.Series, level: float) -> ColumnDrift:
    found = stability(reference, current)
    return ColumnDrift(
        column=reference.name,
        psi=found.psi,
        p_value=found.p_value,
        missing_reference=reference.null_count() / len(reference),
        missing_current=current.null_count() / len(current),
        status=_status(found, level),
    )


def _status(found: Stability, level: float) -> Status:
    if found.p_value >= level or found.psi < MODERATE:
        return "none"
    return "major" if found.psi >= MAJOR else "moderate"
