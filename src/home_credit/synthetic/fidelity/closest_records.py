"""Distance to the closest record (DCR): are synthetic applications copies of real ones?

A copy is nearer to a real row than other real rows are. Half of the real rows are therefore the reference, and the
distances to it are compared between synthetic rows and the other half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from sklearn.neighbors import NearestNeighbors

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Columns by which a person could be identified.
QUASI_IDENTIFIERS = (
    "CODE_GENDER", "DAYS_BIRTH", "DAYS_REGISTRATION", "DAYS_ID_PUBLISH", "REGION_POPULATION_RELATIVE",
)  # fmt: skip
QUANTILES = (0.001, 0.01, 0.05, 0.5)


@dataclass(frozen=True, slots=True)
class ClosestRecordDistances:
    """Distances to the closest reference row, of synthetic and of other real rows, and exact matches.

    ``*_matches`` are the shares of rows whose :data:`QUASI_IDENTIFIERS` are all those of a reference row.
    """

    synthetic: NDArray[np.float64]
    real: NDArray[np.float64]
    synthetic_matches: float
    real_matches: float

    def quantiles(self) -> list[tuple[float, float, float]]:
        """Return for each of :data:`QUANTILES` the share, the synthetic distance and the real one."""
        return [
            (q, float(np.quantile(self.synthetic, q)), float(np.quantile(self.real, q))) for q in QUANTILES
        ]

    @property
    def closer_share(self) -> float:
        """Share of synthetic rows that are closer than the closest hundredth of real rows; 0.01 is as close."""
        return float((self.synthetic < np.quantile(self.real, 0.01)).mean())


def closest_records(
    real: pl.DataFrame, synthetic: pl.DataFrame, *, most_rows: int, seed: int = 0
) -> ClosestRecordDistances:
    """Compare distances to a reference half of the real rows, of at most ``most_rows`` rows on each side."""
    shuffled = real.sample(fraction=1.0, shuffle=True, seed=seed)
    half = len(real) // 2
    reference, others = shuffled[:half], shuffled[half:]
    compared = min(most_rows, len(others), len(synthetic))
    others, synthetic = others.head(compared), synthetic.select(real.columns).sample(compared, seed=seed)
    scaled = _Scaler(reference)
    neighbours = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(scaled(reference))
    keys = [name for name in QUASI_IDENTIFIERS if name in real.columns]
    known = reference.select(keys).unique()
    return ClosestRecordDistances(
        *(neighbours.kneighbors(scaled(rows))[0][:, 0] for rows in (synthetic, others)),
        *(
            len(rows.join(known, on=keys, how="semi", nulls_equal=True)) / compared
            for rows in (synthetic, others)
        ),
    )


class _Scaler:
    """Scales mixed columns for distances.

    Numbers are divided by their standard deviation in the reference rows; a missing one is set to the median, with a
    flag at a distance of one. Different categories are at a distance of one.
    """

    def __init__(self, reference: pl.DataFrame) -> None:
        self._numbers = {
            name: (float(values.median()), float(values.std() or 0) or 1.0)  # type: ignore[arg-type]
            for name, dtype in reference.schema.items()
            if dtype.is_numeric() and len(values := reference[name].drop_nulls())
        }
        self._categories = {
            name: reference[name].drop_nulls().unique().sort().to_list()
            for name, dtype in reference.schema.items()
            if dtype == pl.String
        }

    def __call__(self, rows: pl.DataFrame) -> NDArray[np.float32]:
        """Return the matrix of rows by scaled columns; numbers are clipped at five standard deviations."""
        numbers = [
            ((pl.col(name) - median) / deviation).clip(-5, 5).fill_null(0.0).alias(name)
            for name, (median, deviation) in self._numbers.items()
        ]
        missing = [pl.col(name).is_null().cast(pl.Float64).alias(f"{name} missing") for name in self._numbers]
        categories = [
            (pl.col(name) == value)
            .fill_null(value=False)
            .cast(pl.Float64)
            .mul(0.5**0.5)
            .alias(f"{name} {value}")
            for name, values in self._categories.items()
            for value in values
        ]
        return rows.select(*numbers, *missing, *categories).to_numpy().astype(np.float32)
