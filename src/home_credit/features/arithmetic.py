"""Arithmetic whose bits do not depend on the order of rows.

Sums of floats change in their last bits with the order of summation, so an applicant alone would differ
from the same applicant in the full table. Every aggregate here is therefore a sum, count, minimum or maximum
of 64-bit integers: money in thousandths, ratios in millionths, days and months as they are. Floats appear only
after the aggregation, in operations on single values, which IEEE 754 defines exactly. Division by a
literal is avoided for the same reason: Polars multiplies by the reciprocal on long columns only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

if TYPE_CHECKING:
    from collections.abc import Sequence

INTEGER = nw.Int64()
FLOAT = nw.Float64()

MILLION = 1_000_000.0
# Ratios beyond ±1 million carry no information; the bound keeps sums of millionths inside 64 bits.
LARGEST_RATIO = 1_000_000 * 1_000_000


def rounded(number: nw.Expr) -> nw.Expr:
    """Return the nearest integer, halves upwards (``round`` differs between engines on halves)."""
    return (number + 0.5).floor().cast(INTEGER)


def thousandths(column: str) -> nw.Expr:
    """Return an amount of money as whole thousandths; real amounts are multiples of half a cent."""
    return rounded(nw.col(column) * 1000.0)


def millionths(column: str) -> nw.Expr:
    """Return a rate as whole millionths."""
    return rounded(nw.col(column) * MILLION)


def whole(column: str, *, sentinel: int | None = None) -> nw.Expr:
    """Return days, months or counts as integers, the sentinel as missing."""
    number = nw.col(column).cast(INTEGER)
    return number if sentinel is None else nw.when(nw.col(column) != sentinel).then(number)


def ratio(numerator: nw.Expr, denominator: nw.Expr) -> nw.Expr:
    """Return numerator / denominator as a float, missing where the denominator is zero or missing."""
    return nw.when(denominator != 0).then(numerator / denominator)


def scaled_ratio(numerator: nw.Expr, denominator: nw.Expr) -> nw.Expr:
    """Return numerator / denominator in whole millionths, for aggregation."""
    number = ratio(numerator, denominator) * MILLION
    return rounded(number.clip(-float(LARGEST_RATIO), float(LARGEST_RATIO)))


def where(condition: nw.Expr, value: nw.Expr) -> nw.Expr:
    """Return the value where the condition holds, missing elsewhere."""
    return nw.when(condition).then(value)


def flag(condition: nw.Expr) -> nw.Expr:
    """Return 1 where the condition holds and 0 elsewhere, a missing condition being 0."""
    return nw.when(condition).then(nw.lit(1, INTEGER)).otherwise(nw.lit(0, INTEGER))


def count(condition: nw.Expr) -> nw.Expr:
    """Aggregate: number of rows for which the condition holds."""
    return flag(condition).sum()


def mean(integers: nw.Expr) -> nw.Expr:
    """Aggregate: mean of integers, missing where there is none."""
    return ratio(integers.sum(), integers.count())


def share(condition: nw.Expr, among: nw.Expr) -> nw.Expr:
    """Aggregate: share of the rows ``among`` for which the condition holds too, missing where there is none."""
    return ratio(flag(condition & among).sum(), flag(among).sum())


def money(aggregate: nw.Expr) -> nw.Expr:
    """Return aggregated thousandths in units of currency."""
    return aggregate * 0.001


def rate(aggregate: nw.Expr) -> nw.Expr:
    """Return aggregated millionths as a plain ratio."""
    return aggregate * 0.000001


def spread(integers: nw.Expr) -> nw.Expr:
    """Aggregate: standard deviation (n - 1) of integers below three million in size.

    The sum of squares of up to a million such integers stays exact in 64 bits.
    """
    n = integers.count().cast(FLOAT)
    total = integers.sum().cast(FLOAT)
    squares = (integers * integers).sum().cast(FLOAT)
    variance = (squares - total * total / n) / (n - 1.0)
    return nw.when(integers.count() > 1).then(nw.when(variance > 0).then(variance.sqrt()).otherwise(0.0))


def recency_rank(keys: Sequence[str], order: Sequence[str]) -> nw.Expr:
    """Number the rows of each applicant from 1 in ascending ``order``, which must leave no ties that matter."""
    return nw.col(keys[0]).cum_count().over(*keys, order_by=list(order)).cast(INTEGER)


def latest(value: nw.Expr, rank: str = "rank") -> nw.Expr:
    """Aggregate: the value in the row of rank 1 (``last`` does not exist on every engine)."""
    return nw.when(nw.col(rank) == 1).then(value).max()
