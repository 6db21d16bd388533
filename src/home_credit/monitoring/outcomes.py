"""Outcomes that arrive: realised performance of what was decided, by month of decision and by grade.

A file of outcomes names decisions (``decision_id``) or applicants (``SK_ID_CURR``, whose last decision counts), and has
TARGET: 1 for a default, 0 for a loan that was paid as agreed, empty while it is not known. Loans of recent months are
not all known: a vintage is mature once :data:`MATURE` of its decided loans are. Only loans that were granted have an
outcome, so what is realised is that of approved and reviewed applicants, and so is the estimate beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.errors import MissingColumnError, MissingTableError, TableError, WrongTypeError
from home_credit.monitoring.stability import Z
from home_credit.schemas.model_reports import GradeRate
from home_credit.schemas.verdicts import Interval, RealisedPerformance, Vintage
from home_credit.tables.schema import ID, TARGET
from home_credit.validation.auc import influence, interval
from home_credit.validation.costs import losses_with_reviews
from home_credit.validation.grades import by_grade
from home_credit.validation.proportions import jeffreys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from home_credit.ledger.records import DecisionEntry
    from home_credit.policy import Policy

DECISION = "decision_id"
MATURE = 0.8
FILE = "outcomes"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Known outcomes by decision or by applicant: 1 for a default, 0 for a good loan."""

    key: str
    known: dict[str | int, int]

    def of(self, entry: DecisionEntry) -> int | None:
        """Return the outcome of a decision, ``None`` where it is not known."""
        return self.known.get(entry.decision_id if self.key == DECISION else entry.applicant_id)


def read(path: Path) -> Outcomes:
    """Read a file of outcomes, CSV or Parquet by its ending.

    Raises :class:`TableError` where it cannot be read, lacks a column, or holds another value.
    """
    if not path.is_file():
        raise MissingTableError(FILE, f"no file {path}")
    try:
        rows = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableError(FILE, f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    key = DECISION if DECISION in rows.columns else ID
    for name in (key, TARGET):
        if name not in rows.columns:
            raise MissingColumnError(FILE, f"{path} has none", column=name)
    if wrong := next(_wrong(rows[TARGET]), None):
        raise WrongTypeError(FILE, f"{wrong[1]} is neither 0 nor 1 nor empty", column=TARGET, row=wrong[0])
    if key == ID and not rows[ID].dtype.is_integer():
        raise WrongTypeError(FILE, "an id is not a whole number", column=ID)
    known = rows.filter(pl.col(TARGET).is_not_null())
    return Outcomes(key, dict(zip(known[key].to_list(), known[TARGET].cast(pl.Int64).to_list(), strict=True)))


def _wrong(target: pl.Series) -> Iterator[tuple[int, object]]:
    for row, value in enumerate(target.to_list(), start=1):
        if value is not None and value not in {0, 1}:
            yield row, value


@dataclass(slots=True)
class _Decided:
    """What is needed of a decision."""

    month: str
    probability: float
    outcome: int | None


def realised(
    outcomes: Outcomes, entries: Iterable[DecisionEntry], policy: Policy, model_version: str
) -> RealisedPerformance | None:
    """Return the realised performance of the model's decisions, ``None`` where no outcome of them is known.

    Declined applicants have no outcome and are left out; costs are those of ``policy``.
    """
    decided: dict[str | int, _Decided] = {}
    for entry in entries:
        if entry.model_version == model_version and entry.assessment.decision != "declined":
            key = entry.decision_id if outcomes.key == DECISION else entry.applicant_id
            said = entry.assessment.probability_of_default
            decided[key] = _Decided(f"{entry.recorded_at:%Y-%m}", said, outcomes.of(entry))
    known = [each for each in decided.values() if each.outcome is not None]
    if not known:
        return None
    probability = np.array([each.probability for each in known])
    target = np.array([each.outcome for each in known], dtype=np.int64)
    rate, mean = float(target.mean()), float(probability.mean())
    noise = float(np.sqrt((probability * (1 - probability)).sum())) / len(known)
    low, high = jeffreys(int(target.sum()), len(known))
    return RealisedPerformance(
        model_version=model_version,
        decided=len(decided),
        known=len(known),
        auc=_auc(target, probability),
        default_rate=Interval(value=rate, low=low, high=high),
        estimated_rate=mean,
        estimate_error=mean - rate,
        estimate_holds=abs(mean - rate) <= Z * noise,
        cost=_cost(target, probability, policy),
        grades=[GradeRate.model_validate(grade) for grade in by_grade(probability, target)],
        vintages=_vintages(decided.values()),
    )


def _auc(target: NDArray[np.int64], probability: NDArray[np.float64]) -> Interval | None:
    if not 1 < target.sum() < len(target) - 1:
        return None
    low, high = interval(target, probability)
    return Interval(value=influence(target, probability)[0], low=max(low, 0.0), high=min(high, 1.0))


def _cost(target: NDArray[np.int64], probability: NDArray[np.float64], policy: Policy) -> Interval | None:
    if policy.costs is None:
        return None
    lost = losses_with_reviews(target, probability, policy, policy.costs)
    half = Z * float(lost.std()) / len(lost) ** 0.5
    return Interval(value=float(lost.mean()), low=float(lost.mean()) - half, high=float(lost.mean()) + half)


def _vintages(decided: Iterable[_Decided]) -> list[Vintage]:
    months: dict[str, list[_Decided]] = {}
    for each in decided:
        months.setdefault(each.month, []).append(each)
    return [_vintage(month, months[month]) for month in sorted(months)]


def _vintage(month: str, mine: list[_Decided]) -> Vintage:
    known = [each for each in mine if each.outcome is not None]
    defaults = sum(each.outcome or 0 for each in known)
    low, high = jeffreys(defaults, len(known)) if known else (0.0, 1.0)
    return Vintage(
        month=month,
        decided=len(mine),
        known=len(known),
        mature=len(known) >= MATURE * len(mine),
        defaults=defaults,
        estimated_rate=sum(each.probability for each in known) / len(known) if known else None,
        realised_rate=Interval(value=defaults / len(known), low=low, high=high) if known else None,
    )
