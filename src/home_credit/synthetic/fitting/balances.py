"""The few numbers that monthly tables need beside the terms of the credits that they follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic import bureau
from home_credit.synthetic.fitting.marginals import MIN_ROWS, quantiles_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.synthetic.statistics import (
        BalanceStatistics,
        BureauStatistics,
        CardStatistics,
        InstallmentStatistics,
        OverdueStatistics,
    )

TENTHS = np.linspace(0, 1, 11)


def balances_of(tables: Mapping[str, pl.DataFrame]) -> BalanceStatistics:
    """Return the statistics of the monthly tables."""
    overdue = _overdue(tables["POS_CASH_balance"])
    return {
        "reported": 0.98,
        "bureau": _bureau(tables["bureau"], tables["bureau_balance"]),
        "loans": {"reported": 1.0, "stops": 0.06, "signed": 0.088, "overdue": overdue},
        "installments": _installments(tables["installments_payments"]),
        "cards": _cards(tables["credit_card_balance"], overdue),
    }


def _bureau(credit: pl.DataFrame, monthly: pl.DataFrame) -> BureauStatistics:
    """Return how statuses follow each other, leaving out transitions of fewer than :data:`MIN_ROWS` months."""
    monthly = monthly.sort("SK_ID_BUREAU", "MONTHS_BALANCE").join(
        credit.select("SK_ID_BUREAU"), on="SK_ID_BUREAU", how="semi"
    )
    codes = {status: code for code, status in enumerate(bureau.STATUSES)}
    code = monthly["STATUS"].replace_strict(codes, return_dtype=pl.Int64).to_numpy()
    owner = monthly["SK_ID_BUREAU"].to_numpy()
    same = (owner[1:] == owner[:-1]) & (code[1:] != bureau.CLOSED) & (code[:-1] != bureau.CLOSED)
    transition = np.zeros((bureau.CLOSED, bureau.CLOSED))
    np.add.at(transition, (code[:-1][same], code[1:][same]), 1)
    first = np.r_[True, owner[1:] != owner[:-1]]
    opening = np.bincount(code[first], minlength=len(codes))[: bureau.CLOSED]
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


def _overdue(pos: pl.DataFrame) -> OverdueStatistics:
    at = [0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1]
    days = pos.filter(pl.col("SK_DPD") > 0)["SK_DPD"].to_numpy()
    return {
        "loading": 0.6,
        "overdue": _share(pos["SK_DPD"] > 0),
        "intolerable": _share(pos["SK_DPD_DEF"] > 0),
        "at": at,
        "days": [round(float(q)) for q in quantiles_of(days, at)],
    }


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


def _cards(months: pl.DataFrame, overdue: OverdueStatistics) -> CardStatistics:
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
        "stops": 0.11,
        "older": 0.034,
        "atm": 0.6,
        "pays": 0.93,
        "interest": 0.02,
        "forgiven": 50,
        "principal": 0.957,
        "overdue": overdue,
        "drawing": round(float(drawing.to_numpy().mean()), 3),
        "at": TENTHS.round(1).tolist(),
        "utilisation": quantiles_of(cards["use"].to_numpy(), TENTHS).round(3).tolist(),
        "draws": quantiles_of(cards["draws"].to_numpy(), TENTHS).round(3).tolist(),
    }
