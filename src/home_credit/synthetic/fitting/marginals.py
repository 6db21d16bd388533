"""Marginal distributions; every number depends on at least :data:`MIN_ROWS` rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.errors import TableError
from home_credit.synthetic.chain import normal_score
from home_credit.synthetic.chain.variables import RESIDUAL_SHARES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from home_credit.synthetic.chain import Floats
    from home_credit.synthetic.statistics import LevelsStatistics, QuantileStatistics, Value

MIN_ROWS = 10
# A value with at least this share of the rows is an atom of the quantile function.
ATOM = 0.004
# Columns with at most this many distinct values have atoms only.
FEW_VALUES = 30
SHARE_UNIT = 100_000


def levels_of(series: pl.Series, target: Floats) -> LevelsStatistics:
    """Return the levels of a categorical column with their normal scores.

    Numbers are ordered by size, text by default rate (``target``, NaN where unknown). Values of fewer than
    :data:`MIN_ROWS` rows are left out.
    """
    counts = series.value_counts(sort=True).filter(pl.col("count") >= MIN_ROWS)
    count = dict(zip(counts[series.name], counts["count"], strict=True))
    values = _ordered(list(count), series, target)
    share = np.array([count[value] for value in values], dtype=float)
    middle = (np.cumsum(share) - share / 2) / share.sum()
    return {
        "name": series.name,
        "values": values,
        "scores": [int(z) for z in np.round(normal_score(middle) * 100)],
    }


def _ordered(values: list[Value], series: pl.Series, target: Floats) -> list[Value]:
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) == sum(value is not None for value in values):
        missing: list[Value] = [None] * (None in values)
        return missing + sorted(numbers)
    shrunken = (pl.col("y").sum() + 4) / (pl.col("y").count() + 50)
    rates = dict(pl.DataFrame({"x": series, "y": target}).group_by("x").agg(shrunken).iter_rows())
    return sorted(values, key=lambda value: (rates[value], str(value)))


def combinations(components: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Return the combinations of values that at least :data:`MIN_ROWS` rows have, in order, and each row's number.

    A rarer combination counts as the most frequent one that agrees with it in most of the first columns.
    """
    names = components.columns
    counts = components.group_by(names).len("rows").filter(pl.col("rows") >= MIN_ROWS).sort(names)
    counts = counts.with_row_index("number").with_columns(pl.col("number").cast(pl.Int64))
    numbers = pl.Series("number", [None] * len(components), dtype=pl.Int64)
    by_frequency = counts.sort("rows", descending=True, maintain_order=True)
    for agreeing in (names[:count] for count in range(len(names), 0, -1)):
        first = by_frequency.unique(agreeing, keep="first", maintain_order=True).select(*agreeing, "number")
        found = components.join(first, on=agreeing, how="left", nulls_equal=True, maintain_order="left")
        numbers = numbers.fill_null(found["number"])
    return counts.select(names), numbers.fill_null(by_frequency["number"][0])


def is_common(components: pl.DataFrame) -> pl.Series:
    """Return whether at least :data:`MIN_ROWS` rows have the row's combination of values."""
    return components.select(pl.len().over(components.columns) >= MIN_ROWS).to_series()


def quantiles_of(values: Floats, shares: Sequence[float] | Floats) -> Floats:
    """Return quantiles, each a mean of :data:`MIN_ROWS` neighbouring rows; as many rows at either end are left out.

    Raises :class:`TableError` for fewer than four times as many rows.
    """
    values = np.sort(values)
    last = len(values) - 2 * MIN_ROWS
    if last <= MIN_ROWS:
        raise TableError(
            "statistics", f"{len(values)} rows are too few for quantiles of {MIN_ROWS} rows each"
        )
    start = np.round(np.asarray(shares) * (len(values) - 1)).astype(int) - MIN_ROWS // 2
    start = np.clip(start, MIN_ROWS, last)
    means: Floats = np.array([values[each : each + MIN_ROWS].mean() for each in start])
    return means


def residual_quantiles(values: Floats) -> Floats:
    """Return quantiles at :data:`RESIDUAL_SHARES`, interpolated between means of :data:`MIN_ROWS` rows.

    The first and last quantile are extrapolated linearly from the outermost means.
    """
    values = np.sort(values)
    means = np.convolve(values, np.ones(MIN_ROWS) / MIN_ROWS, mode="valid")
    half = (MIN_ROWS - 1) / 2
    at = (np.arange(len(means)) + half) / (len(values) - 1)
    quantiles: Floats = np.interp(RESIDUAL_SHARES, at, means)
    quantiles[0] = means[0] - (means[MIN_ROWS] - means[0]) * half / MIN_ROWS
    quantiles[-1] = means[-1] + (means[-1] - means[-1 - MIN_ROWS]) * half / MIN_ROWS
    return quantiles


def quantile_function(
    name: str, values: Floats, *, step: float, knots: int, atom: float = ATOM
) -> QuantileStatistics:
    """Return the quantile function of a numeric column (NaN where missing), flat at its atoms.

    An atom is a value of at least :data:`MIN_ROWS` rows; every other knot is a mean of as many rows.
    """
    values = np.sort(values[~np.isnan(values)])
    atoms = _atoms(values, atom)
    shares = np.array([0, 0.0005, 0.002, 0.005, *np.linspace(0.01, 0.99, knots), 0.995, 0.998, 0.9995, 1])
    value, low, high = _with_quantiles(values, atoms, shares)
    # Rounded as cumulated shares, so that errors do not add up.
    low, high = np.round(low * SHARE_UNIT).astype(int), np.round(high * SHARE_UNIT).astype(int)
    statistics: QuantileStatistics = {
        "name": name,
        "step": step,
        "share": (low - np.r_[0, high[:-1]]).tolist(),
        "value": [
            round(v / step) if step else float(v if end > start else f"{v:.6g}")
            for v, start, end in zip(value, low, high, strict=True)
        ],
    }
    if (high > low).any():
        statistics["atom"] = (high - low).tolist()
    return statistics


def _atoms(values: Floats, least_share: float) -> Floats:
    """Return the atoms of sorted values: rows of value, share below it and share up to it."""
    distinct, count = np.unique(values, return_counts=True)
    rows = len(values)
    atom = ((count / rows >= least_share) | (len(distinct) <= FEW_VALUES)) & (count >= MIN_ROWS)
    ends = np.cumsum(count) / rows
    return np.stack([distinct, ends - count / rows, ends])[:, atom]


def _with_quantiles(values: Floats, atoms: Floats, shares: Floats) -> Floats:
    """Return the atoms together with the quantiles at those shares that no atom covers, in order."""
    ends = np.r_[atoms[2], 0]
    before: NDArray[np.int64] = (
        np.searchsorted(atoms[1], shares, side="right") - 1
    )  # the last atom that begins
    covered = (before >= 0) & ((shares < ends[before]) | ((shares == 1) & (ends[before] == 1)))
    shares, before = shares[~covered], before[~covered]
    if shares.size:
        between = np.r_[-np.inf, atoms[0], np.inf]
        value = np.clip(quantiles_of(values, shares), between[before + 1], between[before + 2])
        atoms = np.hstack([atoms, np.stack([value, shares, shares])])
    ordered: Floats = atoms[:, np.lexsort((atoms[2], atoms[1]))]
    return ordered


def supported_shares(path: Sequence[NDArray[np.int64]]) -> Floats:
    """Return the shares of the levels in a leaf, given their counts in the nodes from the root down to it.

    A level of fewer than :data:`MIN_ROWS` rows in a node has the share that it has in the node above, relative to the
    rows of the remaining levels; where these are fewer than :data:`MIN_ROWS`, its share is 0.
    """
    shares = np.where(path[0] >= MIN_ROWS, path[0], 0).astype(float)
    for count in path[1:]:
        known = count >= MIN_ROWS
        rest, above = count[~known].sum(), np.where(known, 0, shares)
        below = np.where(known, count, 0).astype(float)
        if rest >= MIN_ROWS and above.sum() > 0:
            below += rest * above / above.sum()
        if below.sum() > 0:
            shares = below
    normalised: Floats = shares / shares.sum()
    return normalised
