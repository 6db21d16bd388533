"""The days that are counted of a portfolio, and the response of the API with their counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from home_credit.policy import DecisionKind
from home_credit.schemas import Model

MOST_DAYS, USUAL_DAYS = 1_000, 90


class PortfolioQuery(Model):
    """The days to count, in UTC and both included: at most a thousand, and the last ninety where none are named."""

    since: date | None = Field(None, alias="from", description="first day")
    until: date | None = Field(None, alias="to", description="last day")

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.since and self.until:
            if self.since > self.until:
                raise PydanticCustomError("days", "The first day is after the last one")
            if self.until - self.since >= timedelta(days=MOST_DAYS):
                raise PydanticCustomError(
                    "days", "At most {most} days are counted at once", {"most": MOST_DAYS}
                )
        return self

    def days(self, today: date) -> tuple[date, date]:
        """Return the first and the last day."""
        last = (self.until or today).toordinal()
        first = self.since.toordinal() if self.since else max(last - USUAL_DAYS + 1, 1)
        if self.until is None:
            last = max(first, min(last, first + MOST_DAYS - 1))
        return date.fromordinal(first), date.fromordinal(last)


class DayCount(Model):
    """The decisions of a day with one outcome, grade and kind, and their mean probability of default."""

    day: date
    decision: DecisionKind
    grade: str
    simulation: bool
    decisions: int
    mean_probability: float


class Portfolio(Model):
    """Answer of ``GET /portfolio``: the decisions of each day, the earliest first; a day without any has no count."""

    since: date = Field(alias="from")
    until: date = Field(alias="to")
    counts: list[DayCount]

    model_config = ConfigDict(populate_by_name=True)
