"""Arithmetic whose results do not depend on the order of rows, to the last bit.

Sums of floats change in their last bits with the order of summation, so an applicant alone would differ
from the same applicant in the full table. Every aggregate here is therefore a sum, count, minimum or maximum
of 64-bit integers: money in thousandths, ratios in millionths, days and months as they are. Floats appear only
after the aggregation, in operations on single values, which IEEE 754 defines exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.expression import FLOAT, INTEGER, Expr, col, lit, when
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Sequence

MILLION = 1_000_000.0
# Ratios beyond ±1 million carry no information; the bound keeps sums of millionths inside 64 bits.
LARGEST_RATIO = 1_000_000 * 1_000_000


def rounded(number: Expr) -> Expr:
    """Return the nearest integer, halves upwards (``round`` differs between engines on halves)."""
    return (number + 0.5).floor().cast(INTEGER)


def thousandths(column: str) -> Expr:
    """Return an amount of money as whole thousandths; real amounts are multiples of half a cent."""
    return rounded(col(column) * 1000.0)


def millionths(column: str) -> Expr:
    """Return a rate as whole millionths."""
    return rounded(col(column) * MILLION)


def whole(column: str, *, sentinel: int | None = None) -> Expr:
    """Return days, months or counts as integers, the sentinel as missing."""
    number = col(column).cast(INTEGER)
    return number if sentinel is None else when(col(column) != sentinel).then(number)


def ratio(numerator: Expr, denominator: Expr) -> Expr:
    """Return numerator / denominator as a float, missing where the denominator is zero or missing."""
    return numerator / denominator


def scaled_ratio(numerator: Expr, denominator: Expr) -> Expr:
    """Return numerator / denominator in whole millionths, for aggregation."""
    number = ratio(numerator, denominator) * MILLION
    return rounded(number.clip(-float(LARGEST_RATIO), float(LARGEST_RATIO)))


def where(condition: Expr, value: Expr) -> Expr:
    """Return the value where the condition holds, missing elsewhere."""
    return when(condition).then(value)


def flag(condition: Expr) -> Expr:
    """Return 1 where the condition holds and 0 elsewhere, a missing condition being 0."""
    return when(condition).then(1).otherwise(0)


def count(condition: Expr) -> Expr:
    """Aggregate: number of rows for which the condition holds."""
    return flag(condition).sum()


def mean(integers: Expr) -> Expr:
    """Aggregate: mean of integers, missing where there is none."""
    return ratio(integers.sum(), integers.count())


def total(integers: Expr, among: Expr) -> Expr:
    """Aggregate: sum of integers over the rows ``among``: 0 without such rows, missing where all values are."""
    known = where(among, integers)
    return when((known.count() > 0) | (count(among) == 0)).then(known.sum())


def share(condition: Expr, among: Expr) -> Expr:
    """Aggregate: share of the rows ``among`` for which the condition holds too, missing where there is none."""
    return ratio(flag(condition & among).sum(), flag(among).sum())


def ratio_of_sums(numerator: Expr, denominator: Expr) -> Expr:
    """Aggregate: sum of one over sum of the other, of the rows in which both are known."""
    return ratio(
        where(~denominator.is_null(), numerator).sum(), where(~numerator.is_null(), denominator).sum()
    )


def money(aggregate: Expr) -> Expr:
    """Return aggregated thousandths in units of currency."""
    return aggregate * 0.001


def rate(aggregate: Expr) -> Expr:
    """Return aggregated millionths as a plain ratio."""
    return aggregate * 0.000001


def standard_deviation(integers: Expr) -> Expr:
    """Aggregate: standard deviation (n - 1) of integers below three million in size.

    The sum of squares of up to a million such integers stays exact in 64 bits.
    """
    n = integers.count().cast(FLOAT)
    total = integers.sum().cast(FLOAT)
    squares = (integers * integers).sum().cast(FLOAT)
    variance = (squares - total * total / n) / (n - 1.0)
    return when(integers.count() > 1).then(when(variance > 0).then(variance.sqrt()).otherwise(0.0))


def weighted_mean(integers: Expr, weight: Expr) -> Expr:
    """Aggregate: mean of integers by whole weights, missing where no weight is left."""
    known = where(~integers.is_null(), weight)
    return ratio((integers * weight).sum(), known.sum())


def fading(age: Expr, span: int) -> Expr:
    """Return the weight of a row by its age: ``span`` at age 0, falling linearly to 0 at age ``span``."""
    return when(age < span).then(lit(span) - age).otherwise(0)


def slope(integers: Expr, order: Expr) -> Expr:
    """Aggregate: least-squares slope of integers on ``order``, whole numbers that are never missing.

    It is missing where fewer than two distinct places are left. The sums are exact in 64 bits, and the products
    of two of them are rounded once.
    """
    place = where(~integers.is_null(), order)
    sums = (integers.count(), place.sum(), integers.sum(), (place * place).sum(), (place * integers).sum())
    n, x, y, xx, xy = (each.cast(FLOAT) for each in sums)
    return ratio(n * xy - x * y, n * xx - x * x)


def recency_rank(order: Sequence[str]) -> Expr:
    """Number the rows of each applicant from 1 in ascending ``order``, which must leave no ties that matter."""
    return col(ID).cum_count(partition_by=[ID], order_by=order)


def latest(value: Expr, rank: str = "rank") -> Expr:
    """Aggregate: the value in the row of rank 1 (``last`` does not exist on every engine)."""
    return when(col(rank) == 1).then(value).max()
