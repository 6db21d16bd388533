"""Recorded decisions, listed and read back with their reviews."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from home_credit.policy import DecisionKind
from home_credit.schemas.base import Model
from home_credit.schemas.decisions import Decision
from home_credit.schemas.requests import PredictionRequest, ReasonCode, ReviewedAs

# "open" is a referral without a review, "second" a decision that awaits a second reader.
ReviewState = Literal["none", "open", "second", "reviewed"]


class Review(Model):
    """A human review as recorded.

    ``reviewer`` is the holder of the key, or the person that ``forwarded_by``, the key of a dashboard, signed in. An
    ``override`` decides otherwise than the policy did. ``state`` is the one that the review left: "second" where a
    second, different reviewer has to confirm it, which the last review does or does not.
    """

    decision_id: str
    reviewer: str
    forwarded_by: str | None = None
    decision: ReviewedAs
    reason_code: ReasonCode = "other"
    reason: str
    override: bool
    state: ReviewState
    recorded_at: datetime


class DecisionRecord(Model):
    """A decision as read back from the ledger, with its rows and its reviews; ``review`` is their state."""

    decision: Decision
    bundle: PredictionRequest
    reviews: list[Review]
    review: ReviewState


class DecisionQuery(Model):
    """Which recorded decisions to list; what is left out filters nothing."""

    applicant: int | None = Field(None, ge=-(2**63), le=2**63 - 1, description="SK_ID_CURR")
    since: AwareDatetime | None = Field(None, alias="from", description="recorded at this time or later")
    until: AwareDatetime | None = Field(None, alias="to", description="recorded before this time")
    decision: DecisionKind | None = None
    grade: str | None = Field(None, pattern="^[A-Z]$")
    review: ReviewState | None = None
    order: Literal["newest", "oldest"] = Field("newest", description="which come first")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(
        None, pattern="^[0-9]{1,17}-[0-9]{1,18}$", description="`next` of the page before"
    )

    model_config = ConfigDict(populate_by_name=True)


class DecisionSummary(Model):
    """A recorded decision in a list.

    ``review`` is "open" for a referral that nobody has reviewed yet, and "second" where a second reader is awaited.
    ``decided_at`` is given for a decision of the simulated history of a demo.
    """

    decision_id: str
    SK_ID_CURR: int
    recorded_at: datetime
    decided_at: datetime | None = None
    decision: DecisionKind
    grade: str
    score: int
    probability_of_default: float
    simulation: bool
    model_version: str
    review: ReviewState


class DecisionList(Model):
    """A page of decisions in the order of the query; ``next`` is the cursor of the page after it, if there is one."""

    decisions: list[DecisionSummary]
    next: str | None = None


class ReviewCount(Model):
    """The reviews of a day of decisions with one outcome of the policy, by what they decided and by their reason."""

    day: date
    decision: DecisionKind
    reviewed_as: ReviewedAs
    reason_code: ReasonCode
    reviews: int


class ReviewStatistics(Model):
    """Answer of ``GET /reviews/statistics``: the reviews of some days, the earliest first.

    ``overrides`` are those that decided otherwise than the policy, ``reviewers`` is the number of different ones.
    ``open`` and ``second`` are the decisions that await a review, or a second reader, now; ``simulated`` says that the
    history of a demo, whose decisions and reviews are simulated, is among them.
    """

    since: date = Field(alias="from")
    until: date = Field(alias="to")
    reviews: int
    overrides: int
    reviewers: int
    open: int
    second: int
    simulated: bool = False
    counts: list[ReviewCount]

    model_config = ConfigDict(populate_by_name=True)
