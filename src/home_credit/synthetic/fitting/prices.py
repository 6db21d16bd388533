"""Finds the lender's price lists from loans."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic.application import CENT
from home_credit.synthetic.fitting.marginals import MIN_ROWS
from home_credit.synthetic.previous.terms import CREDIT_UNIT, tariff_making
from home_credit.synthetic.prices import (
    FEE,
    UNIT,
    PriceList,
    explain_instalments,
    factor_of,
    insured,
    months_of,
    premium_per_month,
    rounded,
    tariff,
)

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Floats

MOST_FACTORS = 255
MIN_USES = 20
HIGHEST_FACTOR = 20_000
LEAST_REPAID = 1.03  # of the credit, by all instalments of a tariff

logger = logging.getLogger(__name__)


def loan_prices(previous: pl.DataFrame) -> PriceList:
    """Return the tariffs and premiums of at least :data:`MIN_ROWS` previous applications each."""
    loans = previous.filter(
        pl.col("CNT_PAYMENT") > 0, pl.col("AMT_ANNUITY") > 0, pl.col("AMT_CREDIT") > 0
    ).with_columns(
        PRICE=pl.col("AMT_APPLICATION") - pl.col("AMT_DOWN_PAYMENT").fill_null(0),
        MONTHS=pl.col("CNT_PAYMENT"),
    )
    made = [
        tariff_making(pl.col("AMT_CREDIT"), pl.col("AMT_ANNUITY") - fee, pl.col("CNT_PAYMENT"))
        for fee in (0.0, FEE)
    ]
    tariffs = pl.concat([loans.select(each).to_series().alias("tariff") for each in made])
    return PriceList(_frequent(tariffs, MIN_ROWS), _frequent(_premiums(loans), MIN_ROWS))


def application_prices(applications: pl.DataFrame, of_loans: PriceList) -> PriceList:
    """Return the price list of cash applications, whose number of instalments is not in their table.

    A factor has the months that it has ``of_loans``, else those with which premiums explain most of the credits.
    """
    cash = applications.filter(pl.col("AMT_GOODS_PRICE") > 0, pl.col("AMT_ANNUITY") > 0).filter(
        pl.col("NAME_CONTRACT_TYPE") == "Cash loans"
    )
    credit, annuity = (cash[name].to_numpy() for name in ("AMT_CREDIT", "AMT_ANNUITY"))
    factors = tuple(sorted(tariff(factor, 0) for factor in find_factors(credit, annuity)))
    matched, _ = explain_instalments(credit, annuity, factors, CENT)
    loans = cash.select("AMT_CREDIT", PRICE="AMT_GOODS_PRICE", FACTOR=pl.Series(matched))
    listed = pl.DataFrame({"TARIFF": of_loans.tariffs}).select(
        "TARIFF", FACTOR=pl.col("TARIFF") // 100 * 100, MONTHS=months_of(pl.col("TARIFF"))
    )
    listed = listed.filter(factor_of(pl.col("TARIFF")) * pl.col("MONTHS") >= LEAST_REPAID)
    tariffs = []
    for each, rows in loans.group_by("FACTOR"):
        factor = int(each[0])
        known = listed.filter(pl.col("FACTOR") == factor)["MONTHS"].to_list()
        repaying = [
            months
            for months in listed["MONTHS"].unique().sort()
            if factor / 100 * months >= LEAST_REPAID * UNIT
        ]
        explained = {months: _explained(rows, months, of_loans.premiums) for months in known or repaying}
        tariffs.append(factor + max(explained, key=lambda months: (explained[months], -months)))
    months = pl.DataFrame({"TARIFF": tariffs}).select(
        FACTOR=pl.col("TARIFF") // 100 * 100, MONTHS=months_of(pl.col("TARIFF"))
    )
    premiums = _frequent(_premiums(loans.join(months, on="FACTOR")), MIN_USES)
    return PriceList(tuple(sorted(tariffs)), premiums)


def _frequent(values: pl.Series, least: int) -> tuple[int, ...]:
    counts = values.drop_nulls().value_counts().filter(pl.col("count") >= least)
    return tuple(counts[values.name].cast(pl.Int64).sort())


def _premiums(loans: pl.DataFrame) -> pl.Series:
    """Return the premium that yields each credit (AMT_CREDIT, PRICE, MONTHS) exactly, null where none does."""
    credit, price, months = pl.col("AMT_CREDIT"), pl.col("PRICE"), pl.col("MONTHS")
    premium = premium_per_month(credit, price, months)
    exact = (rounded(price * insured(premium, months), CREDIT_UNIT) - credit).abs() < 0.01
    return loans.filter(price > 0).select(pl.when(exact).then(premium).alias("premium")).to_series()


def _explained(loans: pl.DataFrame, months: int, premiums: tuple[int, ...]) -> int:
    """Return how many of the insured credits a listed premium over ``months`` yields exactly."""
    found = _premiums(loans.with_columns(MONTHS=pl.lit(months)))
    return int(found.is_in([premium for premium in premiums if premium]).sum())


def find_factors(credit: Floats, annuity: Floats) -> list[int]:
    """Return the factors that explain most of the instalments not yet explained, the most frequent first."""
    lowest, highest = [], []
    for fee in (0, FEE):
        lowest.append(np.ceil((annuity - fee) / credit * UNIT - 1e-6))
        highest.append(np.ceil((annuity - fee + CENT) / credit * UNIT - 1e-6) - 1)
    low, high = np.array(lowest), np.array(highest)
    left = np.ones(len(credit), dtype=bool)
    factors: list[int] = []
    while len(factors) < MOST_FACTORS:
        uses = np.zeros(HIGHEST_FACTOR)
        for first, last in zip(low, high, strict=True):
            some = left & (last >= first) & (last < HIGHEST_FACTOR - 1) & (first > 0)
            np.add.at(uses, first[some].astype(int), 1)
            np.add.at(uses, last[some].astype(int) + 1, -1)
        uses = np.cumsum(uses)
        if uses.max() < MIN_USES:
            break
        factors.append(int(uses.argmax()))
        left &= ~((low <= factors[-1]) & (high >= factors[-1])).any(axis=0)
    logger.info("%d factors explain %.1f %% of the instalments", len(factors), 100 * (1 - left.mean()))
    return factors
