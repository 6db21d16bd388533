"""The verdict on a window of applications: what changed against the reference, and whether it matters.

There is an alarm where a change is both beyond chance and large enough to matter. Chance is controlled over all tests
together: where nothing changed, at most :data:`~home_credit.monitoring.causes.FALSE_ALARMS` of the verdicts raise an
alarm, whatever the size of the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from home_credit.errors import EmptyTableError
from home_credit.monitoring import detectors
from home_credit.monitoring.causes import FALSE_ALARMS, advice, causes, material
from home_credit.monitoring.columns import column_tests
from home_credit.monitoring.performance import estimate
from home_credit.monitoring.scores import GRADE_NAMES, GRADE_PLACES
from home_credit.monitoring.segments import segment_tests
from home_credit.monitoring.words import labelled, summarised
from home_credit.schemas.verdicts import DriftedColumn, Share, StoredVerdict
from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from datetime import date, datetime

    import numpy as np
    from numpy.typing import NDArray

    from home_credit.monitoring.detectors import Test
    from home_credit.monitoring.reference import Reference
    from home_credit.monitoring.tally import Counted, Tally
    from home_credit.policy import Policy
    from home_credit.schemas.verdicts import Cause

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All tests of a window, and the changes beyond chance."""

    tests: list[Test]
    causes: list[Cause]

    @property
    def alarm(self) -> bool:
        """Whether a change matters."""
        return any(cause.material for cause in self.causes)


def judge(reference: Reference, tally: Tally) -> Judgement:
    """Compare a window with the reference.

    :raises EmptyTableError: the window has no rows.
    """
    total = tally.total
    if not total.rows:
        raise EmptyTableError(APPLICATION, "the current has no rows")
    tests = detectors.weighted([*_tests(reference, total)])
    return Judgement(tests, causes(tests, tally))


def verdict(
    reference: Reference, tally: Tally, made_at: datetime | None = None, policy: Policy | None = None
) -> StoredVerdict:
    """Return the verdict on a window, as it is stored; with the ``policy`` that decides, the performance to expect."""
    if policy and reference.scores:
        reference = reference.model_copy(update={"scores": reference.scores.under(policy)})
    found, total = judge(reference, tally), tally.total
    columns = _columns(reference, total, found)
    some = sum(cause.material for cause in found.causes)
    days = sorted(day for day in tally.days if day is not None)
    said = advice(found.causes)
    return StoredVerdict(
        made_at=made_at,
        alarm=found.alarm,
        share_drifted=sum(column.status != "none" for column in columns) / max(len(columns), 1),
        reference_rows=reference.rows,
        current_rows=total.rows,
        columns=columns,
        summary=summarised(found.alarm, False, some, len(found.causes) - some),
        advice=said,
        causes=found.causes,
        figures=_figures(reference, total),
        grades=_grades(reference, total),
        performance=estimate(reference.scores, total.sums, policy, found.causes)
        if policy and reference.scores
        else None,
        false_alarms=FALSE_ALARMS,
        tests=len(found.tests),
        window=_window(days),
        source="ledger" if days else "tables",
    )


def _window(days: list[date]) -> tuple[date, date] | None:
    return (days[0], days[-1]) if days else None


def _tests(reference: Reference, total: Counted) -> list[Test]:
    tests = column_tests(reference, total)
    tests += segment_tests(reference, total)
    tests.append(detectors.repeat_test(reference, total))
    if reference.scores and total.scored:
        tests += detectors.decision_tests(reference.scores.array, total.sums)
        tests.append(detectors.warning_test(reference.scores.scored, total))
    return tests


def _columns(reference: Reference, total: Counted, found: Judgement) -> list[DriftedColumn]:
    """Return the columns, those that move decisions or drift most first; a column's faults count as its drift."""
    places = reference.layout.slices()
    mine: dict[str, list[Test]] = {}
    for test in found.tests:
        if test.detector != "segments":
            mine.setdefault(test.subject, []).append(test)
    columns = []
    for column in reference.columns:
        tests = mine[column.name]
        distribution = next(test for test in tests if test.detector == "distribution")
        drifted = [test for test in tests if test.corrected < FALSE_ALARMS]
        major = any(material(test) for test in drifted)
        cell = places[column.name].start + column.bins.missing
        columns.append(
            DriftedColumn(
                column=column.name,
                psi=distribution.size,
                p_value=min(test.corrected for test in tests),
                missing_reference=float(reference.cells[cell] / reference.rows),
                missing_current=float(total.cells[cell] / total.rows),
                status="major" if major else "moderate" if drifted else "none",
                label=labelled(column.name),
                weight=column.weight,
                effect=distribution.effect,
            )
        )
    order = {"major": 0, "moderate": 1, "none": 2}
    columns.sort(key=lambda column: (order[column.status], -abs(column.effect or 0.0), -column.psi))
    return columns


def _figures(reference: Reference, total: Counted) -> list[Share]:
    if not reference.scores or not total.scored:
        return []
    tests = detectors.decision_tests(reference.scores.array, total.sums)
    wanted = ("mean_probability", "approval_rate", "review_rate", "expected_cost")
    return [
        Share(name=test.detector, before=test.before, now=test.now)
        for test in tests
        if test.detector in wanted
    ]


def _grades(reference: Reference, total: Counted) -> list[Share]:
    if not reference.scores or not total.scored:
        return []
    before, now = (sums[GRADE_PLACES] / sums[0] for sums in (reference.scores.array, total.sums))
    return [
        Share(name=name, before=float(p), now=float(q))
        for name, p, q in zip(GRADE_NAMES, before, now, strict=True)
    ]
