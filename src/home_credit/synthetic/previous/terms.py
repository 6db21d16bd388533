"""Amounts and terms of previous applications, by the price list or, where it does not explain them, directly.

``TARIFF`` and ``PREMIUM`` are :data:`OTHER` where no entry of the list yields the instalment or the credit. Then the
number of ``MONTHS`` and the ``MARGIN`` are drawn instead (the excess of all instalments over the credit, as a share
of the credit and per month), or the ``CREDIT_RATIO`` of credit and price.
"""

from __future__ import annotations

import polars as pl

from home_credit.synthetic.previous.structure import UNASKED
from home_credit.synthetic.prices import (
    FEE,
    REVOLVING_FACTOR,
    UNIT,
    PriceList,
    factor_of,
    insured,
    months_of,
    premium_per_month,
    rounded,
)
from home_credit.synthetic.signs import POSITIVE, signed

OTHER = -1
CENT = 0.045
CREDIT_UNIT = 4.5
CASH_UNIT = 4500
DOWN_PAYMENT_RATE = 1.0890909  # RATE_DOWN_PAYMENT per unit of down payment in credit and down payment
REVOLVING = "Revolving loans"
PRESENCE: dict[str, tuple[str, int | str]] = {
    "AMT_APPLICATION": ("ASKED", POSITIVE),
    "DOWN_SHARE": ("DOWN", POSITIVE),
    "TARIFF": ("IN_INSTALMENTS", 1),
    "FEE": ("IN_INSTALMENTS", 1),
    "MONTHS": ("TARIFF", OTHER),
    "MARGIN": ("TARIFF", OTHER),
    "PREMIUM": ("PRICED", 1),
    "CREDIT_RATIO": ("PREMIUM", OTHER),
    "UNASKED_CREDIT": ("CREDIT", UNASKED),
}


def encode(frame: pl.DataFrame, prices: PriceList) -> pl.DataFrame:
    """Return ``frame`` with the variables of amounts and terms."""
    asked, credit, months = pl.col("AMT_APPLICATION"), pl.col("AMT_CREDIT"), pl.col("CNT_PAYMENT")
    in_instalments = pl.col("IN_INSTALMENTS") == 1
    frame = frame.with_columns(
        AMT_APPLICATION=pl.when(asked > 0).then(asked),
        DOWN_SHARE=pl.when(pl.col("AMT_DOWN_PAYMENT") > 0).then(
            (pl.col("AMT_DOWN_PAYMENT") / asked).round(4)
        ),
        UNASKED_CREDIT=pl.when(pl.col("CREDIT") == UNASKED).then(credit),
        PRICE=asked - pl.col("AMT_DOWN_PAYMENT").fill_null(0),
        **listed_tariff(prices.tariffs),
    )
    price = pl.col("PRICE")
    premium = pl.when(credit == price).then(0).when(months > 0).then(premium_per_month(credit, price, months))
    made = rounded(price * insured(premium, months.fill_null(0)), CREDIT_UNIT)
    exact = ((made - credit).abs() < CREDIT_UNIT + CENT) & premium.is_in(prices.premiums)
    return frame.with_columns(
        TARIFF=pl.when(in_instalments).then(pl.col("TARIFF").fill_null(OTHER)),
        FEE=pl.when(in_instalments).then(pl.when(pl.col("TARIFF").is_not_null()).then("FEE").otherwise(0)),
        PREMIUM=pl.when(pl.col("PRICED") == 1).then(
            pl.when(exact.fill_null(value=False)).then(premium).otherwise(OTHER)
        ),
    ).with_columns(
        MONTHS=pl.when(pl.col("TARIFF") == OTHER).then(months.cast(pl.Int64)),
        MARGIN=pl.when(pl.col("TARIFF") == OTHER).then(
            (pl.col("AMT_ANNUITY") * months / credit - 1) / (months + 1)
        ),
        CREDIT_RATIO=pl.when(pl.col("PREMIUM") == OTHER).then((credit / price).round(4)),
    )


def listed_tariff(tariffs: tuple[int, ...]) -> dict[str, pl.Expr]:
    """Return the listed tariff that yields each instalment, and whether with the fee (0, 1); null where none does."""
    candidates = [_tariff(fee) for fee in (0.0, FEE)]
    found = [pl.when(tariff.is_in(tariffs)).then(tariff) for tariff in candidates]
    return {"TARIFF": pl.coalesce(found), "FEE": pl.when(found[0].is_not_null()).then(0).otherwise(1)}


def _tariff(fee: float) -> pl.Expr:
    """Return the tariff, listed or not, that yields each instalment to the cent."""
    return tariff_making(pl.col("AMT_CREDIT"), pl.col("AMT_ANNUITY") - fee, pl.col("CNT_PAYMENT"))


def tariff_making(credit: pl.Expr, annuity: pl.Expr, months: pl.Expr) -> pl.Expr:
    """Return the tariff that yields an instalment without its fee, null where its factor has more digits."""
    factor = (annuity / credit * UNIT).round()
    exact = (factor * credit / UNIT - annuity).abs() < CENT + 0.005
    return pl.when(exact & (factor > 0)).then(factor * 100 + months).cast(pl.Int64)


def decode(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with the columns of amounts and terms."""
    is_cash = pl.col("NAME_CONTRACT_TYPE") == "Cash loans"
    listed = pl.col("TARIFF") != OTHER
    months = pl.when(listed).then(months_of(pl.col("TARIFF"))).otherwise("MONTHS")
    unit = pl.when(is_cash).then(CASH_UNIT).otherwise(CENT)
    asked = ((pl.col("AMT_APPLICATION") / unit).round() * unit).clip(CASH_UNIT)
    frame = frame.with_columns(AMT_APPLICATION=signed("ASKED", asked), MONTHS=months)
    down = rounded(pl.col("AMT_APPLICATION") * pl.col("DOWN_SHARE"), CENT)
    frame = frame.with_columns(AMT_DOWN_PAYMENT=signed("DOWN", down))
    price = pl.col("AMT_APPLICATION") - pl.col("AMT_DOWN_PAYMENT").fill_null(0)
    premium = insured(pl.col("PREMIUM"), pl.col("MONTHS").fill_null(0))
    # A credit repaid in instalments is at least the price less the down payment.
    ratio = pl.when(pl.col("MONTHS") > 0).then(pl.col("CREDIT_RATIO").clip(1)).otherwise("CREDIT_RATIO")
    credit = (
        pl.when(pl.col("CREDIT") == UNASKED)
        .then("UNASKED_CREDIT")
        .when(pl.col("PREMIUM") == OTHER)
        .then(rounded(price * ratio, CENT))
        .otherwise(rounded(price * premium, CREDIT_UNIT))
    )
    frame = frame.with_columns(AMT_CREDIT=signed("CREDIT", credit))
    listed_annuity = pl.col("AMT_CREDIT") * factor_of(pl.col("TARIFF")) + pl.col("FEE").fill_null(0) * FEE
    margin = pl.col("MARGIN").clip(0) * (pl.col("MONTHS") + 1)
    other_annuity = pl.col("AMT_CREDIT") * (1 + margin) / pl.col("MONTHS")
    annuity = (
        pl.when(pl.col("NAME_CONTRACT_TYPE") == REVOLVING)
        .then(pl.col("AMT_CREDIT") * REVOLVING_FACTOR)
        .when(listed)
        .then(listed_annuity)
        .otherwise(other_annuity)
    )
    both = pl.max_horizontal(pl.col("AMT_CREDIT") + pl.col("AMT_DOWN_PAYMENT"), 1.0)
    return frame.with_columns(
        AMT_ANNUITY=signed("ANNUITY", rounded(annuity, CENT)),
        CNT_PAYMENT=signed("TERM", pl.col("MONTHS").cast(pl.Float64)),
        AMT_GOODS_PRICE=signed("GOODS", pl.col("AMT_APPLICATION")),
        RATE_DOWN_PAYMENT=DOWN_PAYMENT_RATE * pl.col("AMT_DOWN_PAYMENT") / both,
    )
