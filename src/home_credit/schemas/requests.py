"""What clients send to be decided on or reviewed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from home_credit.schemas.base import Body, Row, Rows


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
    """The decision of a human reviewer, with the reason for it."""

    reviewer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    decision: Literal["approved", "declined"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000)]
