"""Whether a verdict asks for a challenger: where the applicants changed, or on schedule, and never on faulty data.

A challenger that is trained then is registered and saved for shadow scoring. It serves only after the gate compared it
with the champion on applicants that neither saw (:mod:`home_credit.training.promotion`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.errors import UsageError
from home_credit.monitoring.causes import gravest

if TYPE_CHECKING:
    from home_credit.schemas.verdicts import StoredVerdict


def reason(verdict: StoredVerdict | None, *, scheduled: bool) -> str | None:
    """Return why a challenger is to be trained, ``None`` where nothing asks for one.

    Raises :class:`UsageError` where the verdict finds faults in the data that nobody acknowledged: a model would learn
    them.
    """
    open_causes = [
        cause
        for cause in (verdict.causes if verdict else [])
        if not (cause.acknowledged and cause.action == "look_at_source")
    ]
    action = gravest(open_causes)
    if action == "look_at_source":
        faulty = sorted({cause.subject for cause in open_causes if cause.action == action})
        raise UsageError(
            f"the last verdict finds faults in the data ({', '.join(faulty[:5])}); look at their source, then"
            " acknowledge the changes that are meant"
        )
    if action in {"retrain", "recalibrate"}:
        return f"the last verdict says: {action}"
    if verdict and verdict.outcomes and not verdict.outcomes.estimate_holds:
        return "realised default rates differ from the estimated ones"
    return "on schedule" if scheduled else None
