"""Records of assessments, as the models of the ledger hold them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from home_credit.ledger import records

if TYPE_CHECKING:
    from home_credit.policy import Policy
    from home_credit.schemas import Assessment, PredictionRequest


def content(assessment: Assessment, request: PredictionRequest, policy: Policy) -> records.DecisionContent:
    """Return the record of an assessment that ``policy`` made from the rows in ``request``."""
    said = assessment.model_dump(
        include=set(records.Assessment.model_fields), exclude={"reasons": {"__all__": {"label", "unit"}}}
    )
    return records.DecisionContent(
        applicant_id=assessment.SK_ID_CURR,
        bundle=dict(request),
        assessment=records.Assessment(**said),
        policy=records.Policy(
            cut_off=policy.cut_off,
            review_band=policy.review_band,
            costs=records.Costs(**asdict(policy.costs)) if policy.costs else None,
            version=policy.version,
        ),
        model_version=assessment.model_version,
        simulation=assessment.simulation,
    )
