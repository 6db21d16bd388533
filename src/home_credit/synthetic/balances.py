"""Helpers of the monthly tables: rows repeated over months, columns in their schema, amounts in cents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.frames import polars_schema
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.synthetic.chain import Codes, Floats

CENTS = 0.045
IDS = ("SK_ID_PREV", "SK_ID_CURR")


def repeat_rows(counts: Codes) -> tuple[Codes, Codes]:
    """Return for each of ``counts`` rows of every owner the owner's number and the row's rank from 0."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def numbers(frame: pl.DataFrame, name: str) -> Floats:
    """Return a column as numbers, NaN where missing."""
    return frame[name].cast(pl.Float64).to_numpy()


def in_schema(name: str, columns: Mapping[str, Codes | Floats | pl.Series]) -> pl.DataFrame:
    """Return columns in the order and types of the table ``name``."""
    schema = polars_schema(table(name))
    return pl.DataFrame(
        [pl.Series(column, columns[column], nan_to_null=True).cast(dtype) for column, dtype in schema.items()]
    )


def category(values: tuple[str, ...], codes: Codes) -> pl.Series:
    """Return the text of each code."""
    return pl.Series(values)[codes]


def to_cents(amount: Floats) -> Floats:
    """Round amounts to the unit of the tables."""
    return np.round(np.round(amount / CENTS) * CENTS, 3)
