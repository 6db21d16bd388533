"""What compares an applicant with others: the figures, the applicants asked for, and the responses of the API."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from home_credit.schemas import AgeBand, Contract, Grade, IncomeType, Model, Text

# The figures that applicants are compared by: numbers of the catalogue, none of which depends on the term of the loan,
# since it is the model that infers that.
FigureOfApplication = Literal[
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "AMT_GOODS_PRICE",
    "AMT_INCOME_TOTAL",
    "APP_CREDIT_TO_INCOME",
    "APP_ANNUITY_TO_INCOME",
    "APP_CREDIT_TO_GOODS",
    "EXT_SOURCE_1",
    "EXT_SOURCE_2",
    "EXT_SOURCE_3",
    "APP_EXT_MEAN",
    "DAYS_BIRTH",
    "DAYS_EMPLOYED",
    "APP_ENQUIRIES",
]
FigureOfHistories = Literal[
    "BUR_ACTIVE_COUNT",
    "BUR_ACTIVE_DEBT_SUM",
    "MIX_DEBT_TO_INCOME",
    "PREV_COUNT",
    "PREV_REFUSED_SHARE",
    "INS_ALL_LATE_SHARE",
    "INS_ALL_DAYS_LATE_MEAN",
    "MIX_CARD_BALANCE_TO_INCOME",
]
Figure = Literal[FigureOfApplication, FigureOfHistories]


class Segment(Model):
    """The applicants to compare with; what is left out filters nothing.

    ``similar`` leaves the 200 that are nearest to the applicant, of those that the filters leave.
    """

    contract: Contract | None = None
    age_band: AgeBand | None = None
    region: int | None = Field(None, ge=1, le=3, description="REGION_RATING_CLIENT")
    income_type: IncomeType | None = None
    grade: Grade | None = None
    similar: bool = False


class Standing(Model):
    """One figure of an applicant among those of a segment.

    ``value`` is in ``unit``; ``percentile`` is the share of the segment with a lower value and half of those with the
    same one, in per cent, to within one. Both are ``None`` where the value is missing, and the percentile where nobody
    of the segment has one. ``known`` is the number of applicants who have a value. ``quantiles`` are those of their
    values at the ``levels`` of the answer, empty where there are none.
    """

    figure: str
    unit: str
    label: Text
    value: float | None
    percentile: float | None
    known: int
    quantiles: list[float]


class Comparison(Model):
    """Answer of ``GET /applicants/{SK_ID_CURR}/comparison``.

    ``applicants`` is the number in the segment, ``sampled`` whether it is counted in a sample of the applicants.
    ``graded_by`` is the version of the model whose grades filter, ``None`` where grades are not known and so nobody
    has one.
    """

    SK_ID_CURR: int
    segment: Segment
    applicants: int
    sampled: bool
    graded_by: str | None
    levels: list[float]
    figures: list[Standing]


class PointsQuery(Segment):
    """Two figures of a comparison, and the applicants to show."""

    x: Figure
    y: Figure


class Axis(Model):
    """A figure of a scatter: its values in ``unit``, one for each point; ``value`` is that of the applicant."""

    figure: str
    unit: str
    label: Text
    value: float | None
    values: list[float]


class Points(Model):
    """Answer of ``GET /applicants/{SK_ID_CURR}/comparison/points``.

    The two figures of at most 500 of the ``applicants`` of the segment for whom both are known, without their numbers.
    """

    SK_ID_CURR: int
    segment: Segment
    applicants: int
    x: Axis
    y: Axis
