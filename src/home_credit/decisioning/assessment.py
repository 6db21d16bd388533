"""The assembly of an assessment: what a model said of an applicant, decided by the policy and put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit import policy
from home_credit.default_risk import reasons
from home_credit.schemas import Assessment, Reason, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.decisioning.model import Scores
    from home_credit.features.rows import FeatureRows, Numbers
    from home_credit.tables.bundle import ParsedBundle


def assemble(
    bundles: Sequence[ParsedBundle],
    rows: FeatureRows,
    scores: Scores,
    *,
    features: Sequence[str],
    model_version: str,
    by: policy.Policy,
    simulation: bool = False,
) -> list[Assessment]:
    """Return one assessment per bundle, in order.

    ``rows`` and ``scores`` have one row per bundle; ``features`` names the columns of the contributions.
    """
    return [
        Assessment(
            SK_ID_CURR=bundle.applicant_id,
            probability_of_default=probability,
            cut_off=by.cut_off,
            decision=by.decide(probability),
            score=policy.score_points(probability),
            grade=policy.grade(probability),
            reasons=_reasons(rows, row, features, scores.contributions[row]),
            warnings=[*bundle.warnings, *scores.warnings[row]],
            expected_cost=by.expected_cost(probability),
            model_version=model_version,
            policy_version=by.version,
            simulation=simulation,
        )
        for row, (bundle, probability) in enumerate(zip(bundles, scores.probability.tolist(), strict=True))
    ]


def _reasons(rows: FeatureRows, row: int, features: Sequence[str], contributions: Numbers) -> list[Reason]:
    return [
        Reason(
            code=effect.code,
            feature=effect.feature,
            value=rows.value(effect.feature, row),
            contribution=effect.contribution,
            text=_text(effect),
        )
        for effect in reasons.reportable(reasons.effects(features, contributions))
    ]


def _text(effect: reasons.Effect) -> Text:
    code = reasons.reason_codes()[effect.code]
    en, fr = code.against if effect.contribution > 0 else code.favour
    return Text(en=en, fr=fr)
