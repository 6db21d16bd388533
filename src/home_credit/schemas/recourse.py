"""The loans that an applicant would have been approved with."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from home_credit.policy import DecisionKind
from home_credit.schemas.base import Model, Text

Lever = Literal["amount", "up_front", "term"]


class LoanChange(Model):
    """One figure of the loan: the value asked for and the value needed.

    ``field`` is a column of the application, or "term": the months that credit and annuity imply.
    """

    field: str
    unit: Literal["currency", "months"]
    old: float
    new: float


class TotalCost(Model):
    """All payments of a loan, in the currency of the tables: of the loan asked for and of the other one.

    ``change`` is the difference as a share of the former.
    """

    old: float
    new: float
    change: float


class RecourseOption(Model):
    """Another loan, assessed again with every feature recomputed; ``decision`` is its outcome.

    ``cost`` is the size of the change, 0 for the present loan and 1 for no loan. A loan is ``robust`` where a slightly
    smaller amount is approved as well. ``total`` is missing where the term is not known.
    """

    levers: list[Lever]
    changes: list[LoanChange]
    cost: float
    robust: bool
    total: TotalCost | None = None
    probability_of_default: float = Field(ge=0, le=1)
    decision: DecisionKind
    score: int
    grade: str
    text: Text


class Recourse(Model):
    """The loans that the applicant would have been approved with, smallest change first; ``options`` may be empty."""

    SK_ID_CURR: int
    probability_of_default: float = Field(ge=0, le=1)
    decision: DecisionKind
    options: list[RecourseOption]
    loans_tried: int
    text: Text
    assumptions: Text
    model_version: str
