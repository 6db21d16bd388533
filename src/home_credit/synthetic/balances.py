"""What the monthly tables share: rows spread over months, days past due, amounts in cents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from home_credit.synthetic.chain import normal_share
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.synthetic.chain import Codes, Floats
    from home_credit.synthetic.statistics import OverdueStatistics

MONTH = 30.44  # days
CENTS = 0.045
IDS = ("SK_ID_PREV", "SK_ID_CURR")


def repeat_rows(counts: Codes) -> tuple[Codes, Codes]:
    """Return for each of ``counts`` rows of every owner the owner's number and the row's rank from 0."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def numbers(frame: pl.DataFrame, name: str) -> Floats:
    """Return a column as numbers, NaN where missing."""
    return frame[name].cast(pl.Float64).to_numpy()


def in_schema(name: str, columns: Mapping[str, Any]) -> pl.DataFrame:
    """Return columns in the order and types of the table ``name``."""
    schema = table(name).schema
    return pl.DataFrame(
        [pl.Series(column, columns[column], nan_to_null=True).cast(dtype) for column, dtype in schema.items()]
    )


def category(values: tuple[str, ...], codes: Codes) -> pl.Series:
    """Return the text that each code stands for."""
    return pl.Series(values)[codes]


def days_past_due(
    late: Floats, statistics: OverdueStatistics, random: np.random.Generator
) -> tuple[Codes, Codes]:
    """Return days past due, and those past due by more than a tolerance, of months with these lateness."""
    load = statistics["loading"]
    strain = load * late + np.sqrt(1 - load**2) * random.standard_normal(len(late))
    share = 1 - normal_share(strain)
    days = np.interp(random.random(len(late)), statistics["at"], statistics["days"])
    past = np.where(share < statistics["overdue"], np.maximum(np.floor(days), 1), 0).astype(np.int64)
    return past, np.where(share < statistics["intolerable"], past, 0)


def to_cents(amount: Floats) -> Floats:
    """Round amounts to the unit in which the tables keep them."""
    return np.round(np.round(amount / CENTS) * CENTS, 3)
