"""The structure of a previous application: which of its columns have a value."""

from __future__ import annotations

import polars as pl

from home_credit.synthetic.signs import NEGATIVE, POSITIVE, sign, signed
from home_credit.tables.schema import SENTINEL_DAYS

UNASKED = "unasked"
LOAN, NO_DATES = "loan", "nnnnn"
DATES = (
    "DAYS_FIRST_DRAWING", "DAYS_FIRST_DUE", "DAYS_LAST_DUE_1ST_VERSION", "DAYS_LAST_DUE", "DAYS_TERMINATION",
)  # fmt: skip
COLUMNS = (
    "NAME_CONTRACT_TYPE", "NAME_CONTRACT_STATUS", "NAME_PORTFOLIO", "NAME_PRODUCT_TYPE",
    "PRODUCT_COMBINATION", "NAME_YIELD_GROUP", "ASKED", "CREDIT", "ANNUITY", "TERM", "DOWN", "GOODS", "DATES",
    "DRAWN", "DUE", "TERMINATED", "DATED", "PRICED", "IN_INSTALMENTS", "REJECTED", "HAS_GOODS", "PURPOSE",
)  # fmt: skip
SELLER = ("CHANNEL_TYPE", "NAME_SELLER_INDUSTRY", "AREA")
PRESENCE: dict[str, tuple[str, int | str]] = {
    "SELLERPLACE_AREA": ("AREA", POSITIVE),
    "NFLAG_INSURED_ON_APPROVAL": ("DATED", 1),
}


def encode(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of :data:`COLUMNS` that the table lacks.

    ``ASKED`` to ``GOODS`` are the signs of amounts; a credit without an amount asked for is :data:`UNASKED`.
    ``DATES`` is :data:`LOAN` for loans repaid in instalments, else a letter per date: n for missing, s for never, d
    for a day. ``DRAWN``, ``DUE`` and ``TERMINATED`` are whether those dates are or may become days, ``DATED`` whether
    there are any, ``PRICED`` whether there are a price and a credit, ``IN_INSTALMENTS`` whether there are a credit,
    an instalment and a number of instalments.
    """
    letters = pl.concat_str(
        pl.when(pl.col(date).is_null())
        .then(pl.lit("n"))
        .when(pl.col(date) == SENTINEL_DAYS)
        .then(pl.lit("s"))
        .otherwise(pl.lit("d"))
        for date in DATES
    )
    is_loan = letters.str.starts_with("s") & (letters.str.slice(2, 1) == "d")
    purpose = pl.col("NAME_CASH_LOAN_PURPOSE")
    unasked = (pl.col("AMT_APPLICATION") == 0) & (pl.col("AMT_CREDIT") > 0)
    has_credit = pl.col("AMT_CREDIT") > 0
    return frame.with_columns(
        ASKED=sign("AMT_APPLICATION"),
        CREDIT=pl.when(unasked).then(pl.lit(UNASKED)).otherwise(sign("AMT_CREDIT")),
        ANNUITY=sign("AMT_ANNUITY"),
        TERM=sign("CNT_PAYMENT"),
        DOWN=sign("AMT_DOWN_PAYMENT"),
        GOODS=sign("AMT_GOODS_PRICE"),
        DATES=pl.when(is_loan).then(pl.lit(LOAN)).otherwise(letters),
        DRAWN=(letters.str.starts_with("d")).cast(pl.Int64),
        DUE=(is_loan | (letters.str.slice(1, 1) == "d")).cast(pl.Int64),
        TERMINATED=(is_loan | letters.str.ends_with("d")).cast(pl.Int64),
        DATED=(letters != NO_DATES).cast(pl.Int64),
        PRICED=((pl.col("AMT_APPLICATION") > 0) & has_credit).cast(pl.Int64),
        IN_INSTALMENTS=((pl.col("CNT_PAYMENT") > 0) & (pl.col("AMT_ANNUITY") > 0) & has_credit)
        .fill_null(value=False)
        .cast(pl.Int64),
        REJECTED=(pl.col("CODE_REJECT_REASON") != "XAP").cast(pl.Int64),
        HAS_GOODS=(pl.col("NAME_GOODS_CATEGORY") != "XNA").cast(pl.Int64),
        PURPOSE=pl.when(purpose.is_in(["XAP", "XNA"])).then(purpose).otherwise(pl.lit("some")),
        AREA=sign("SELLERPLACE_AREA"),
        SELLERPLACE_AREA=pl.when(pl.col("SELLERPLACE_AREA") > 0).then("SELLERPLACE_AREA"),
    )


def decode(drawn: pl.DataFrame) -> pl.DataFrame:
    """Return ``drawn`` with the seller's area, -1 where it is unknown."""
    area = pl.when(pl.col("AREA") == NEGATIVE).then(-1).otherwise(pl.col("SELLERPLACE_AREA").clip(1))
    return drawn.with_columns(SELLERPLACE_AREA=signed("AREA", area))
