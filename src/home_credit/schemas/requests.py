"""What clients send to be decided on or reviewed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from home_credit.schemas.base import Body, Row, Rows

ReviewedAs = Literal["approved", "declined"]
# The kinds of reasons that overrides are counted by.
ReasonCode = Literal[
    "additional_income",
    "guarantor_or_collateral",
    "affordability",
    "data_error",
    "missing_documents",
    "suspected_fraud",
    "policy_exception",
    "other",
]


class PredictionRequest(Body):
    """One applicant's raw rows, in the original column names; every history may be left out."""

    application: Row
    bureau: Rows = Field(default_factory=list)
    bureau_balance: Rows = Field(default_factory=list)
    previous_application: Rows = Field(default_factory=list)
    POS_CASH_balance: Rows = Field(default_factory=list)
    installments_payments: Rows = Field(default_factory=list)
    credit_card_balance: Rows = Field(default_factory=list)


class BatchRequest(Body):
    """Several applicants, each a :class:`PredictionRequest` validated by itself."""

    bundles: list[object] = Field(min_length=1, max_length=1000)


class SimulationRequest(Body):
    """Columns of the application to replace before deciding; the decision is marked as a simulation."""

    application: Row = Field(default_factory=dict)


class ReviewRequest(Body):
    """The decision of a human reviewer, with the reason for it: its kind, and what it is in words.

    The reviewer is who sends the request, by the API key or by the header ``X-Reviewer``, and not a part of the body.
    """

    decision: ReviewedAs
    reason_code: ReasonCode = "other"
    reviewer: str | None = Field(
        None, max_length=200, deprecated=True, description="not recorded; clients of version 1.0 sent it"
    )
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000)]
