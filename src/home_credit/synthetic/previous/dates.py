"""Dates of previous applications: each is relative to the one before it, and missing while it is in the future.

Instalments are due every thirty days from the first. ``EARLY`` says whether a credit ended before its planned end,
``ENDED_SHARE`` the last instalment due then, as a share of those due so far.
"""

from __future__ import annotations

import polars as pl

from home_credit.synthetic.days import within_adult_life
from home_credit.synthetic.previous.structure import DATES, LOAN
from home_credit.tables.schema import SENTINEL_DAYS

LONGEST = 2922  # days; the table has no older rows
DUE_EVERY = 30
ALMOST_ALL = 0.9999
PRESENCE: dict[str, tuple[str, int | str]] = {
    "FIRST_DRAWING": ("DRAWN", 1),
    "FIRST_DUE": ("DUE", 1),
    "EARLY": ("DUE", 1),
    "ENDED_SHARE": ("EARLY", 1),
    "TERMINATION": ("TERMINATED", 1),
}


def encode(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with the variables of dates."""
    drawing, first_day, planned, last, ended = (
        pl.when(pl.col(date) != SENTINEL_DAYS).then(pl.col(date)) for date in DATES
    )
    decision, is_loan = pl.col("DAYS_DECISION"), pl.col("DATES") == LOAN
    # The first due date of a loan follows from the planned last one, even where that is in the future.
    first = pl.when(is_loan).then(planned - DUE_EVERY * (pl.col("CNT_PAYMENT") - 1)).otherwise(first_day)
    early = last.is_not_null() & (last < planned.fill_null(0))
    # A credit that has not ended does not end before now.
    ending = pl.when(is_loan & last.is_not_null()).then(ended.fill_null(0)).otherwise(ended)
    return frame.with_columns(
        FIRST_DRAWING=drawing - decision,
        FIRST_DUE=first - decision,
        FIRST=first,
        EARLY=pl.when(pl.col("DUE") == 1).then(early.cast(pl.Int64)),
        TERMINATION=ending - pl.coalesce(last, decision),
        LAST=last,
        PLANNED=planned,
    ).with_columns(
        ENDED_SHARE=pl.when(pl.col("EARLY") == 1).then(
            ((pl.col("LAST") - pl.col("FIRST")) // DUE_EVERY + 0.5) / instalments_so_far()
        )
    )


def instalments_so_far() -> pl.Expr:
    """Return how many instalments were due by yesterday, from the columns FIRST and PLANNED (null without a plan)."""
    end = pl.min_horizontal(pl.col("PLANNED").fill_null(-1), -1)
    return (end - pl.col("FIRST")) // DUE_EVERY + 1


def decode(frame: pl.DataFrame, births: pl.Series) -> pl.DataFrame:
    """Return ``frame`` with the columns of dates; ``births`` are the applicants' days of birth."""
    decision = pl.col("DAYS_DECISION")
    is_loan = pl.col("DATES") == LOAN
    first = decision + pl.col("FIRST_DUE").clip(0)
    planned = pl.col("FIRST") + DUE_EVERY * (pl.col("CNT_PAYMENT") - 1)
    share = pl.col("ENDED_SHARE").fill_null(0.5).clip(0, ALMOST_ALL)
    last_early = pl.col("FIRST") + DUE_EVERY * (share * instalments_so_far()).floor()
    as_planned = is_loan & ((pl.col("FIRST") >= 0) | (pl.col("EARLY") == 0))
    ended = pl.coalesce("LAST", "DAYS_DECISION") + pl.col("TERMINATION").clip(0)
    frame = (
        frame.with_columns(births.alias("BIRTH"))
        .with_columns(DAYS_DECISION=pl.min_horizontal(within_adult_life(decision, LONGEST), -1))
        .with_columns(FIRST=pl.when(is_loan).then(first).otherwise(pl.min_horizontal(first, -1)))
        .with_columns(PLANNED=pl.when(is_loan).then(planned))
        .with_columns(LAST=pl.when(as_planned).then("PLANNED").otherwise(last_early))
        .with_columns(ENDED=pl.when(is_loan).then(ended).otherwise(pl.min_horizontal(ended, -1)))
    )
    drawing = pl.min_horizontal(decision + pl.col("FIRST_DRAWING").clip(0), -1)
    closed = pl.col("LAST") < 0
    dated = {
        DATES[0]: _letter_or(0, drawing, loan=pl.lit(SENTINEL_DAYS)),
        DATES[1]: _letter_or(1, pl.col("FIRST"), loan=_while_past(pl.col("FIRST"))),
        DATES[2]: _letter_or(2, pl.lit(SENTINEL_DAYS), loan=pl.col("PLANNED")),
        DATES[3]: _letter_or(3, pl.col("LAST"), loan=_while_past(pl.col("LAST"))),
        DATES[4]: _letter_or(
            4,
            pl.col("ENDED"),
            loan=pl.when(closed).then(_while_past(pl.col("ENDED"))).otherwise(SENTINEL_DAYS),
        ),
    }
    return frame.with_columns(**dated)


def _while_past(day: pl.Expr) -> pl.Expr:
    """Return a day, or "never" where it is in the future."""
    return pl.when(day < 0).then(day).otherwise(SENTINEL_DAYS)


def _letter_or(position: int, day: pl.Expr, *, loan: pl.Expr) -> pl.Expr:
    """Return the date of a loan; for other contracts it follows from the letter of the pattern."""
    letter = pl.col("DATES").str.slice(position, 1)
    return (
        pl.when(pl.col("DATES") == LOAN)
        .then(loan)
        .when(letter == "d")
        .then(day)
        .when(letter == "s")
        .then(SENTINEL_DAYS)
    )
