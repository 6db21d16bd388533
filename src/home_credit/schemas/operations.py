"""Health of the API, and the facts of the model."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from home_credit.schemas.base import Model


class Health(Model):
    """Answer of ``GET /health``."""

    status: Literal["healthy", "unhealthy"]
    model_loaded: bool
    version: str


class PolicyCosts(Model):
    """Costs of wrong decisions and of a review, in one unit of money, and the error rate of reviews."""

    false_negative: float
    false_positive: float
    review: float
    reviewer_error_rate: float


class ModelFacts(Model):
    """Answer of ``GET /model``: the model, and the policy that decides on its probabilities."""

    model_version: str
    trained_at: datetime
    features: int
    cut_off: float
    review_band: tuple[float, float] | None
    costs: PolicyCosts | None = None
    policy_version: str | None = None
    metrics: dict[str, float]
    training_data: dict[str, object]


class AccessMode(Model):
    """Who the API answers: holders of a key, everybody in a demo, or its own machine alone; part of ``GET /status``."""

    model_config = ConfigDict(extra="ignore")

    access: Literal["keys", "demo", "loopback"]
