"""Converts applications to the variables of a chain, and back.

Loan terms are decomposed into the figures of the price list (see :mod:`home_credit.synthetic.prices`): the goods
price, the tariff (``TARIFF``, after its group ``TARIFFS``), the insurance premium and whether a monthly fee is
charged. The passport's age is kept as the time since the last birthday at which one is due, the day of registration
as an age where many register at that age. Flags that exclude each other are composites.
"""

from __future__ import annotations

import math

import polars as pl

from home_credit.synthetic import building
from home_credit.synthetic.chain import ChainSchema
from home_credit.synthetic.prices import (
    FEE,
    REVOLVING_FACTOR,
    UNIT,
    PriceList,
    explain_instalments,
    factor_of,
    insured,
    months_of,
    nearest,
    rounded,
)
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import APPLICATION, SENTINEL_DAYS, table

CENT = 4.5  # amounts are in this unit, the rate at which the tables were once converted
PRICE_STEP = 4500
LOWEST_PRICE = 45_000
TARIFF_GROUP = 50_000  # tariffs per group
MOST_OF_INCOME = 0.99  # that an instalment is
LOAN, REVOLVING = "Cash loans", "Revolving loans"
PASSPORT_YEARS = (20, 45)
PASSPORT_HORIZON = 6000  # days; hardly any passport is older
# When the place of living was registered: on any day, with the passport, or so many days after the birth day and
# the birthdays at which many are (``REGISTERED`` is then that age).
ANY_DAY, WITH_PASSPORT = -2, -1
REGISTRATION_AGES = {0: 36, 14: 183, 16: 365}
YEAR = 365.25
ADULT_DAYS = 6570
_ABSENT_EMPLOYER = "XNA"

_REQUESTS = tuple(
    f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ("YEAR", "QRT", "MON", "WEEK", "DAY", "HOUR")
)
_PERSON = (
    "NAME_CONTRACT_TYPE", "CODE_GENDER", "EMPLOYMENT", "DAYS_BIRTH", "EMPLOYED", "NAME_EDUCATION_TYPE",
    "NAME_FAMILY_STATUS", "CNT_CHILDREN", "ADULTS", "NAME_HOUSING_TYPE", "REGION", "FLAG_OWN_CAR",
    "OWN_CAR_AGE", "FLAG_OWN_REALTY", "ORGANIZATION_TYPE", "OCCUPATION_TYPE", "PHONES", "REGISTERED",
    "REGISTERED_BY", "DAYS_REGISTRATION", "PASSPORT", "ID_PUBLISH", "ADDRESS", "AMT_INCOME_TOTAL",
    "EXT_SOURCE_1", "EXT_SOURCE_3", "EXT_SOURCE_2",
)  # fmt: skip
_REQUEST = (
    "GOODS", "BASE", "TARIFFS", "TARIFF", "PREMIUM", "FEE", "NAME_TYPE_SUITE", "WEEKDAY_APPR_PROCESS_START",
    "HOUR_APPR_PROCESS_START", "DAYS_LAST_PHONE_CHANGE", "DOCUMENTS", "RARE_DOCUMENTS",
    *_REQUESTS, "CIRCLE_KNOWN", "OBS_30_CNT_SOCIAL_CIRCLE", "SOCIAL_CIRCLE",
)  # fmt: skip
SCHEMA = ChainSchema(
    # In order: person, region, income, scores; the loan asked for and the application; the building.
    order=(*_PERSON, *_REQUEST, *building.ORDER),
    steps={
        "DAYS_BIRTH": 1, "EMPLOYED": 1, "OWN_CAR_AGE": 1, "REGISTERED_BY": 1, "DAYS_REGISTRATION": 1,
        "PASSPORT": 1, "ID_PUBLISH": 1, "AMT_INCOME_TOTAL": CENT, "EXT_SOURCE_1": 0, "EXT_SOURCE_2": 0,
        "EXT_SOURCE_3": 0, "BASE": PRICE_STEP, "DAYS_LAST_PHONE_CHANGE": 1, **building.STEPS,
    },
    presence={
        **dict.fromkeys(("TARIFFS", "TARIFF", "PREMIUM", "FEE"), ("NAME_CONTRACT_TYPE", LOAN)),
        "OBS_30_CNT_SOCIAL_CIRCLE": ("CIRCLE_KNOWN", 1),
        "EMPLOYED": ("IS_EMPLOYED", 1), "OWN_CAR_AGE": ("FLAG_OWN_CAR", "Y"),
        "DAYS_REGISTRATION": ("REGISTERED", ANY_DAY), "ID_PUBLISH": ("PASSPORT?", 0), **building.PRESENCE,
    },
    components={
        "EMPLOYMENT": ("IS_EMPLOYED", "NAME_INCOME_TYPE", "FLAG_EMP_PHONE"),
        "REGION": ("REGION_POPULATION_RELATIVE", "REGION_RATING_CLIENT", "REGION_RATING_CLIENT_W_CITY"),
        "PHONES": ("FLAG_MOBIL", "FLAG_CONT_MOBILE", "FLAG_WORK_PHONE", "FLAG_PHONE", "FLAG_EMAIL"),
        "ADDRESS": (
            "REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION",
            "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY",
        ),
        "DOCUMENTS": tuple(f"FLAG_DOCUMENT_{number}" for number in (3, 6, 8, 5)),
        "RARE_DOCUMENTS": tuple(f"FLAG_DOCUMENT_{number}" for number in (2, 4, 7, *range(9, 22))),
        "SOCIAL_CIRCLE": ("DEF_30_CNT_SOCIAL_CIRCLE", "DEF_60_CNT_SOCIAL_CIRCLE", "FEWER_OBS_60"),
    },
)  # fmt: skip


def encode(frame: pl.DataFrame, prices: PriceList) -> pl.DataFrame:
    """Return the chain's variables of real applications, one column each, null where missing."""
    return building.encode(frame).with_columns(
        IS_EMPLOYED=(pl.col("DAYS_EMPLOYED") != SENTINEL_DAYS).cast(pl.Int64),
        EMPLOYED=pl.when(pl.col("DAYS_EMPLOYED") != SENTINEL_DAYS).then("DAYS_EMPLOYED"),
        CIRCLE_KNOWN=pl.col("OBS_30_CNT_SOCIAL_CIRCLE").is_not_null().cast(pl.Int64),
        FEWER_OBS_60=pl.col("OBS_30_CNT_SOCIAL_CIRCLE") - pl.col("OBS_60_CNT_SOCIAL_CIRCLE"),
        ADULTS=(pl.col("CNT_FAM_MEMBERS") - pl.col("CNT_CHILDREN")).cast(pl.Int64),
        **_registration(),
        **_terms(frame, prices),
    )


def _since_birthday(age: pl.Expr) -> pl.Expr:
    """Return the days since the last birthday at which a passport is due."""
    young, middle = (years * YEAR for years in PASSPORT_YEARS)
    return age - pl.when(age > middle).then(middle).otherwise(young)


def _registration() -> dict[str, pl.Expr]:
    since = _since_birthday(-pl.col("DAYS_BIRTH"))
    at_registration = pl.col("DAYS_REGISTRATION") - pl.col("DAYS_BIRTH")
    ages = [
        pl.when((at_registration - math.ceil(age * YEAR)).is_between(0, days)).then(age)
        for age, days in REGISTRATION_AGES.items()
    ]
    with_passport = pl.col("DAYS_REGISTRATION") == pl.col("DAYS_ID_PUBLISH")
    registered = pl.coalesce(pl.when(with_passport).then(WITH_PASSPORT), *ages, ANY_DAY)
    return {
        "REGISTERED": registered,
        "REGISTERED_BY": pl.when(registered >= 0).then(at_registration - (registered * YEAR).ceil()),
        "DAYS_REGISTRATION": pl.when(registered == ANY_DAY).then("DAYS_REGISTRATION"),
        "PASSPORT": pl.when(since < PASSPORT_HORIZON).then((since + pl.col("DAYS_ID_PUBLISH")).floor()),
        "ID_PUBLISH": pl.when(since >= PASSPORT_HORIZON).then("DAYS_ID_PUBLISH"),
    }


def _terms(frame: pl.DataFrame, prices: PriceList) -> dict[str, pl.Series]:
    """Return goods, price, tariff, premium and fee; the last three null for revolving loans."""
    loan = (frame["NAME_CONTRACT_TYPE"] != REVOLVING).to_numpy()
    credit, annuity = (frame[name].fill_null(0).to_numpy() for name in ("AMT_CREDIT", "AMT_ANNUITY"))
    base = frame.select(pl.coalesce("AMT_GOODS_PRICE", "AMT_CREDIT")).to_series()
    tariff, fee = explain_instalments(credit, annuity, prices.tariffs, CENT)
    months = pl.Series(tariff).to_frame("tariff").select(months_of(pl.col("tariff"))).to_series().to_numpy()
    premium = nearest((credit / base.to_numpy() - 1) * UNIT / months, prices.premiums)
    drawn = pl.DataFrame({"loan": loan, "TARIFF": tariff, "PREMIUM": premium, "FEE": fee}).select(
        pl.when("loan").then(pl.col("TARIFF", "PREMIUM", "FEE"))
    )
    return {
        "GOODS": frame["AMT_GOODS_PRICE"].is_not_null().cast(pl.Int64),
        "BASE": base,
        "TARIFFS": drawn["TARIFF"] // TARIFF_GROUP,
        **{name: drawn[name] for name in drawn.columns},
    }


def decode(drawn: pl.DataFrame) -> pl.DataFrame:
    """Return applications in their schema, without ids, computed from the chain's variables."""
    schema = {
        name: dtype for name, dtype in polars_schema(table(APPLICATION)).items() if name != "SK_ID_CURR"
    }
    frame = building.decode(drawn)
    for columns in (_decoded_terms, _decoded_dates, _decoded_person, _decoded_circle):
        frame = columns(frame)
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _decoded_terms(frame: pl.DataFrame) -> pl.DataFrame:
    """Add price, credit and instalment; the instalment is below the income."""
    is_loan = pl.col("NAME_CONTRACT_TYPE") != REVOLVING
    tariff, fee = pl.col("TARIFF"), pl.when(is_loan).then(pl.col("FEE") * FEE).otherwise(0.0)
    factor = pl.when(is_loan).then(factor_of(tariff)).otherwise(REVOLVING_FACTOR)
    per_price = pl.when(is_loan).then(insured(pl.col("PREMIUM"), months_of(tariff))).otherwise(1.0)
    affordable = (pl.col("AMT_INCOME_TOTAL") * MOST_OF_INCOME - fee) / (factor * per_price)
    highest = (affordable / PRICE_STEP).floor() * PRICE_STEP
    price = pl.min_horizontal("BASE", pl.max_horizontal(highest, LOWEST_PRICE))
    frame = frame.with_columns(BASE=price, AMT_CREDIT=rounded(price * per_price, CENT))
    return frame.with_columns(
        AMT_GOODS_PRICE=pl.when(pl.col("GOODS") == 1).then("BASE"),
        AMT_ANNUITY=(pl.col("AMT_CREDIT") * factor / CENT + 1e-6).floor() * CENT + fee,
    )


def _decoded_dates(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the days of employment, passport and registration."""
    birth = pl.col("DAYS_BIRTH")
    # Issued between the birthday and now.
    longest = pl.min_horizontal(_since_birthday(-birth), float(PASSPORT_HORIZON))
    passport = pl.min_horizontal((pl.col("PASSPORT").clip(0) % (longest + 1) - longest).ceil(), 0)
    frame = frame.with_columns(
        DAYS_EMPLOYED=pl.col("EMPLOYED").clip(ADULT_DAYS + birth, 0).fill_null(SENTINEL_DAYS),
        DAYS_ID_PUBLISH=pl.when(pl.col("PASSPORT").is_not_null())
        .then(passport)
        .otherwise(pl.max_horizontal("ID_PUBLISH", -_since_birthday(-birth).floor())),
    )
    at_age = birth + (pl.col("REGISTERED") * YEAR).ceil() + pl.col("REGISTERED_BY")
    registration = (
        pl.when(pl.col("REGISTERED") == WITH_PASSPORT)
        .then("DAYS_ID_PUBLISH")
        .when(pl.col("REGISTERED") >= 0)
        .then(at_age)
        .otherwise("DAYS_REGISTRATION")
    )
    return frame.with_columns(
        DAYS_REGISTRATION=registration.clip(birth, 0),
        DAYS_LAST_PHONE_CHANGE=pl.col("DAYS_LAST_PHONE_CHANGE").clip(birth + 14 * YEAR, 0),
    )


def _decoded_person(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the size of the family, and set to null what does not apply to the applicant."""
    employed = pl.col("IS_EMPLOYED") == 1
    workplace = pl.col("^.*_NOT_WORK_(REGION|CITY)$")
    requested = pl.col("AMT_REQ_CREDIT_BUREAU_YEAR").is_not_null()
    return frame.with_columns(
        pl.when(employed).then(workplace).otherwise(0),
        pl.when(requested).then(pl.col(_REQUESTS).fill_null(0)),
        CNT_FAM_MEMBERS=pl.col("CNT_CHILDREN") + pl.col("ADULTS"),
        OCCUPATION_TYPE=pl.when(employed).then("OCCUPATION_TYPE"),
        ORGANIZATION_TYPE=pl.when(employed).then("ORGANIZATION_TYPE").otherwise(pl.lit(_ABSENT_EMPLOYER)),
    )


def _decoded_circle(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the observations of the social circle, of which the defaults are a part."""
    observed = pl.col("OBS_30_CNT_SOCIAL_CIRCLE")
    later = (observed - pl.col("FEWER_OBS_60").fill_null(0)).clip(0)
    return frame.with_columns(
        OBS_60_CNT_SOCIAL_CIRCLE=later,
        DEF_30_CNT_SOCIAL_CIRCLE=_at_most("DEF_30_CNT_SOCIAL_CIRCLE", observed),
        DEF_60_CNT_SOCIAL_CIRCLE=_at_most("DEF_60_CNT_SOCIAL_CIRCLE", later),
    )


def _at_most(name: str, observed: pl.Expr) -> pl.Expr:
    return pl.when(observed.is_not_null()).then(pl.min_horizontal(pl.col(name).fill_null(0), observed))
