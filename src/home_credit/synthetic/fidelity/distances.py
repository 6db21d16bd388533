"""Distances between the columns, and between the correlations, of synthetic and real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import ks_2samp

if TYPE_CHECKING:
    from numpy.typing import NDArray

DISTANCES = {
    "column": pl.String(),
    "statistic": pl.String(),
    "distance": pl.Float64(),
    "missing_real": pl.Float64(),
    "missing_synthetic": pl.Float64(),
}


def column_distances(real: pl.DataFrame, synthetic: pl.DataFrame) -> pl.DataFrame:
    """Return one row per common column (:data:`DISTANCES`), the largest distance first.

    ``distance`` is in [0, 1], of the values that are present: Kolmogorov-Smirnov for numbers, total variation
    for text; null where one side has no value. ``missing_*`` are shares of rows.
    """
    rows = [
        (name, *_distance(real[name].drop_nulls(), synthetic[name].drop_nulls()),
         real[name].null_count() / max(len(real), 1), synthetic[name].null_count() / max(len(synthetic), 1))
        for name in real.columns
        if name in synthetic.columns
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=DISTANCES, orient="row").sort(
        "distance", "column", descending=[True, False], nulls_last=True
    )


def _distance(real: pl.Series, synthetic: pl.Series) -> tuple[str, float | None]:
    statistic = "KS" if real.dtype.is_numeric() else "TV"
    if real.is_empty() or synthetic.is_empty():
        return statistic, None
    if statistic == "KS":
        # The p-value is not used; an exact one of large samples would take minutes.
        return statistic, float(ks_2samp(real.to_numpy(), synthetic.to_numpy(), method="asymp").statistic)
    shares = [
        series.rename("value").value_counts(normalize=True, name="share") for series in (real, synthetic)
    ]
    both = shares[0].join(shares[1], on="value", how="full").fill_null(0.0)
    return statistic, float((both["share"] - both["share_right"]).abs().sum() / 2)


def rank_correlations(rows: pl.DataFrame, columns: list[str]) -> NDArray[np.float64]:
    """Return Spearman's correlation of every pair of numeric columns, among the rows that have both.

    Ranks are taken once per column; NaN for a pair with fewer than 30 such rows, or where one is constant.
    """
    ranks = rows.select(pl.col(name).rank() for name in columns).to_numpy().astype(np.float64)
    there = ~np.isnan(ranks)
    filled, present = np.where(there, ranks, 0.0), there.astype(np.float64)
    count = present.T @ present
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.T @ present / count  # of the row's column, where the other is present
        square = (filled**2).T @ present / count - mean**2
        covariance = filled.T @ filled / count - mean * mean.T
        correlation: NDArray[np.float64] = covariance / np.sqrt(square * square.T)
    correlation[(count < 30) | ~np.isfinite(correlation)] = np.nan
    return correlation


def numeric_columns(real: pl.DataFrame, synthetic: pl.DataFrame) -> list[str]:
    """Return the common numeric columns that are constant in neither."""
    return [
        name
        for name, dtype in real.schema.items()
        if dtype.is_numeric()
        and name in synthetic.columns
        and min(real[name].drop_nulls().n_unique(), synthetic[name].drop_nulls().n_unique()) > 1
    ]
