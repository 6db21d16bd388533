"""Examples for the OpenAPI documentation; each can be sent as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from home_credit.examples import BUNDLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi.openapi.models import Example
    from pydantic import BaseModel

BUNDLES: dict[str, Example] = {"one applicant": {"value": BUNDLE}}
BATCHES: dict[str, Example] = {"one right, one wrong": {"value": {"bundles": [BUNDLE, {"bureau": []}]}}}
SIMULATIONS: dict[str, Example] = {
    "a smaller credit": {"value": {"application": {"AMT_CREDIT": 300000.0, "AMT_ANNUITY": 16500.0}}}
}

# An answer, with the first and the last of its reasons.
DECISION: dict[str, Any] = {
    "SK_ID_CURR": 900001,
    "probability_of_default": 0.06344631867183974,
    "cut_off": 0.09090909090909091,
    "review_band": [0.0731707317073171, 0.14285714285714288],
    "decision": "approved",
    "score": 580,
    "grade": "D",
    "reasons": [
        {
            "code": "EMPLOYER_SECTOR",
            "feature": "ORGANIZATION_TYPE",
            "label": {"en": "sector", "fr": "secteur"},
            "unit": "category",
            "value": "School",
            "contribution": 0.09130154031965183,
            "text": {
                "en": "Sector of the employer: “School”",
                "fr": "Secteur de l’employeur\xa0: «\xa0School\xa0»",
            },
        },
        {
            "code": "EXTERNAL_SCORE",
            "feature": "APP_EXT_PRODUCT",
            "label": {
                "en": "product of the three external scores",
                "fr": "produit des trois scores externes",
            },
            "unit": "normalised",
            "value": 0.108336,
            "contribution": -0.1530910147673067,
            "text": {
                "en": "External credit scores – product of the three external scores: 0.11, median of "
                "applicants 0.12",
                "fr": "Scores de crédit externes – produit des trois scores externes\xa0: 0,11, "
                "médiane des demandeurs 0,12",
            },
        },
    ],
    "warnings": [],
    "expected_cost": 0.6344631867183974,
    "model_version": "184b8f19403d",
    "policy_version": "83704abae2bd",
    "simulation": False,
    "scale": {
        "base_points": 600.0,
        "base_odds": 30.0,
        "points_to_double_odds": 20.0,
        "grades": {"A": 0.02, "B": 0.035, "C": 0.055, "D": 0.085, "E": 0.13, "F": 0.2, "G": 1.0},
    },
    "decision_id": "0b6f3f4e-5d3c-4c55-9d43-2f6f0f4f2a11",
    "recorded_at": "2026-11-26T13:07:42.014093Z",
}


def json_body(
    model: type[BaseModel], examples: Mapping[str, Example], *, required: bool = True
) -> dict[str, Any]:
    """Return the OpenAPI entry of a body that a route reads itself, into ``model``."""
    content = {"schema": model.model_json_schema(), "examples": examples}
    return {"requestBody": {"required": required, "content": {"application/json": content}}}
