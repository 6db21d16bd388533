"""Loans month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.synthetic.balances import IDS, category, in_schema, numbers, repeat_rows
from home_credit.synthetic.days import MONTH
from home_credit.synthetic.delinquency import Delinquency

if TYPE_CHECKING:
    import polars as pl

    from home_credit.synthetic.chain import Floats
    from home_credit.synthetic.chain.columns import Mask
    from home_credit.synthetic.statistics import LoanStatistics

STATUSES = ("Active", "Completed", "Signed")
ACTIVE, COMPLETED, SIGNED = range(3)


def pos_cash(loans: pl.DataFrame, statistics: LoanStatistics, random: np.random.Generator) -> pl.DataFrame:
    """Return the monthly balances of ``loans`` (see :func:`~home_credit.synthetic.loans.loans_of`).

    Their months run from the one after they were granted until they ended, or reports stopped.
    """
    first, last, ends = _months(loans, statistics, random)
    owner, step = repeat_rows((last - first + 1).astype(np.int64))
    month = first[owner] + step
    final = ends[owner] & (month == last[owner])
    signed = (step == 0) & ~final & (random.random(len(loans)) < statistics["signed"])[owner]
    status = np.where(final, COMPLETED, np.where(signed, SIGNED, ACTIVE))
    left = random.random(len(loans)) < statistics["residue"]
    residual = left[owner] & (np.floor(numbers(loans, "RESIDUE_SINCE") / MONTH)[owner] < month)
    delinquency = Delinquency(numbers(loans, "LATE"), statistics["delinquency"], random)
    past, counted = np.zeros(len(owner), dtype=np.int64), np.zeros(len(owner), dtype=np.int64)
    by_step = np.argsort(step, kind="stable")
    for rows in np.split(by_step, np.cumsum(np.bincount(step))[:-1]):
        past[rows], counted[rows] = delinquency.pass_month(
            owner[rows], status[rows] == ACTIVE, residual[rows]
        )
    term = numbers(loans, "CNT_PAYMENT")[owner]
    return in_schema(
        "POS_CASH_balance",
        {
            **{name: loans[name].to_numpy()[owner] for name in IDS},
            "MONTHS_BALANCE": month,
            "CNT_INSTALMENT": np.where(final, np.minimum(term, np.maximum(step, 1)), term),
            "CNT_INSTALMENT_FUTURE": np.where(final, 0, np.maximum(term - np.maximum(step - 1, 0), 0)),
            "NAME_CONTRACT_STATUS": category(STATUSES, status),
            "SK_DPD": past,
            "SK_DPD_DEF": counted,
        },
    )


def _months(
    loans: pl.DataFrame, statistics: LoanStatistics, random: np.random.Generator
) -> tuple[Floats, Floats, Mask]:
    """Return the first and last month of each loan, and whether it ended in the last."""
    count = len(loans)
    first = np.floor(numbers(loans, "DAYS_DECISION") / MONTH) + (random.random(count) < 0.5)
    first = np.minimum(first, -1)
    end = numbers(loans, "DAYS_TERMINATION")
    ended = end < 0
    last = np.where(ended, np.floor(end / MONTH) + (random.random(count) < 0.45), -1)
    last = np.clip(last, first, -1)
    stops = random.random(count) < statistics["stops"]
    stopped = np.floor(first + random.random(count) * (last - first + 1))
    return first, np.where(stops, stopped, last), ended & ~stops
