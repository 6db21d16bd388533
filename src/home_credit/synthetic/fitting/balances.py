"""Fits the statistics of the monthly tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic.bureau_balance import CLOSED, STATUSES
from home_credit.synthetic.days import MONTH
from home_credit.synthetic.fitting.marginals import MIN_ROWS, quantiles_of
from home_credit.synthetic.loans import loans_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.synthetic.chain.columns import Mask
    from home_credit.synthetic.statistics import (
        BalanceStatistics,
        BureauStatistics,
        CardStatistics,
        DelinquencyStatistics,
        InstallmentStatistics,
    )

PAST_DUE = ("SK_DPD", "SK_DPD_DEF")
BOUNDS = (0, 7, 30, 60, 90, 180, 360)  # days past due
SHORTEST_MONTH, LONGEST_MONTH = 27, 31
LONG_RESIDUE = 180  # days past due
TENTHS = np.linspace(0, 1, 11)


def balances_of(tables: Mapping[str, pl.DataFrame]) -> BalanceStatistics:
    """Return the statistics of the monthly tables."""
    return {
        "reported": 0.98,
        "bureau": _bureau(tables["bureau"], tables["bureau_balance"]),
        "loans": {
            "stops": 0.06,
            "residue": _residue(tables["POS_CASH_balance"], tables["previous_application"]),
            "signed": 0.088,
            "delinquency": _delinquency(tables["POS_CASH_balance"]),
        },
        "installments": _installments(tables["installments_payments"]),
        "cards": _cards(tables["credit_card_balance"]),
    }


def _bureau(credit: pl.DataFrame, monthly: pl.DataFrame) -> BureauStatistics:
    """Return the transitions of statuses, without those of fewer than :data:`MIN_ROWS` months."""
    monthly = monthly.sort("SK_ID_BUREAU", "MONTHS_BALANCE").join(
        credit.select("SK_ID_BUREAU"), on="SK_ID_BUREAU", how="semi"
    )
    codes = {status: code for code, status in enumerate(STATUSES)}
    code = monthly["STATUS"].replace_strict(codes, return_dtype=pl.Int64).to_numpy()
    owner = monthly["SK_ID_BUREAU"].to_numpy()
    same = (owner[1:] == owner[:-1]) & (code[1:] != CLOSED) & (code[:-1] != CLOSED)
    transition = np.zeros((CLOSED, CLOSED))
    np.add.at(transition, (code[:-1][same], code[1:][same]), 1)
    first = np.r_[True, owner[1:] != owner[:-1]]
    opening = np.bincount(code[first], minlength=len(codes))[:CLOSED]
    transition, opening = (np.where(count >= MIN_ROWS, count, 0) for count in (transition, opening))
    ends = monthly.group_by("SK_ID_BUREAU").agg(pl.col("MONTHS_BALANCE").max())["MONTHS_BALANCE"]
    return {
        "next_month": 0.957,
        "stops": _share(ends < 0),
        "transition": [[round(float(x), 5) for x in row / row.sum()] for row in transition],
        "opening": [int(x) for x in opening],
    }


def _share(rows: pl.Series) -> float:
    return round(float(rows.to_numpy().mean()), 4)


def _delinquency(months: pl.DataFrame) -> DelinquencyStatistics:
    """Return the transitions of days past due; shares of fewer than :data:`MIN_ROWS` months are 0."""
    months = months.filter(pl.col("SK_DPD").max().over("SK_ID_PREV") <= LONG_RESIDUE)
    previous = [
        pl.col(name).shift(1).over("SK_ID_PREV").alias(f"{name}_BEFORE")
        for name in (*PAST_DUE, "MONTHS_BALANCE")
    ]
    pairs = months.sort("SK_ID_PREV", "MONTHS_BALANCE").with_columns(previous)
    pairs = pairs.filter(pl.col("MONTHS_BALANCE_BEFORE") == pl.col("MONTHS_BALANCE") - 1)
    now, before, counted, counted_before = (
        pairs[name].to_numpy() for name in ("SK_DPD", "SK_DPD_BEFORE", "SK_DPD_DEF", "SK_DPD_DEF_BEFORE")
    )
    grows = (before > 0) & (now >= before + SHORTEST_MONTH)
    anew = (now > 0) & ~grows & (now <= LONGEST_MONTH)
    bucket = np.searchsorted(BOUNDS, before, side="left")
    falls = anew & (before == 0)
    at = [0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1]
    return {
        "loading": 0.6,
        "falls": _rate(falls[before == 0]),
        "at": at,
        "days": [round(float(q)) for q in quantiles_of(now[falls], at)],
        "bounds": list(BOUNDS),
        "rolls": [_rate(grows[bucket == each]) for each in range(len(BOUNDS) + 1)],
        "again": [_rate(anew[bucket == each]) for each in range(len(BOUNDS) + 1)],
        "tolerated": _rate(counted[falls] == 0),
        "forgiven": _rate(counted[grows & (counted_before > 0)] == 0),
    }


def _residue(months: pl.DataFrame, previous: pl.DataFrame) -> float:
    """Return the share of loans, of those that ended late, that were past due after their last due date."""
    after = (
        loans_of(previous, np.zeros(len(previous)))
        .select("SK_ID_PREV", "RESIDUE_SINCE")
        .drop_nulls()
        .join(months, on="SK_ID_PREV")
        .filter(pl.col("MONTHS_BALANCE") > (pl.col("RESIDUE_SINCE") / MONTH).floor())
    )
    return _share(after.group_by("SK_ID_PREV").agg(pl.col("SK_DPD").max() > 0)["SK_DPD"])


def _rate(rows: Mask) -> float:
    return round(float(rows.mean()), 5) if rows.sum() >= MIN_ROWS else 0.0


def _installments(payments: pl.DataFrame) -> InstallmentStatistics:
    at = [0, 0.005, 0.02, 0.05, *np.round(np.arange(0.1, 0.95, 0.05), 2).tolist(),
          0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1]  # fmt: skip
    delay = pl.col("DAYS_ENTRY_PAYMENT") - pl.col("DAYS_INSTALMENT")
    paid = payments.select(card=pl.col("NUM_INSTALMENT_VERSION") == 0, delay=delay).drop_nulls()
    loan, card = (paid.filter(pl.col("card") == kind)["delay"].to_numpy() for kind in (False, True))
    return {
        "loading": 0.55,
        "card_parts": 1.5,
        "revised": 0.08,
        "split": 0.09,
        "at": at,
        "loan_delay": [round(float(q)) for q in quantiles_of(loan, at)],
        "card_delay": [round(float(q)) for q in quantiles_of(card, at)],
    }


def _cards(months: pl.DataFrame) -> CardStatistics:
    owing = months.filter((pl.col("AMT_BALANCE") > 0) | (pl.col("SK_DPD") > 0))
    lives = months.group_by("SK_ID_PREV").agg(
        completed=(pl.col("NAME_CONTRACT_STATUS") == "Completed").sum(),
        last=pl.col("MONTHS_BALANCE").max(),
        worst=pl.col("SK_DPD").max(),
    )
    completed = lives.filter(pl.col("completed") > 0)["completed"]
    last = np.bincount(-1 - lives["last"].to_numpy())
    months = months.filter(pl.col("AMT_CREDIT_LIMIT_ACTUAL") > 0)
    use = pl.col("AMT_BALANCE") / pl.col("AMT_CREDIT_LIMIT_ACTUAL")
    draws = pl.col("AMT_DRAWINGS_CURRENT") > 0
    cards = (
        months.group_by("SK_ID_PREV")
        .agg(use=use.quantile(0.8), draws=draws.mean(), top=pl.col("AMT_BALANCE").max())
        .filter(pl.col("top") > 0)
    )
    drawing = months.filter(draws)["AMT_DRAWINGS_CURRENT"] / months.filter(draws)["AMT_CREDIT_LIMIT_ACTUAL"]
    return {
        "last_months": [int(count) for count in np.where(last >= MIN_ROWS, last, 0)],
        "completed": _share(lives["completed"] > 0),
        "completed_months": round(float(completed.to_numpy().mean()), 1),
        "residue": _share(lives["worst"] > LONG_RESIDUE),
        "older": 0.034,
        "atm": 0.6,
        "pays": 0.93,
        "interest": 0.02,
        "forgiven": 50,
        "principal": 0.957,
        "delinquency": _delinquency(owing),
        "drawing": round(float(drawing.to_numpy().mean()), 3),
        "at": TENTHS.round(1).tolist(),
        "utilisation": quantiles_of(cards["use"].to_numpy(), TENTHS).round(3).tolist(),
        "draws": quantiles_of(cards["draws"].to_numpy(), TENTHS).round(3).tolist(),
    }
