"""An assessment and its rows, as API models and as ledger records."""

from __future__ import annotations

from typing import Any

from home_credit.ledger import records
from home_credit.policy import Costs, Policy
from home_credit.schemas import Assessment, PredictionRequest, Reason, Text

# With this cost of a review nobody is referred.
POLICY = Policy.of(Costs(review=1.0))


def an_assessment(applicant_id: int = 900001, **changes: Any) -> Assessment:
    reason = Reason(
        code="external_scores",
        feature="ext_source_mean",
        value=0.1 + 0.2,
        contribution=-0.30000000000000004,
        text=Text(en="External scores", fr="Scores externes"),
    )
    facts: dict[str, Any] = {
        "SK_ID_CURR": applicant_id,
        "probability_of_default": 0.1,
        "cut_off": POLICY.cut_off,
        "decision": "declined",
        "score": 512,
        "grade": "D",
        "reasons": [reason],
        "model_version": "test-1",
    }
    return Assessment(**{**facts, **changes})


def a_bundle(applicant_id: int = 900001, **columns: Any) -> PredictionRequest:
    return PredictionRequest(
        application={
            "SK_ID_CURR": applicant_id,
            "AMT_CREDIT": 450000.0,
            "EXT_SOURCE_2": 0.1 + 0.2,
            **columns,
        },
        bureau=[{"SK_ID_CURR": applicant_id, "SK_ID_BUREAU": 1, "DAYS_CREDIT": -400}],
    )


def a_decision(
    applicant_id: int = 900001, *, simulation: bool = False, **columns: Any
) -> records.DecisionContent:
    """A decision to record; ``columns`` are of the application."""
    assessment = an_assessment(applicant_id)
    return records.DecisionContent(
        applicant_id=applicant_id,
        bundle=a_bundle(applicant_id, **columns).model_dump(),
        assessment=records.Assessment.model_validate(
            assessment.model_dump(
                include=set(records.Assessment.model_fields),
                exclude={"reasons": {"__all__": {"label", "unit"}}},
            )
        ),
        policy=records.Policy(
            cut_off=assessment.cut_off,
            review_band=(0.085, 0.1),
            costs=records.Costs(false_negative=10.0, false_positive=1.0, review=0.85),
            version="test-1",
        ),
        model_version="test-1",
        definitions_version="1.0.0",
        simulation=simulation,
    )
