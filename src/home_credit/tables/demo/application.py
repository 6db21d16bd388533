"""Applications as the chain of variables that they are drawn from, and back.

Amounts are taken apart into what the lender decides on: the goods price, what insurance adds to it
(``RATIO``), the tariff (``TARIFF``, hundred-thousandths of the credit per instalment, after ``RATE``, the same
as a number) and whether a monthly fee is charged. The mode and median of a building's measure are kept as departures from its average, the passport's age as
the time since the last birthday at which one is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.demo.chain import frame_of
from home_credit.tables.schema import APPLICATION, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.tables.demo.chain import Chain, Codes, Context, Floats

SENTINEL_DAYS = 365243
CENT = 4.5  # amounts are in this unit, the rate at which the tables were once converted
FEE = 130.5  # what some contracts add to each instalment
TARIFF_UNIT = 100_000
PASSPORT_YEARS = (20, 45)
PASSPORT_HORIZON = 6000  # days; no passport is older by much

# Factors between the average of a measure and its mode and median, each scaled by its own maximum in the
# real tables; the years of building are scaled from one downwards.
BUILDING: dict[str, tuple[float, float]] = {
    "FLOORSMAX": (1.0, 1.0),
    "ENTRANCES": (1.0, 1.0),
    "APARTMENTS": (1.01875, 1.00975),
    "LIVINGAREA": (1.0419, 1.01795),
    "ELEVATORS": (1.007, 1.0),
    "FLOORSMIN": (1.0, 1.0),
    "LIVINGAPARTMENTS": (1.09255, 1.01725),
    "BASEMENTAREA": (1.03775, 1.0),
    "LANDAREA": (1.0228, 1.0174),
    "COMMONAREA": (1.0091, 1.00635),
    "YEARS_BUILD": (0.96085, 0.98665),
    "YEARS_BEGINEXPLUATATION": (1.0, 1.0),
    "NONLIVINGAPARTMENTS": (1.00785, 1.0067),
    "NONLIVINGAREA": (1.05865, 1.021),
}
_FROM_ONE = ("YEARS_BUILD",)
# Measures that count something: all their modes are multiples of these.
_UNITS = {"ENTRANCES": 1 / 29, "FLOORSMAX": 1 / 24, "FLOORSMIN": 1 / 24, "ELEVATORS": 0.04}
# How a mode or median departs from what its average makes expected, in ten-thousandths; the last is any other.
DEPARTURES = (-1, 0, 1, 2)

OTHERS = tuple(f"{measure}{suffix}" for measure in BUILDING for suffix in ("_MODE", "_MEDI"))

_PERSON = (
    "NAME_CONTRACT_TYPE", "CODE_GENDER", "NAME_INCOME_TYPE", "DAYS_BIRTH", "EMPLOYED", "NAME_EDUCATION_TYPE",
    "NAME_FAMILY_STATUS", "CNT_CHILDREN", "ADULTS", "NAME_HOUSING_TYPE", "REGION_POPULATION_RELATIVE",
    "REGION_RATING_CLIENT", "REGION_RATING_CLIENT_W_CITY", "FLAG_OWN_CAR", "OWN_CAR_AGE", "FLAG_OWN_REALTY",
    "ORGANIZATION_TYPE", "OCCUPATION_TYPE", "FLAG_MOBIL", "FLAG_EMP_PHONE", "FLAG_WORK_PHONE",
    "FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL", "DAYS_REGISTRATION", "PASSPORT", "ID_PUBLISH",
    "REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION",
    "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY", "AMT_INCOME_TOTAL",
    "EXT_SOURCE_1", "EXT_SOURCE_3", "EXT_SOURCE_2",
)  # fmt: skip
_REQUEST = (
    "GOODS", "BASE", "RATIO", "RATE", "TARIFF", "FEE", "NAME_TYPE_SUITE", "WEEKDAY_APPR_PROCESS_START",
    "HOUR_APPR_PROCESS_START", "DAYS_LAST_PHONE_CHANGE",
    *(f"FLAG_DOCUMENT_{number}" for number in range(2, 22)),
    *(f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ("YEAR", "QRT", "MON", "WEEK", "DAY", "HOUR")),
    *(f"{kind}_{days}_CNT_SOCIAL_CIRCLE" for days in (30, 60) for kind in ("OBS", "DEF")),
)  # fmt: skip
_BUILDING = (
    "EMERGENCYSTATE_MODE", "HOUSETYPE_MODE", "WALLSMATERIAL_MODE", "FONDKAPREMONT_MODE",
    "TOTALAREA_MODE",
    *(f"{measure}_AVG" for measure in BUILDING),
    *(variable for name in OTHERS for variable in (name, f"{name}_BY")),
)  # fmt: skip
# The order in which variables are drawn: what people are, where they live, what they earn, how they are
# scored; what they ask for, how they were received; the building they live in.
ORDER = (*_PERSON, *_REQUEST, *_BUILDING)
# Numeric variables, and what they are rounded to when drawn (0: not at all). All others are categorical.
NUMBERS: dict[str, float] = {
    "DAYS_BIRTH": 1, "EMPLOYED": 1, "OWN_CAR_AGE": 1, "DAYS_REGISTRATION": 1, "PASSPORT": 1, "ID_PUBLISH": 1,
    "AMT_INCOME_TOTAL": CENT, "EXT_SOURCE_1": 0, "EXT_SOURCE_2": 0, "EXT_SOURCE_3": 0, "BASE": 4500, "RATE": 0,
    "DAYS_LAST_PHONE_CHANGE": 1, "TOTALAREA_MODE": 0.0001,
    **{f"{measure}_AVG": 0.0001 for measure in BUILDING},
    **{f"{name}_BY": 0.0001 for name in OTHERS},
}  # fmt: skip
# Where a numeric variable is there, if not told by a flag of its own: another variable and its value.
PRESENCE: dict[str, tuple[str, int]] = {
    "ID_PUBLISH": ("PASSPORT?", 0),
    **{f"{name}_BY": (name, DEPARTURES[-1]) for name in OTHERS},
}


def _since_birthday(age: pl.Expr) -> pl.Expr:
    """Days since the last birthday at which a passport is due."""
    young, middle = (years * 365.25 for years in PASSPORT_YEARS)
    return age - pl.when(age > middle).then(middle).otherwise(young)


def _expectations() -> list[tuple[str, pl.Expr]]:
    """Return each mode and median with what the average makes expected."""
    expectations = []
    for measure, factors in BUILDING.items():
        for suffix, factor in zip(("_MODE", "_MEDI"), factors, strict=True):
            average = pl.col(f"{measure}_AVG")
            value = 1 - (1 - average) * factor if measure in _FROM_ONE else average * factor
            expectations.append((f"{measure}{suffix}", value.clip(0, 1).round(4)))
    return expectations


def _on_lattice(name: str, value: pl.Expr) -> pl.Expr:
    """Move the mode of a count to the nearest multiple of its unit, a median to the nearest half."""
    measure, suffix = name.rsplit("_", 1)
    if measure not in _UNITS:
        return value
    mode, median = BUILDING[measure]
    unit = _UNITS[measure] * mode if suffix == "MODE" else _UNITS[measure] * median / 2
    return ((value / unit).round() * unit).round(4)


def encode(frame: pl.DataFrame, tariffs: Sequence[int]) -> pl.DataFrame:
    """Return the chain's variables of real applications, one column each, null where missing.

    ``tariffs`` are in the order in which they are tried; an instalment that none explains gets the nearest.
    """
    since = _since_birthday(-pl.col("DAYS_BIRTH"))
    goods = pl.col("AMT_GOODS_PRICE")
    base = pl.coalesce(goods, "AMT_CREDIT")
    tariff, fee = explain_instalments(
        frame["AMT_CREDIT"].to_numpy(), frame["AMT_ANNUITY"].fill_null(0).to_numpy(), tariffs
    )
    departures = [
        (((pl.col(name) - expected) * 10_000).round().alias(f"{name}_BY"))
        for name, expected in _expectations()
    ]
    kinds = [
        pl.when(pl.col(f"{name}_BY").is_not_null())
        .then(pl.when(pl.col(f"{name}_BY").abs() <= 1).then(f"{name}_BY").otherwise(DEPARTURES[-1]))
        .cast(pl.Int64)
        .alias(name)
        for name in OTHERS
    ]
    return frame.with_columns(
        ADULTS=(pl.col("CNT_FAM_MEMBERS") - pl.col("CNT_CHILDREN")).cast(pl.Int64),
        EMPLOYED=pl.when(pl.col("DAYS_EMPLOYED") != SENTINEL_DAYS).then("DAYS_EMPLOYED"),
        GOODS=goods.is_not_null().cast(pl.Int64),
        BASE=base,
        RATIO=(pl.col("AMT_CREDIT") / base).round(4),
        RATE=pl.Series(tariff / TARIFF_UNIT),
        TARIFF=pl.Series(tariff),
        FEE=pl.Series(fee),
        PASSPORT=pl.when(since < PASSPORT_HORIZON).then((since + pl.col("DAYS_ID_PUBLISH")).floor()),
        ID_PUBLISH=pl.when(since >= PASSPORT_HORIZON).then("DAYS_ID_PUBLISH"),
    ).with_columns(departures).with_columns(kinds).with_columns(
        pl.when(pl.col(name) == DEPARTURES[-1]).then(pl.col(f"{name}_BY") / 10_000).alias(f"{name}_BY")
        for name in OTHERS
    )  # fmt: skip


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
    rate = pl.col("TARIFF") / TARIFF_UNIT
    others = [
        _on_lattice(
            name,
            (
                expected
                + pl.when(pl.col(name) == DEPARTURES[-1]).then(f"{name}_BY").otherwise(pl.col(name) / 10_000)
            )
            .clip(0, 1)
            .round(4),
        ).alias(name)
        for name, expected in _expectations()
    ]
    schema = {name: dtype for name, dtype in table(APPLICATION).schema.items() if name != "SK_ID_CURR"}
    return (
        frame_of(chain, drawn)
        .with_columns(others)
        .with_columns(
            CNT_FAM_MEMBERS=pl.col("CNT_CHILDREN") + pl.col("ADULTS"),
            DAYS_EMPLOYED=pl.col("EMPLOYED").clip(6570 + pl.col("DAYS_BIRTH"), 0).fill_null(SENTINEL_DAYS),
            DAYS_REGISTRATION=pl.col("DAYS_REGISTRATION").clip(pl.col("DAYS_BIRTH"), 0),
            AMT_GOODS_PRICE=pl.when(pl.col("GOODS") == 1).then("BASE"),
            AMT_CREDIT=credit,
            AMT_ANNUITY=(credit * rate / CENT + 1e-6).floor() * CENT + pl.col("FEE") * FEE,
            DAYS_ID_PUBLISH=pl.when(pl.col("PASSPORT").is_not_null())
            .then(pl.min_horizontal((pl.col("PASSPORT").clip(0) - since).ceil(), 0))
            .otherwise(pl.max_horizontal("ID_PUBLISH", -since.floor())),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )
