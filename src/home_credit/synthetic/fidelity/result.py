"""The result of a fidelity report, also as one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.schema import TARGET, TRAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from home_credit.synthetic.fidelity.closest_records import ClosestRecordDistances
    from home_credit.synthetic.fidelity.discriminator import Discrimination
    from home_credit.synthetic.fidelity.train_on_synthetic import Ranking

Figure = tuple[str, str, str, float | None, float | None]
COLUMNS = {
    "measure": pl.String(),
    "table": pl.String(),
    "column": pl.String(),
    "synthetic": pl.Float64(),
    "real": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Fidelity:
    """The figures of a fidelity report.

    ``columns`` has a row per table and column (see :func:`~.distances.column_distances`), ``laws`` a row per law
    with its ``share`` of real and of synthetic rows, ``rows`` the rows of every history per applicant that has any
    (synthetic, real), ``correlations`` Spearman's correlation of each pair of numeric columns of the training
    applications, real and synthetic, ``discriminators`` the two-sample tests by table.
    """

    columns: pl.DataFrame
    laws: pl.DataFrame
    rows: dict[str, tuple[float, float]]
    correlations: dict[str, NDArray[np.float64]]
    discriminators: dict[str, Discrimination]
    closest_records: ClosestRecordDistances
    rankings: dict[str, Ranking]

    @property
    def correlation_distance(self) -> float:
        """Mean absolute difference of the correlations."""
        return float(np.mean(np.abs(self.correlations["real"] - self.correlations["synthetic"])))

    def table(self) -> pl.DataFrame:
        """Return all figures, one per row (:data:`COLUMNS`).

        ``synthetic`` is the figure of the synthetic rows, ``real`` the same figure of real ones where it has one.
        """
        return pl.DataFrame(list(self._figures()), schema=COLUMNS, orient="row")

    def _figures(self) -> Iterator[Figure]:
        for name, test in self.discriminators.items():
            yield "discriminator_auc", name, "", test.auc, None
            yield "discriminator_auc_low", name, "", test.low, None
            yield "discriminator_auc_high", name, "", test.high, None
        synthetic, real = self.rankings.values()
        yield "tstr_auc", TRAIN, TARGET, synthetic.auc, real.auc
        yield "tstr_auc_low", TRAIN, TARGET, synthetic.low, real.low
        yield "tstr_auc_high", TRAIN, TARGET, synthetic.high, real.high
        yield from self._distances()
        for name, (ours, theirs) in self.rows.items():
            yield "rows_per_applicant", name, "", ours, theirs
        for name, law, real_share, synthetic_share in self.laws.iter_rows():
            yield "law", name, law, synthetic_share, real_share
        for name, test in self.discriminators.items():
            for column, share in test.gain.items():
                yield "discriminator_gain", name, column, share, None

    def _distances(self) -> Iterator[Figure]:
        closest = self.closest_records
        for quantile, synthetic, real in closest.quantiles():
            yield f"dcr_quantile_{quantile:g}", TRAIN, "", synthetic, real
        yield "closer_than_real_rows", TRAIN, "", closest.closer_share, 0.01
        yield "matches_on_quasi_identifiers", TRAIN, "", closest.synthetic_matches, closest.real_matches
        yield "correlation_distance", TRAIN, "", self.correlation_distance, None
        for name, column, statistic, distance, missing_real, missing_synthetic in self.columns.iter_rows():
            yield f"distance_{statistic.lower()}", name, column, distance, None
            yield "missing", name, column, missing_synthetic, missing_real
