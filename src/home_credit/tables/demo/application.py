"""Applications as the chain of variables that they are drawn from, and back.

Amounts are taken apart into what the lender decides on: the goods price, what insurance adds to it
(``RATIO``) and the tariff (``RATE``, instalment per unit of credit). The mode and median of a building's
measure are kept as departures from its average, the passport's age as the time since the last birthday at
which one is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit.tables.demo.chain import frame_of
from home_credit.tables.schema import APPLICATION, table

if TYPE_CHECKING:
    from home_credit.tables.demo.chain import Chain, Context

SENTINEL_DAYS = 365243
CENT = 4.5  # amounts are in this unit, the rate at which the tables were once converted
PASSPORT_YEARS = (20, 45)
PASSPORT_HORIZON = 6000  # days; no passport is older by much

# Factors between the average of a measure and its mode and median, each scaled by its own maximum in the
# real tables; the years of building are scaled from one downwards.
BUILDING: dict[str, tuple[float, float]] = {
    "APARTMENTS": (1.0189, 1.0097),
    "BASEMENTAREA": (1.0377, 1.0),
    "YEARS_BEGINEXPLUATATION": (1.0, 1.0),
    "YEARS_BUILD": (0.9608, 0.9866),
    "COMMONAREA": (1.0091, 1.0063),
    "ELEVATORS": (1.007, 1.0),
    "ENTRANCES": (1.0, 1.0),
    "FLOORSMAX": (1.0, 1.0),
    "FLOORSMIN": (1.0, 1.0),
    "LANDAREA": (1.0228, 1.0174),
    "LIVINGAPARTMENTS": (1.0926, 1.0174),
    "LIVINGAREA": (1.0419, 1.018),
    "NONLIVINGAPARTMENTS": (1.0076, 1.0055),
    "NONLIVINGAREA": (1.0587, 1.021),
}
_FROM_ONE = ("YEARS_BUILD",)

LEVELS = (
    "NAME_CONTRACT_TYPE", "CODE_GENDER", "NAME_INCOME_TYPE", "NAME_EDUCATION_TYPE", "NAME_FAMILY_STATUS",
    "CNT_CHILDREN", "ADULTS", "NAME_HOUSING_TYPE", "REGION_POPULATION_RELATIVE", "REGION_RATING_CLIENT",
    "REGION_RATING_CLIENT_W_CITY", "FLAG_OWN_CAR", "FLAG_OWN_REALTY", "ORGANIZATION_TYPE", "OCCUPATION_TYPE",
    "FLAG_MOBIL", "FLAG_EMP_PHONE", "FLAG_WORK_PHONE", "FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL",
    "REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION",
    "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY", "NAME_TYPE_SUITE",
    "WEEKDAY_APPR_PROCESS_START", "HOUR_APPR_PROCESS_START",
    *(f"FLAG_DOCUMENT_{number}" for number in range(2, 22)),
    *(f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ("YEAR", "QRT", "MON", "WEEK", "DAY", "HOUR")),
    *(f"{kind}_{days}_CNT_SOCIAL_CIRCLE" for days in (30, 60) for kind in ("OBS", "DEF")),
    "EMERGENCYSTATE_MODE", "HOUSETYPE_MODE", "WALLSMATERIAL_MODE", "FONDKAPREMONT_MODE", "GOODS",
)  # fmt: skip

# The order in which variables are drawn: what people are, where they live, what they earn, how they are
# scored, what they ask for, how they were received, the building they live in.
ORDER = (
    *LEVELS[:3], "DAYS_BIRTH", "EMPLOYED", *LEVELS[3:12], "OWN_CAR_AGE", *LEVELS[12:21],
    "DAYS_REGISTRATION", "ID_PUBLISH", "PASSPORT", *LEVELS[21:27], "AMT_INCOME_TOTAL",
    "EXT_SOURCE_1", "EXT_SOURCE_3", "EXT_SOURCE_2", "GOODS", "BASE", "RATIO", "RATE", *LEVELS[27:30],
    "DAYS_LAST_PHONE_CHANGE", *LEVELS[30:-5], *LEVELS[-5:-1], "TOTALAREA_MODE",
    *(f"{measure}_AVG" for measure in BUILDING),
    *(f"{measure}{suffix}" for measure in BUILDING for suffix in ("_MODE", "_MEDI")),
)  # fmt: skip
# Numbers with units finer than a variable of their own: what they are rounded to when drawn.
STEPS = {
    "DAYS_BIRTH": 1, "EMPLOYED": 1, "OWN_CAR_AGE": 1, "DAYS_REGISTRATION": 1, "ID_PUBLISH": 1, "PASSPORT": 1,
    "AMT_INCOME_TOTAL": CENT, "BASE": 4500, "DAYS_LAST_PHONE_CHANGE": 1, "TOTALAREA_MODE": 0.0001,
    **{f"{measure}{suffix}": 0.0001 for measure in BUILDING for suffix in ("_AVG", "_MODE", "_MEDI")},
}  # fmt: skip
# Drawn for everyone, used where they apply.
PARTIAL = ("ID_PUBLISH", "PASSPORT")


def _since_birthday(age: pl.Expr) -> pl.Expr:
    """Days since the last birthday at which a passport is due."""
    young, middle = (years * 365.25 for years in PASSPORT_YEARS)
    return age - pl.when(age > middle).then(middle).otherwise(young)


def _expected(measure: str, factor: float) -> pl.Expr:
    average = pl.col(f"{measure}_AVG")
    value = 1 - (1 - average) * factor if measure in _FROM_ONE else average * factor
    return value.clip(0, 1).round(4)


def encode(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the chain's variables of real applications, one column each, null where missing."""
    since = _since_birthday(-pl.col("DAYS_BIRTH"))
    goods = pl.col("AMT_GOODS_PRICE")
    base = pl.coalesce(goods, "AMT_CREDIT")
    departures = [
        (pl.col(f"{measure}{suffix}") - _expected(measure, factor)).round(4).alias(f"{measure}{suffix}")
        for measure, factors in BUILDING.items()
        for suffix, factor in zip(("_MODE", "_MEDI"), factors, strict=True)
    ]
    return frame.with_columns(
        ADULTS=(pl.col("CNT_FAM_MEMBERS") - pl.col("CNT_CHILDREN")).cast(pl.Int64),
        EMPLOYED=pl.when(pl.col("DAYS_EMPLOYED") != SENTINEL_DAYS).then("DAYS_EMPLOYED"),
        GOODS=goods.is_not_null().cast(pl.Int64),
        BASE=base,
        RATIO=(pl.col("AMT_CREDIT") / base).round(4),
        RATE=pl.col("AMT_ANNUITY") / pl.col("AMT_CREDIT"),
        PASSPORT=pl.when(since < PASSPORT_HORIZON).then((since + pl.col("DAYS_ID_PUBLISH")).floor()),
        ID_PUBLISH=pl.when(since >= PASSPORT_HORIZON).then("DAYS_ID_PUBLISH"),
    ).with_columns(departures)


def decode(chain: Chain, drawn: Context) -> pl.DataFrame:
    """Return applications in their schema, but for the ids, made of what the chain drew."""
    since = _since_birthday(-pl.col("DAYS_BIRTH"))
    credit = (pl.col("BASE") * pl.col("RATIO") / CENT).round() * CENT
    departures = [
        (_expected(measure, factor) + pl.col(f"{measure}{suffix}"))
        .clip(0, 1)
        .round(4)
        .alias(f"{measure}{suffix}")
        for measure, factors in BUILDING.items()
        for suffix, factor in zip(("_MODE", "_MEDI"), factors, strict=True)
    ]
    schema = {name: dtype for name, dtype in table(APPLICATION).schema.items() if name != "SK_ID_CURR"}
    return (
        frame_of(chain, drawn)
        .with_columns(departures)
        .with_columns(
            CNT_FAM_MEMBERS=pl.col("CNT_CHILDREN") + pl.col("ADULTS"),
            DAYS_EMPLOYED=pl.col("EMPLOYED").clip(6570 + pl.col("DAYS_BIRTH"), 0).fill_null(SENTINEL_DAYS),
            DAYS_REGISTRATION=pl.col("DAYS_REGISTRATION").clip(pl.col("DAYS_BIRTH"), 0),
            AMT_GOODS_PRICE=pl.when(pl.col("GOODS") == 1).then("BASE"),
            AMT_CREDIT=credit,
            AMT_ANNUITY=(credit * pl.col("RATE") / CENT).round() * CENT,
            DAYS_ID_PUBLISH=pl.when(since < PASSPORT_HORIZON)
            .then(pl.min_horizontal((pl.col("PASSPORT").clip(0) - since).ceil(), 0))
            .otherwise("ID_PUBLISH"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )
