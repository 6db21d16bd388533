"""Assembles an assessment: the score of an applicant, the decision of the policy, the reasons in words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from home_credit import policy
from home_credit.default_risk import reasons
from home_credit.features.catalogue import CATALOGUE
from home_credit.schemas import Assessment, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.decisioning.model import Scores
    from home_credit.default_risk.reasons import Effect, ValueOf
    from home_credit.features.rows import FeatureRows, Numbers
    from home_credit.tables.bundle import ParsedBundle


def assemble(
    bundles: Sequence[ParsedBundle],
    rows: FeatureRows,
    scores: Scores,
    *,
    features: Sequence[str],
    medians: Mapping[str, float],
    model_version: str,
    by: policy.Policy,
    simulation: bool = False,
    every_reason: bool = False,
) -> list[Assessment]:
    """Return one assessment per bundle, in order.

    ``rows`` and ``scores`` have one row per bundle; ``features`` names the columns of the contributions;
    ``medians`` are those of the training applicants. ``every_reason`` gives all reasons, not just the strongest.
    """
    rates = scores.probability.tolist()
    choose = _every_effect if every_reason else reasons.given
    return [
        # Reasons are dozens: validated all at once, they take a fifth of the time of one model after the other.
        Assessment.model_validate(
            {
                "SK_ID_CURR": bundle.applicant_id,
                "probability_of_default": probability,
                "cut_off": by.cut_off,
                "review_band": by.review_band,
                "decision": by.decide(probability),
                "score": policy.score_points(probability),
                "grade": policy.grade(probability),
                "reasons": _reasons(
                    choose(features, scores.contributions[row]), rows.values_of(row), medians
                ),
                "warnings": [*bundle.warnings, *scores.warnings[row]],
                "expected_cost": by.expected_cost(probability),
                "model_version": model_version,
                "policy_version": by.version,
                "simulation": simulation,
            }
        )
        for row, (bundle, probability) in enumerate(zip(bundles, rates, strict=True))
    ]


@cache
def facts_of(feature: str) -> dict[str, object]:
    """Return the label and the unit of a feature, as a reason states them; nothing for an unknown feature."""
    known = CATALOGUE.get(feature)
    if known is None:
        return {}
    label = Text(en=reasons.label(feature, "en"), fr=reasons.label(feature, "fr"))
    return {"label": label, "unit": known.unit}


def _every_effect(features: Sequence[str], contributions: Numbers) -> list[Effect]:
    return reasons.reportable(reasons.effects(features, contributions))


def _reasons(
    effects: Sequence[Effect], value_of: ValueOf, medians: Mapping[str, float]
) -> list[dict[str, Any]]:
    told = []
    for effect in effects:
        en, fr = reasons.text(effect, value_of, medians)
        told.append(
            {
                "code": effect.code,
                "feature": effect.feature,
                **facts_of(effect.feature),
                "value": value_of(effect.feature),
                "contribution": effect.contribution,
                "text": {"en": en, "fr": fr},
            }
        )
    return told
