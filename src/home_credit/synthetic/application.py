"""Applications as the chain of variables that they are drawn from, and back.

Amounts are taken apart into what the lender decides on: the goods price, what insurance adds to it
(``RATIO``), the tariff (``TARIFF``, hundred-thousandths of the credit per instalment, after its group
``TARIFFS``) and whether a monthly fee is charged. The passport's age is kept as the time since the last
birthday at which one is due, the day of registration as the age that many register at, where it is one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic import building
from home_credit.synthetic.chain import ChainSchema, frame_of
from home_credit.tables.schema import APPLICATION, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.synthetic.chain import Chain, Codes, Context, Floats

SENTINEL_DAYS = 365243
CENT = 4.5  # amounts are in this unit, the rate at which the tables were once converted
FEE = 130.5  # what some contracts add to each instalment
TARIFF_UNIT = 100_000
TARIFFS = 500  # so wide, in tariffs, is a group of them
PASSPORT_YEARS = (20, 45)
PASSPORT_HORIZON = 6000  # days; no passport is older by much
# When the place of living was registered: on any day, with the passport, or so many days after the birth day and
# the birthdays at which many are (``REGISTERED`` is then that age).
ANY_DAY, WITH_PASSPORT = -2, -1
REGISTRATION_AGES = {0: 36, 14: 183, 16: 365}

_PERSON = (
    "NAME_CONTRACT_TYPE", "CODE_GENDER", "NAME_INCOME_TYPE", "DAYS_BIRTH", "EMPLOYED", "NAME_EDUCATION_TYPE",
    "NAME_FAMILY_STATUS", "CNT_CHILDREN", "ADULTS", "NAME_HOUSING_TYPE", "REGION_POPULATION_RELATIVE",
    "REGION_RATING_CLIENT", "REGION_RATING_CLIENT_W_CITY", "FLAG_OWN_CAR", "OWN_CAR_AGE", "FLAG_OWN_REALTY",
    "ORGANIZATION_TYPE", "OCCUPATION_TYPE", "FLAG_MOBIL", "FLAG_EMP_PHONE", "FLAG_WORK_PHONE",
    "FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL", "REGISTERED", "REGISTERED_BY", "DAYS_REGISTRATION", "PASSPORT",
    "ID_PUBLISH",
    "REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION",
    "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY", "AMT_INCOME_TOTAL",
    "EXT_SOURCE_1", "EXT_SOURCE_3", "EXT_SOURCE_2",
)  # fmt: skip
_REQUEST = (
    "GOODS", "BASE", "TARIFFS", "TARIFF", "RATIO", "FEE", "NAME_TYPE_SUITE", "WEEKDAY_APPR_PROCESS_START",
    "HOUR_APPR_PROCESS_START", "DAYS_LAST_PHONE_CHANGE",
    *(f"FLAG_DOCUMENT_{number}" for number in range(2, 22)),
    *(f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ("YEAR", "QRT", "MON", "WEEK", "DAY", "HOUR")),
    *(f"{kind}_{days}_CNT_SOCIAL_CIRCLE" for days in (30, 60) for kind in ("OBS", "DEF")),
)  # fmt: skip
# The order in which variables are drawn: what people are, where they live, what they earn, how they are
# scored; what they ask for, how they were received; the building they live in.
ORDER = (*_PERSON, *_REQUEST, *building.ORDER)
# Numeric variables, and what they are rounded to when drawn (0: not at all). All others are categorical.
STEPS: dict[str, float] = {
    "DAYS_BIRTH": 1, "EMPLOYED": 1, "OWN_CAR_AGE": 1, "REGISTERED_BY": 1, "DAYS_REGISTRATION": 1, "PASSPORT": 1,
    "ID_PUBLISH": 1,
    "AMT_INCOME_TOTAL": CENT, "EXT_SOURCE_1": 0, "EXT_SOURCE_2": 0, "EXT_SOURCE_3": 0, "BASE": 4500,
    "DAYS_LAST_PHONE_CHANGE": 1, **building.STEPS,
}  # fmt: skip
# Where a numeric variable is there, if not told by a flag of its own: another variable and its value.
PRESENCE: dict[str, tuple[str, int]] = {
    "DAYS_REGISTRATION": ("REGISTERED", ANY_DAY), "ID_PUBLISH": ("PASSPORT?", 0), **building.PRESENCE,
}  # fmt: skip
SCHEMA = ChainSchema(ORDER, STEPS, PRESENCE)


def _since_birthday(age: pl.Expr) -> pl.Expr:
    """Days since the last birthday at which a passport is due."""
    young, middle = (years * 365.25 for years in PASSPORT_YEARS)
    return age - pl.when(age > middle).then(middle).otherwise(young)


def encode(frame: pl.DataFrame, tariffs: Sequence[int]) -> pl.DataFrame:
    """Return the chain's variables of real applications, one column each, null where missing.

    ``tariffs`` are in the order in which they are tried; an instalment that none explains gets the nearest.
    """
    since = _since_birthday(-pl.col("DAYS_BIRTH"))
    at_registration = pl.col("DAYS_REGISTRATION") - pl.col("DAYS_BIRTH")
    ages = [
        pl.when((at_registration - math.ceil(age * 365.25)).is_between(0, days)).then(age)
        for age, days in REGISTRATION_AGES.items()
    ]
    with_passport = pl.col("DAYS_REGISTRATION") == pl.col("DAYS_ID_PUBLISH")
    registered = pl.coalesce(pl.when(with_passport).then(WITH_PASSPORT), *ages, ANY_DAY)
    goods = pl.col("AMT_GOODS_PRICE")
    base = pl.coalesce(goods, "AMT_CREDIT")
    tariff, fee = explain_instalments(
        frame["AMT_CREDIT"].to_numpy(), frame["AMT_ANNUITY"].fill_null(0).to_numpy(), tariffs
    )
    return building.encode(frame).with_columns(
        ADULTS=(pl.col("CNT_FAM_MEMBERS") - pl.col("CNT_CHILDREN")).cast(pl.Int64),
        EMPLOYED=pl.when(pl.col("DAYS_EMPLOYED") != SENTINEL_DAYS).then("DAYS_EMPLOYED"),
        GOODS=goods.is_not_null().cast(pl.Int64),
        BASE=base,
        RATIO=(pl.col("AMT_CREDIT") / base).round(4),
        TARIFFS=pl.Series(tariff // TARIFFS),
        TARIFF=pl.Series(tariff),
        FEE=pl.Series(fee),
        REGISTERED=registered,
        REGISTERED_BY=pl.when(registered >= 0).then(at_registration - (registered * 365.25).ceil()),
        DAYS_REGISTRATION=pl.when(registered == ANY_DAY).then("DAYS_REGISTRATION"),
        PASSPORT=pl.when(since < PASSPORT_HORIZON).then((since + pl.col("DAYS_ID_PUBLISH")).floor()),
        ID_PUBLISH=pl.when(since >= PASSPORT_HORIZON).then("DAYS_ID_PUBLISH"),
    )


def explain_instalments(credit: Floats, annuity: Floats, tariffs: Sequence[int]) -> tuple[Codes, Codes]:
    """Return the tariff and whether the fee is charged (0, 1) that make each credit's instalment."""
    rates = np.asarray(tariffs) / TARIFF_UNIT
    best = np.full(len(credit), np.inf)
    tariff, fee = np.zeros(len(credit), dtype=np.int64), np.zeros(len(credit), dtype=np.int64)
    for charged in (0, 1):
        for number, rate in enumerate(rates):
            off = np.abs(np.floor(credit * rate / CENT + 1e-6) * CENT + charged * FEE - annuity)
            # An exact match wins, the earlier of two; else the nearest.
            nearer = off < best - 1e-6
            best = np.where(nearer, off, best)
            tariff, fee = np.where(nearer, tariffs[number], tariff), np.where(nearer, charged, fee)
    return tariff, fee


def decode(chain: Chain, drawn: Context) -> pl.DataFrame:
    """Return applications in their schema, but for the ids, made of what the chain drew."""
    since = _since_birthday(-pl.col("DAYS_BIRTH"))
    credit = (pl.col("BASE") * pl.col("RATIO") / CENT).round() * CENT
    schema = {name: dtype for name, dtype in table(APPLICATION).schema.items() if name != "SK_ID_CURR"}
    return (
        building.decode(frame_of(chain, drawn))
        .with_columns(
            CNT_FAM_MEMBERS=pl.col("CNT_CHILDREN") + pl.col("ADULTS"),
            DAYS_EMPLOYED=pl.col("EMPLOYED").clip(6570 + pl.col("DAYS_BIRTH"), 0).fill_null(SENTINEL_DAYS),
            AMT_GOODS_PRICE=pl.when(pl.col("GOODS") == 1).then("BASE"),
            AMT_CREDIT=credit,
            AMT_ANNUITY=(credit * pl.col("TARIFF") / TARIFF_UNIT / CENT + 1e-6).floor() * CENT
            + pl.col("FEE") * FEE,
            DAYS_ID_PUBLISH=pl.when(pl.col("PASSPORT").is_not_null())
            # Issued between that birthday and now.
            .then(pl.min_horizontal((pl.col("PASSPORT").clip(0) % (since + 1) - since).ceil(), 0))
            .otherwise(pl.max_horizontal("ID_PUBLISH", -since.floor())),
        )
        .with_columns(
            DAYS_REGISTRATION=pl.when(pl.col("REGISTERED") == WITH_PASSPORT)
            .then("DAYS_ID_PUBLISH")
            .when(pl.col("REGISTERED") >= 0)
            .then(pl.col("DAYS_BIRTH") + (pl.col("REGISTERED") * 365.25).ceil() + pl.col("REGISTERED_BY"))
            .otherwise("DAYS_REGISTRATION")
            .clip(pl.col("DAYS_BIRTH"), 0),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )
