"""Known applicants, listed and searched."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from home_credit.schemas.base import Model
from home_credit.schemas.requests import PredictionRequest

AgeBand = Literal["under 30", "30-39", "40-49", "50-59", "60 and over"]
Contract = Literal["Cash loans", "Revolving loans"]
Grade = Literal["A", "B", "C", "D", "E", "F", "G"]
IncomeType = Literal[
    "Businessman",
    "Commercial associate",
    "Maternity leave",
    "Pensioner",
    "State servant",
    "Student",
    "Unemployed",
    "Working",
]


class Applicant(Model):
    """The rows that the platform holds of one applicant."""

    SK_ID_CURR: int
    bundle: PredictionRequest


class ApplicantQuery(Model):
    """Which known applicants to list; what is left out filters nothing."""

    after: int = Field(0, ge=0, le=2**63 - 1, description="only SK_ID_CURR above this")
    limit: int = Field(50, ge=1, le=1000)
    id_prefix: str = Field("", pattern="^[0-9]{0,19}$", description="first digits of SK_ID_CURR")
    age_band: AgeBand | None = None
    contract: Contract | None = None
    region: int | None = Field(None, ge=1, le=3, description="REGION_RATING_CLIENT")

    @property
    def filtered(self) -> bool:
        """Whether not every known applicant matches."""
        return bool(self.id_prefix) or any(
            value is not None for value in (self.age_band, self.contract, self.region)
        )


class ApplicantList(Model):
    """Some known applicants, lowest SK_ID_CURR first.

    ``total`` is how many match; where not all do, counting stops at 10,000.
    """

    applicants: list[int]
    total: int
