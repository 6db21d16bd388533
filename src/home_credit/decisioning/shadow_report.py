"""What a challenger in shadow would have changed, from stored scores."""

from __future__ import annotations

from collections import defaultdict
from itertools import starmap
from typing import TYPE_CHECKING

import numpy as np

from home_credit.schemas.shadow import DecisionChange, GradeShift, ShadowReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.features.rows import Numbers
    from home_credit.ledger.shadow_scores import Judgement, ShadowScores

    Judged = tuple[Judgement, Judgement]

BINS = 10


def report(found: ShadowScores) -> ShadowReport:
    """Return the report on at least one score."""
    pairs = [(champion, challenger) for _, champion, challenger in found.scores]
    ours = np.array([champion.probability for champion, _ in pairs])
    theirs = np.array([challenger.probability for _, challenger in pairs])
    difference = theirs - ours
    return ShadowReport.model_validate(
        {
            "champion": found.pair.champion,
            "challenger": found.pair.challenger,
            "first": found.scores[-1][0],
            "last": found.scores[0][0],
            "decisions": len(pairs),
            "not_scored": max(0, found.decided - len(pairs)),
            "agreement": sum(a.decision == b.decision for a, b in pairs) / len(pairs),
            "mean_probability": ours.mean(),
            "challenger_mean_probability": theirs.mean(),
            "mean_difference": difference.mean(),
            "mean_difference_standard_error": difference.std() / np.sqrt(len(pairs)),
            "psi": stability_index(ours, theirs),
            "correlation": _correlation(_log_odds(ours), _log_odds(theirs)),
            "changes": _changes(pairs),
            "grades": _grades(pairs),
        }
    )


def stability_index(expected: Numbers, actual: Numbers) -> float:
    """Return Σ (q - p) ln(q / p), where p and q are the shares of both samples in the tenths of ``expected``.

    An empty bin counts as half a value, so that the index is finite (B. Yurdakul, "Statistical properties of the
    population stability index", 2018).
    """
    bounds = np.unique(np.quantile(expected, np.arange(1, BINS) / BINS))
    p, q = (
        np.maximum(np.bincount(np.searchsorted(bounds, values), minlength=len(bounds) + 1), 0.5) / len(values)
        for values in (expected, actual)
    )
    return float(((q - p) * np.log(q / p)).sum())


def _log_odds(probability: Numbers) -> Numbers:
    return np.log(probability) - np.log1p(-probability)


def _correlation(one: Numbers, other: Numbers) -> float | None:
    if min(np.ptp(one), np.ptp(other)) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _means(pairs: Sequence[Judged]) -> dict[str, float]:
    return {
        "mean_probability": sum(champion.probability for champion, _ in pairs) / len(pairs),
        "challenger_mean_probability": sum(challenger.probability for _, challenger in pairs) / len(pairs),
    }


def _changes(pairs: Sequence[Judged]) -> list[DecisionChange]:
    """Return the changes, the most frequent first."""
    changed: defaultdict[tuple[str, str], list[Judged]] = defaultdict(list)
    for champion, challenger in pairs:
        if champion.decision != challenger.decision:
            changed[champion.decision, challenger.decision].append((champion, challenger))

    def change(of: tuple[str, str], found: Sequence[Judged]) -> DecisionChange:
        return DecisionChange.model_validate(
            {
                "decision": of[0],
                "challenger_decision": of[1],
                "decisions": len(found),
                **_means(found),
            }
        )

    return sorted(starmap(change, changed.items()), key=lambda each: -each.decisions)


def _grades(pairs: Sequence[Judged]) -> list[GradeShift]:
    """Return the champion's grades, in alphabetical order."""
    graded: defaultdict[str, list[Judged]] = defaultdict(list)
    for champion, challenger in pairs:
        graded[champion.grade].append((champion, challenger))
    return [
        GradeShift(
            grade=grade,
            decisions=len(found),
            same_decision=sum(a.decision == b.decision for a, b in found),
            same_grade=sum(a.grade == b.grade for a, b in found),
            **_means(found),
        )
        for grade, found in sorted(graded.items())
    ]
