"""Assembles an assessment: the score of an applicant, the decision of the policy, the reasons in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit import policy
from home_credit.default_risk import reasons
from home_credit.schemas import Assessment, Reason, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.decisioning.model import Scores
    from home_credit.features.rows import FeatureRows, Numbers, Value
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
) -> list[Assessment]:
    """Return one assessment per bundle, in order.

    ``rows`` and ``scores`` have one row per bundle; ``features`` names the columns of the contributions;
    ``medians`` are those of the training applicants.
    """
    return [
        Assessment(
            SK_ID_CURR=bundle.applicant_id,
            probability_of_default=probability,
            cut_off=by.cut_off,
            decision=by.decide(probability),
            score=policy.score_points(probability),
            grade=policy.grade(probability),
            reasons=_reasons(rows, row, features, scores.contributions[row], medians),
            warnings=[*bundle.warnings, *scores.warnings[row]],
            expected_cost=by.expected_cost(probability),
            model_version=model_version,
            policy_version=by.version,
            simulation=simulation,
        )
        for row, (bundle, probability) in enumerate(zip(bundles, scores.probability.tolist(), strict=True))
    ]


def _reasons(
    rows: FeatureRows, row: int, features: Sequence[str], contributions: Numbers, medians: Mapping[str, float]
) -> list[Reason]:
    def value_of(feature: str) -> Value:
        return rows.value(feature, row)

    return [
        Reason(
            code=effect.code,
            feature=effect.feature,
            value=value_of(effect.feature),
            contribution=effect.contribution,
            text=Text(
                en=reasons.text(effect, value_of, medians, "en"),
                fr=reasons.text(effect, value_of, medians, "fr"),
            ),
        )
        for effect in reasons.reportable(reasons.effects(features, contributions))
    ]
