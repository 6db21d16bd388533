"""The sign of an amount, drawn before the amount itself."""

from __future__ import annotations

import polars as pl

NULL, NEGATIVE, ZERO, POSITIVE = "null", "negative", "zero", "positive"


def sign(name: str) -> pl.Expr:
    """Return the sign of a column."""
    amount = pl.col(name)
    return (
        pl.when(amount.is_null())
        .then(pl.lit(NULL))
        .when(amount < 0)
        .then(pl.lit(NEGATIVE))
        .when(amount > 0)
        .then(pl.lit(POSITIVE))
        .otherwise(pl.lit(ZERO))
    )


def signed(name: str, amount: pl.Expr) -> pl.Expr:
    """Return an amount, or 0 or null by the sign in column ``name``."""
    kind = pl.col(name)
    return pl.when(kind == ZERO).then(0.0).when(kind != NULL).then(amount)
