"""From tests to causes: which changes are beyond chance, which of them matter, since when, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.monitoring.words import ADVICE, described, labelled
from home_credit.schemas.verdicts import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from home_credit.monitoring.detectors import Test
    from home_credit.monitoring.tally import Counted, Tally
    from home_credit.schemas import Text
    from home_credit.schemas.verdicts import Action

# The rate of verdicts with an alarm where nothing changed.
FALSE_ALARMS = 0.01
# The least change that matters: relative for means, points of share for decisions, the share that moved for segments,
# PSI for distributions (0.05 is a Jensen-Shannon distance of 0.1), and Cohen's h for other shares (0.1: none before and
# 0.25 % now, 1 % and 2.2 %, 50 % and 55 %).
LIMITS = {
    "mean_probability": 0.05, "expected_cost": 0.03, "approval_rate": 0.015, "review_rate": 0.015,
    "grades": 0.02, "scores": 0.02, "distribution": 0.05, "segments": 0.02, "missing": 0.1,
    "unseen": 0.1, "low": 0.1, "high": 0.1, "repeated": 0.1, "warnings": 0.1,
}  # fmt: skip
# The least move of the mean log-odds that makes the change of a column's distribution matter, whatever its PSI.
EFFECT = 0.02
# The least move of a column's mean, in standard deviations, that makes it matter: the usual limit of balance.
SHIFT = 0.1
ACTIONS: dict[str, Action] = {
    "missing": "look_at_source", "unseen": "look_at_source", "low": "look_at_source", "high": "look_at_source",
    "repeated": "look_at_source", "warnings": "look_at_source", "distribution": "retrain",
    "segments": "retrain", "mean_probability": "recalibrate", "expected_cost": "recalibrate",
    "approval_rate": "recalibrate", "review_rate": "recalibrate", "grades": "recalibrate",
    "scores": "recalibrate",
}  # fmt: skip
GRAVITY: tuple[Action, ...] = ("look_at_source", "retrain", "recalibrate", "none")


def material(test: Test) -> bool:
    """Return whether a change beyond chance may be large enough to matter: whether its interval reaches the limit."""
    if test.size + test.margin >= LIMITS[test.detector]:
        return True
    if test.detector != "distribution":
        return False
    effect, shift = abs(test.effect or 0.0), abs(test.shift or 0.0)
    return effect + test.effect_margin >= EFFECT or shift + test.shift_margin >= SHIFT


def causes(tests: Iterable[Test], tally: Tally) -> list[Cause]:
    """Return the changes beyond chance, the material ones first, those that move decisions most first."""
    found = [
        Cause(
            detector=test.detector,
            subject=test.subject,
            label=labelled(test.subject),
            text=described(test),
            before=test.before,
            now=test.now,
            p_value=test.corrected,
            weight=test.weight,
            effect=test.effect,
            since=since(test, tally.days),
            action=ACTIONS[test.detector] if material(test) else "none",
            material=material(test),
        )
        for test in tests
        if test.corrected < FALSE_ALARMS
    ]
    return sorted(
        found,
        key=lambda cause: (
            not cause.material,
            GRAVITY.index(cause.action),
            -abs(cause.effect or 0.0),
            -abs((cause.now or 0.0) - (cause.before or 0.0)),
        ),
    )


def gravest(found: Iterable[Cause]) -> Action:
    """Return the action to take first."""
    return min((cause.action for cause in found if cause.material), key=GRAVITY.index, default="none")


def advice(found: Iterable[Cause]) -> Text:
    """Return what to do, in both languages."""
    return ADVICE[gravest(found)]


def since(test: Test, days: dict[date | None, Counted]) -> date | None:
    """Return the day at which the figure of the test most likely changed; ``None`` where rows have no days.

    It is the day d that maximises N (mean from d on - mean before)², weighted with the sizes of both sides, the usual
    estimate of one change point; the first day where the whole window differs from the reference alike.
    """
    known = sorted(day for day in days if day is not None)
    if test.signal is None or not known:
        return None
    sums = np.array([test.signal(days[day]) for day in known])
    sizes = np.array([days[day].scored if test.of_scored else days[day].rows for day in known], dtype=float)
    if (sizes > 0).sum() < 2:
        return known[0]
    total, rows = sums.sum(), sizes.sum()
    after, after_rows = np.cumsum(sums[::-1])[::-1], np.cumsum(sizes[::-1])[::-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        before_mean = (total - after) / (rows - after_rows)
        change = after / after_rows - before_mean
        gain = np.nan_to_num(change**2 * after_rows * (rows - after_rows) / rows)
    best = int(np.argmax(gain))
    # The spread of daily means around two levels: a change that is not larger than this was there all along.
    spread = _noise(sums, sizes, best)
    return known[best] if gain[best] > 9.0 * spread else known[0]


def _noise(sums: np.ndarray, sizes: np.ndarray, best: int) -> float:
    """Return the variance of one application's figure, from the daily means on each side of the day ``best``."""
    left = 0.0
    freedom = 0
    for part in (slice(0, best), slice(best, None)):
        counted = sizes[part] > 0
        size, total = sizes[part][counted], sums[part][counted]
        if size.size:
            mean = total.sum() / size.sum()
            left += float((size * (total / size - mean) ** 2).sum())
            freedom += size.size - 1
    return left / freedom if freedom else 0.0
