"""Days counted back from the application."""

from __future__ import annotations

import polars as pl

MONTH = 30.44  # days
ADULT_DAYS = 6575  # no borrowing before


def within_adult_life(day: pl.Expr, longest: int) -> pl.Expr:
    """Return a day up to now that is neither before adult life nor more than ``longest`` days ago.

    Column BIRTH has the day of birth. A day out of bounds is moved by whole spans of the time in between.
    """
    span = pl.min_horizontal(-pl.col("BIRTH") - ADULT_DAYS, float(longest)).floor()
    return -(-day % span)
