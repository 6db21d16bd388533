"""Recorded decisions, listed and read back with their reviews."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from home_credit.policy import DecisionKind
from home_credit.schemas.base import Model
from home_credit.schemas.decisions import Decision
from home_credit.schemas.requests import PredictionRequest

ReviewState = Literal["none", "open", "reviewed"]


class Review(Model):
    """A human review as recorded."""

    decision_id: str
    reviewer: str
    decision: Literal["approved", "declined"]
    reason: str
    recorded_at: datetime


class DecisionRecord(Model):
    """A decision as read back from the ledger, with its rows and its reviews."""

    decision: Decision
    bundle: PredictionRequest
    reviews: list[Review]


class DecisionQuery(Model):
    """Which recorded decisions to list, the newest first; what is left out filters nothing."""

    applicant: int | None = Field(None, ge=-(2**63), le=2**63 - 1, description="SK_ID_CURR")
    since: AwareDatetime | None = Field(None, alias="from", description="recorded at this time or later")
    until: AwareDatetime | None = Field(None, alias="to", description="recorded before this time")
    decision: DecisionKind | None = None
    grade: str | None = Field(None, pattern="^[A-Z]$")
    review: ReviewState | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(
        None, pattern="^[0-9]{1,17}-[0-9]{1,18}$", description="`next` of the page before"
    )

    model_config = ConfigDict(populate_by_name=True)


class DecisionSummary(Model):
    """A recorded decision in a list; ``review`` is "open" for a referral that nobody has reviewed yet."""

    decision_id: str
    SK_ID_CURR: int
    recorded_at: datetime
    decision: DecisionKind
    grade: str
    score: int
    probability_of_default: float
    simulation: bool
    model_version: str
    review: ReviewState


class DecisionList(Model):
    """A page of decisions, the newest first; ``next`` is the cursor of the page after it, if there is one."""

    decisions: list[DecisionSummary]
    next: str | None = None
