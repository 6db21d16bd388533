"""Converts credits at other lenders to chain variables, and back.

``STRUCTURE`` is a composite of kind, status and the signs of all amounts and dates, so that only combinations of real
credits are drawn.
"""

from __future__ import annotations

import polars as pl

from home_credit.synthetic.chain import ChainSchema
from home_credit.synthetic.days import within_adult_life
from home_credit.synthetic.signs import NEGATIVE, POSITIVE, sign, signed
from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import table

LONGEST = 2922  # days; no credit is older
LATEST_END = 5000  # days after the start
CENT = 0.045
SIGNS = {
    "TOTAL": "AMT_CREDIT_SUM", "DEBT": "AMT_CREDIT_SUM_DEBT", "LIMIT": "AMT_CREDIT_SUM_LIMIT",
    "OVERDUE": "AMT_CREDIT_SUM_OVERDUE", "OVERDUE_DAYS": "CREDIT_DAY_OVERDUE",
    "WORST": "AMT_CREDIT_MAX_OVERDUE", "PROLONGED": "CNT_CREDIT_PROLONG",
}  # fmt: skip
SCHEMA = ChainSchema(
    order=(
        "STRUCTURE", "DAYS_CREDIT", "TERM", "AMT_CREDIT_SUM", "DEPARTURE", "UPDATE", "DEBT_SHARE",
        "AMT_CREDIT_SUM_LIMIT", "AMT_CREDIT_MAX_OVERDUE", "CREDIT_DAY_OVERDUE", "AMT_CREDIT_SUM_OVERDUE",
        "CNT_CREDIT_PROLONG", "AMT_ANNUITY", "CREDIT_CURRENCY",
    ),
    steps={
        "DAYS_CREDIT": 1, "TERM": 1, "DEPARTURE": 1, "UPDATE": 1, "DEBT_SHARE": 0, "CREDIT_DAY_OVERDUE": 1,
        "AMT_CREDIT_SUM": 4.5, "AMT_CREDIT_SUM_LIMIT": CENT, "AMT_CREDIT_MAX_OVERDUE": CENT,
        "AMT_CREDIT_SUM_OVERDUE": 4.5, "AMT_ANNUITY": 4.5,
    },
    presence={
        "TERM": ("TERMED", 1), "DEPARTURE": ("ENDED", 1), "AMT_CREDIT_SUM": ("TOTAL", POSITIVE),
        "DEBT_SHARE": ("DEBT", POSITIVE), "AMT_CREDIT_SUM_LIMIT": ("LIMIT", POSITIVE),
        "AMT_CREDIT_MAX_OVERDUE": ("WORST", POSITIVE), "CREDIT_DAY_OVERDUE": ("OVERDUE_DAYS", POSITIVE),
        "AMT_CREDIT_SUM_OVERDUE": ("OVERDUE", POSITIVE),
    },
    components={"STRUCTURE": ("CREDIT_ACTIVE", "CREDIT_TYPE", "TERMED", "ENDED", *SIGNS)},
)  # fmt: skip


def encode(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the chain's variables of real credits.

    ``TERM`` is the planned length in days, ``DEPARTURE`` how long before or after the planned end a credit
    ended (since its start where no end was planned), ``UPDATE`` the age of the latest news (since the end
    of a closed credit).
    """
    debt, total = pl.col("AMT_CREDIT_SUM_DEBT"), pl.col("AMT_CREDIT_SUM")
    start, end, fact = pl.col("DAYS_CREDIT"), pl.col("DAYS_CREDIT_ENDDATE"), pl.col("DAYS_ENDDATE_FACT")
    positive = [column for name, column in SIGNS.items() if name != "PROLONGED"]
    return frame.with_columns(
        **{name: sign(column) for name, column in SIGNS.items()},
        TERMED=end.is_not_null().cast(pl.Int64),
        ENDED=fact.is_not_null().cast(pl.Int64),
        TERM=end - start,
        DEPARTURE=fact - pl.coalesce(end, start),
        UPDATE=pl.coalesce(fact, 0) - pl.col("DAYS_CREDIT_UPDATE"),
        DEBT_SHARE=pl.when(debt > 0).then(debt / pl.max_horizontal(total, 1.0)),
    ).with_columns(pl.when(pl.col(positive) > 0).then(pl.col(positive)))


def decode(drawn: pl.DataFrame, births: pl.Series) -> pl.DataFrame:
    """Return credits in their schema, without ids, computed from the chain's variables.

    ``births`` are the days of birth of the applicants whose credits they are.
    """
    schema = {
        name: dtype for name, dtype in polars_schema(table("bureau")).items() if not name.startswith("SK_ID")
    }
    start, total = pl.col("DAYS_CREDIT"), pl.col("AMT_CREDIT_SUM").fill_null(0.0)
    share = pl.when(pl.col("DEBT") == NEGATIVE).then(-0.01).otherwise(pl.col("DEBT_SHARE").clip(0, 1.5))
    owed = total * share
    fact = pl.coalesce("DAYS_CREDIT_ENDDATE", "DAYS_CREDIT") + pl.col("DEPARTURE")
    latest = pl.max_horizontal(start, pl.min_horizontal(start + LATEST_END, -1))
    overdue = pl.col("AMT_CREDIT_SUM_OVERDUE").fill_null(0.0)
    frame = (
        drawn.with_columns(births.alias("BIRTH"))
        .with_columns(DAYS_CREDIT=within_adult_life(start, LONGEST))
        .with_columns(DAYS_CREDIT_ENDDATE=start + pl.col("TERM").clip(0))
        .with_columns(DAYS_ENDDATE_FACT=fact.clip(start, latest))
    )
    news = (pl.coalesce("DAYS_ENDDATE_FACT", 0) - pl.col("UPDATE")).clip(start, 0)
    return frame.with_columns(
        DAYS_CREDIT_UPDATE=news,
        AMT_CREDIT_SUM=signed("TOTAL", total),
        AMT_CREDIT_SUM_DEBT=signed("DEBT", (owed / CENT).round() * CENT),
        AMT_CREDIT_SUM_LIMIT=signed("LIMIT", pl.col("AMT_CREDIT_SUM_LIMIT")),
        AMT_CREDIT_SUM_OVERDUE=signed("OVERDUE", overdue),
        CREDIT_DAY_OVERDUE=signed("OVERDUE_DAYS", pl.min_horizontal("CREDIT_DAY_OVERDUE", -start)),
        AMT_CREDIT_MAX_OVERDUE=signed("WORST", pl.max_horizontal("AMT_CREDIT_MAX_OVERDUE", overdue)),
        CNT_CREDIT_PROLONG=signed("PROLONGED", pl.col("CNT_CREDIT_PROLONG").clip(1)),
    ).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
