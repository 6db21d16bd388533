"""Checks the texts of reasons against the raw rows, independently of the features.

Conditions on features choose the statements of reason codes. Here each statement is evaluated a second time, in plain
Python on the applicant's raw rows, so that a wrong feature, a wrong condition and a wrong word are all found. The
facts behind a reason are computed a second time for the columns of the application and for the counts, shares,
extremes and sums of the histories that most reasons show.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from home_credit.default_risk.reasons.codes import reason_codes
from home_credit.validation.reason_checks.facts import FACTS
from home_credit.validation.reason_checks.rows import Applicant
from home_credit.validation.reason_checks.statements import STATEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from home_credit.schemas import Reason
    from home_credit.validation.reason_checks.rows import Rows

__all__ = ["STATEMENTS", "can_judge", "false_statements"]


def false_statements(rows: Rows, reasons: Sequence[Reason]) -> Iterator[str]:
    """Yield one line for each reason whose text or value the rows contradict.

    ``rows`` are one applicant's raw rows by table, ``reasons`` those given to the applicant.
    """
    applicant = Applicant(rows)
    for reason in reasons:
        statement = _statement(reason)
        if statement is not None and not STATEMENTS[statement](applicant):
            yield f"{reason.code}: {statement!r} is not true"
        yield from _false_fact(applicant, reason)


def can_judge(reason: Reason) -> bool:
    """Return whether the value of a reason can be computed a second time here."""
    return reason.feature in FACTS


def _statement(reason: Reason) -> str | None:
    """Return the statement that the text begins with, ``None`` where it has only a topic and a value."""
    told = reason.text.en.split(" – ")[0]
    return next((each.en for each in reason_codes()[reason.code].statements if each.en == told), None)


def _false_fact(applicant: Applicant, reason: Reason) -> Iterator[str]:
    compute = FACTS.get(reason.feature)
    if compute is None:
        return
    true = compute(applicant)
    if true is None or reason.value is None or isinstance(true, str):
        same = true == reason.value
    else:
        same = math.isclose(float(true), float(reason.value), rel_tol=1e-6, abs_tol=1e-6)
    if not same:
        yield f"{reason.code}: {reason.feature} is {true!r}, not {reason.value!r}"
