"""Loans of approved previous applications, and their outstanding amounts.

The lateness of an applicant is one latent number for all the applicant's loans and cards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.synthetic.previous.dates import DUE_EVERY

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Floats

NEWTON_STEPS = 8
USUAL_END = 90  # days after the last due date; a later end may mean a small remaining debt


def loans_of(previous: pl.DataFrame, late: Floats) -> pl.DataFrame:
    """Return the approved loans that have a first due date, with three further columns.

    ``LATE`` is the applicant's lateness; ``PLANNED`` the last due date as planned; ``RESIDUE_SINCE`` the last due date
    of loans that ended long after it, or have not ended; null for all others.
    """
    first, months = pl.col("DAYS_FIRST_DUE"), pl.col("CNT_PAYMENT")
    last, ended = pl.col("DAYS_LAST_DUE"), pl.col("DAYS_TERMINATION")
    residue = (last < 0) & (pl.min_horizontal(ended, 0) - last > USUAL_END)
    return previous.with_columns(
        LATE=pl.Series(late),
        PLANNED=first + DUE_EVERY * (months - 1),
        RESIDUE_SINCE=pl.when(residue).then(last),
    ).filter(first < 0, months > 0)


def implied_rate(credit: Floats, annuity: Floats, months: Floats) -> Floats:
    """Return the monthly rate at which ``months`` instalments repay each credit, by Newton's method.

    It is 0 where they repay no more than the credit.
    """
    ratio = np.maximum(annuity * months / credit, 1.0)
    rate = 2 * (ratio - 1) / (months + 1)
    for _ in range(NEWTON_STEPS):
        safe = np.maximum(rate, 1e-9)
        growth = (1 + safe) ** -months
        value = (1 - growth) / safe * annuity - credit
        slope = (months * growth / (1 + safe) - (1 - growth) / safe) / safe * annuity
        rate = np.maximum(safe - value / slope, 0)
    return np.where(ratio > 1, rate, 0)


def outstanding(annuity: Floats, rate: Floats, remaining: Floats) -> Floats:
    """Return the present value of the remaining instalments: the amount that repays a loan at once."""
    safe = np.maximum(rate, 1e-9)
    value: Floats = annuity * (1 - (1 + safe) ** -remaining) / safe
    return value
