"""Examples for the OpenAPI documentation; each can be sent as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.examples import BUNDLE

if TYPE_CHECKING:
    from fastapi.openapi.models import Example

BUNDLES: dict[str, Example] = {"one applicant": {"value": BUNDLE}}
BATCHES: dict[str, Example] = {"one right, one wrong": {"value": {"bundles": [BUNDLE, {"bureau": []}]}}}
SIMULATIONS: dict[str, Example] = {
    "a smaller credit": {"value": {"application": {"AMT_CREDIT": 300000.0, "AMT_ANNUITY": 16500.0}}}
}
