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


def json_body(
    model: type[BaseModel], examples: Mapping[str, Example], *, required: bool = True
) -> dict[str, Any]:
    """Return the OpenAPI entry of a body that a route reads itself, into ``model``."""
    content = {"schema": model.model_json_schema(), "examples": examples}
    return {"requestBody": {"required": required, "content": {"application/json": content}}}
