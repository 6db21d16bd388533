"""Stores verdicts in the folder of reports: the last one, the ones before, and which alarms somebody acknowledged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from home_credit import whole_file
from home_credit.errors import NoOutcomesError, NoVerdictError, UnavailableError
from home_credit.invalid import first_fault
from home_credit.monitoring.verdict import OUTCOMES, VERDICT, stored_outcomes, stored_verdict
from home_credit.monitoring.words import summarised
from home_credit.schemas.verdicts import TrendPoint

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.schemas.verdicts import Cause, RealisedPerformance, StoredVerdict

ACKNOWLEDGED, EARLIER = "acknowledged.json", "verdicts"
# How many verdicts are kept, and shown as the trend.
KEPT = 120
# An acknowledged change stays quiet while it is within this part of its size.
UNCHANGED = 0.5


class Acknowledgement(BaseModel):
    """A change that somebody knows of: no alarm is raised for it while its size stays about the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detector: str
    subject: str
    before: float
    now: float
    by: str
    note: str
    at: datetime

    def covers(self, cause: Cause) -> bool:
        """Return whether ``cause`` is the acknowledged change, of about the same size and direction."""
        if (cause.detector, cause.subject) != (self.detector, self.subject):
            return False
        size = self.now - self.before
        return abs((cause.now or 0.0) - (cause.before or 0.0) - size) <= UNCHANGED * abs(size)


class Acknowledgements(BaseModel):
    """Every acknowledged change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    changes: tuple[Acknowledgement, ...] = ()

    @classmethod
    def read(cls, reports: Path) -> Acknowledgements:
        """Read those in the folder ``reports``; raises :class:`UnavailableError` where the file is not valid."""
        path = reports / ACKNOWLEDGED
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except ValidationError as error:
            raise UnavailableError(f"{path} is not valid: {first_fault(error, 'the file')}") from error

    def applied(self, verdict: StoredVerdict) -> StoredVerdict:
        """Return the verdict with its acknowledged causes marked; without others there is no alarm."""
        causes = [
            cause.model_copy(update={"acknowledged": any(known.covers(cause) for known in self.changes)})
            for cause in verdict.causes
        ]
        material = [cause for cause in causes if cause.material]
        quiet = bool(material) and all(cause.acknowledged for cause in material)
        alarm = verdict.alarm and not quiet
        summary = summarised(alarm, quiet, len(material), len(causes) - len(material))
        return verdict.model_copy(
            update={"causes": causes, "alarm": alarm, "acknowledged": quiet, "summary": summary}
        )


def acknowledge(reports: Path, by: str, note: str) -> int:
    """Acknowledge the changes of the stored verdict that matter, and return how many there are.

    Raises :class:`NoVerdictError` and :class:`UnavailableError` as :func:`stored_verdict` does.
    """
    verdict, at = stored_verdict(reports), datetime.now(UTC).replace(microsecond=0)
    known = [
        Acknowledgement(
            detector=cause.detector,
            subject=cause.subject,
            before=cause.before or 0.0,
            now=cause.now or 0.0,
            by=by,
            note=note,
            at=at,
        )
        for cause in verdict.causes
        if cause.material
    ]
    changes = Acknowledgements(changes=tuple(known))
    _write(reports / ACKNOWLEDGED, changes)
    _write(reports / VERDICT, changes.applied(verdict))
    return len(known)


def store(verdict: StoredVerdict, reports: Path) -> StoredVerdict:
    """Write the verdict, with acknowledgements and trend, into the folder ``reports``, and return it as written.

    The verdict has the time at which it was made.
    """
    made_at = verdict.made_at or datetime.now(UTC).replace(microsecond=0)
    applied = Acknowledgements.read(reports).applied(verdict.model_copy(update={"made_at": made_at}))
    figures = {figure.name: figure.now for figure in applied.figures}
    point = TrendPoint(
        made_at=made_at,
        alarm=applied.alarm,
        applicants=applied.current_rows,
        mean_probability=figures.get("mean_probability"),
        approval_rate=figures.get("approval_rate"),
        causes=sum(cause.material for cause in applied.causes),
    )
    trend = [*(earlier for earlier in _trend(reports) if earlier.made_at < made_at), point][-KEPT:]
    stored = applied.model_copy(
        update={"trend": trend, "outcomes": _outcomes(reports, applied.model_version)}
    )
    archive = reports / EARLIER
    archive.mkdir(parents=True, exist_ok=True)
    _write(archive / f"{made_at:%Y%m%dT%H%M%SZ}.json", stored)
    for old in sorted(archive.glob("*.json"))[:-KEPT]:
        old.unlink()
    _write(reports / VERDICT, stored)
    return stored


def store_outcomes(found: RealisedPerformance, reports: Path) -> None:
    """Write realised performance into the folder ``reports``, and into the stored verdict where there is one.

    What is simulated is no part of a verdict.
    """
    reports.mkdir(parents=True, exist_ok=True)
    _write(reports / OUTCOMES, found)
    try:
        verdict = stored_verdict(reports)
    except NoVerdictError:
        return
    if verdict.model_version == found.model_version and not found.simulated:
        changed = verdict.model_copy(update={"outcomes": found})
        _write(reports / VERDICT, changed)


def _outcomes(reports: Path, model_version: str | None) -> RealisedPerformance | None:
    try:
        found = stored_outcomes(reports)
    except NoOutcomesError:
        return None
    return found if found.model_version == model_version and not found.simulated else None


def _trend(reports: Path) -> list[TrendPoint]:
    try:
        return stored_verdict(reports).trend
    except (NoVerdictError, UnavailableError):
        return []


def _write(path: Path, content: BaseModel) -> None:
    whole_file.replace(path, f"{content.model_dump_json(indent=1)}\n".encode())
