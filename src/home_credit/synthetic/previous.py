"""Previous applications as chain variables, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit.synthetic.chain import ChainSchema, frame_of
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Chain, Context

NEVER = 365243
DATES = (
    "DAYS_FIRST_DRAWING",
    "DAYS_FIRST_DUE",
    "DAYS_LAST_DUE_1ST_VERSION",
    "DAYS_LAST_DUE",
    "DAYS_TERMINATION",
)
DOWN_PAYMENT_RATE = 1.0890909  # RATE_DOWN_PAYMENT per unit of down payment in credit and down payment

ORDER = (
    "NAME_CONTRACT_TYPE", "NAME_CONTRACT_STATUS", "DAYS_DECISION", "PRODUCT_COMBINATION",
    "NAME_PORTFOLIO", "NAME_PRODUCT_TYPE", "CODE_REJECT_REASON", "NAME_CLIENT_TYPE", "CHANNEL_TYPE",
    "NAME_GOODS_CATEGORY", "NAME_SELLER_INDUSTRY", "SELLERPLACE_AREA", "AMT_APPLICATION", "CREDIT_RATIO",
    "UNASKED_CREDIT", "CNT_PAYMENT", "ANNUITY_RATE", "DOWN_SHARE", "NAME_YIELD_GROUP",
    "NAME_CASH_LOAN_PURPOSE", "NAME_PAYMENT_TYPE", "NAME_TYPE_SUITE", "NFLAG_INSURED_ON_APPROVAL",
    "GOODS", "DATES", "FIRST_DRAWING", "FIRST_DUE", "LAST_DUE_CHANGE", "TERMINATION",
    "WEEKDAY_APPR_PROCESS_START", "HOUR_APPR_PROCESS_START", "FLAG_LAST_APPL_PER_CONTRACT",
    "NFLAG_LAST_APPL_IN_DAY", "RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED",
)  # fmt: skip
STEPS: dict[str, float] = {
    "CREDIT_RATIO": 0, "ANNUITY_RATE": 0, "DOWN_SHARE": 0, "DAYS_DECISION": 1,
    "SELLERPLACE_AREA": 1, "AMT_APPLICATION": 45, "UNASKED_CREDIT": 4500,
    "FIRST_DRAWING": 1, "FIRST_DUE": 1, "LAST_DUE_CHANGE": 1, "TERMINATION": 1,
}  # fmt: skip
SCHEMA = ChainSchema(ORDER, STEPS)


def encode(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the chain's variables of real previous applications.

    ``DATES`` tells of each of the five dates whether it is missing (n), never (s) or a day (d);
    the days themselves are counted from the event before them.
    """
    asked, credit = pl.col("AMT_APPLICATION"), pl.col("AMT_CREDIT")
    pattern = [
        pl.when(pl.col(date).is_null()).then(pl.lit("n")).when(pl.col(date) == NEVER).then(pl.lit("s"))
        .otherwise(pl.lit("d"))
        for date in DATES
    ]  # fmt: skip
    drawing, first, planned, last, ended = (
        pl.when(pl.col(date) != NEVER).then(pl.col(date)) for date in DATES
    )
    return frame.with_columns(
        CREDIT_RATIO=pl.when(asked > 0).then((credit / asked).round(4)),
        UNASKED_CREDIT=pl.when(asked == 0).then(credit),
        ANNUITY_RATE=pl.when(credit > 0).then(pl.col("AMT_ANNUITY") / credit),
        DOWN_SHARE=pl.when(asked > 0).then((pl.col("AMT_DOWN_PAYMENT") / asked).round(4)),
        GOODS=pl.col("AMT_GOODS_PRICE").is_not_null().cast(pl.Int64),
        DATES=pl.concat_str(pattern),
        FIRST_DRAWING=drawing - pl.col("DAYS_DECISION"),
        FIRST_DUE=first - pl.col("DAYS_DECISION"),
        LAST_DUE_CHANGE=last - planned,
        TERMINATION=ended - last,
    )


def decode(chain: Chain, drawn: Context) -> pl.DataFrame:
    """Return previous applications in their schema, but for the ids, made of what the chain drew."""
    schema = {
        name: dtype
        for name, dtype in table("previous_application").schema.items()
        if not name.startswith("SK_ID")
    }
    cents = 0.045
    amounts = (
        frame_of(chain, drawn)
        .with_columns(DAYS_DECISION=pl.col("DAYS_DECISION").clip(-2922, -1))
        .with_columns(
            AMT_CREDIT=(
                pl.coalesce(pl.col("AMT_APPLICATION") * pl.col("CREDIT_RATIO"), "UNASKED_CREDIT", 0.0) / cents
            ).round()
            * cents
        )
        .with_columns(
            AMT_ANNUITY=((pl.col("AMT_CREDIT") * pl.col("ANNUITY_RATE") / cents).round() * cents).fill_null(
                pl.when(pl.col("CNT_PAYMENT").is_not_null()).then(0.0)
            ),
            AMT_DOWN_PAYMENT=(pl.col("AMT_APPLICATION") * pl.col("DOWN_SHARE") / cents).round() * cents,
            AMT_GOODS_PRICE=pl.when(pl.col("GOODS") == 1).then("AMT_APPLICATION"),
        )
        .with_columns(
            RATE_DOWN_PAYMENT=DOWN_PAYMENT_RATE
            * pl.col("AMT_DOWN_PAYMENT")
            / pl.max_horizontal(pl.col("AMT_CREDIT") + pl.col("AMT_DOWN_PAYMENT"), 1.0)
        )
    )

    def dated(position: int, day: pl.Expr) -> pl.Expr:
        kind = pl.col("DATES").str.slice(position, 1)
        return pl.when(kind == "d").then(day).when(kind == "s").then(NEVER)

    decision = pl.col("DAYS_DECISION")
    first = pl.min_horizontal(decision + pl.col("FIRST_DUE").clip(0), -1)
    planned = first + 30 * pl.max_horizontal(pl.col("CNT_PAYMENT") - 1, 0)
    last = (planned + pl.col("LAST_DUE_CHANGE")).clip(first)
    drawing = pl.min_horizontal(decision + pl.col("FIRST_DRAWING").clip(0), -1)
    dates = (
        amounts.with_columns(FIRST=first, PLANNED=planned)
        .with_columns(LAST=last)
        .with_columns(ENDED=pl.col("LAST") + pl.col("TERMINATION"))
        .with_columns(
            dated(0, drawing).alias(DATES[0]),
            dated(1, pl.col("FIRST")).alias(DATES[1]),
            dated(2, pl.col("PLANNED")).alias(DATES[2]),
            # What lies ahead has not happened: a credit whose last due date is still to come is open.
            dated(3, pl.when(pl.col("LAST") < 0).then("LAST").otherwise(NEVER)).alias(DATES[3]),
            dated(4, pl.when(pl.col("ENDED") < 0).then("ENDED").otherwise(NEVER)).alias(DATES[4]),
        )
    )
    return dates.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
