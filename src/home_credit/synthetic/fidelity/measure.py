"""Everything that is measured of synthetic tables against real ones, and all of it as one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from home_credit.default_risk import classifier
from home_credit.errors import MissingTableError
from home_credit.features.build import feature_matrix
from home_credit.synthetic.fidelity.closest_records import ClosestRecordDistances, closest_records
from home_credit.synthetic.fidelity.discriminator import Discrimination, two_sample_auc
from home_credit.synthetic.fidelity.distances import column_distances, numeric_columns, rank_correlations
from home_credit.synthetic.fidelity.train_on_synthetic import Ranking, rank_real
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET, table
from home_credit.tables.source import TEST, TRAIN, open_tables
from home_credit.terms.frames import learn_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from home_credit.tables.source import Source, Split
    from home_credit.terms.model import TermModel

STEPS = 5
# Rows that are looked at, of each side: enough for the second digit of every figure, in minutes on two cores.
MOST_APPLICANTS, MOST_NEIGHBOURS, MOST_HISTORY = 50_000, 4_000, 300_000


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What was found.

    ``columns`` has a row per table and column (see :func:`column_distances`), ``rows`` the rows of every history
    per applicant that has any, ``correlations`` Spearman's correlation of each pair of numeric columns of the
    training applications, real and synthetic, ``discriminators`` the classifiers by table.
    """

    columns: pl.DataFrame
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
        """Return all of it, one number a row: ``measure, table, column, synthetic, real``.

        ``synthetic`` is the figure of the synthetic rows, ``real`` the same figure of real ones where it has one.
        """
        rows: list[tuple[str, str, str, float | None, float | None]] = []
        for name, told in self.discriminators.items():
            found = {"auc": told.auc, "auc_low": told.low, "auc_high": told.high}
            rows += [(f"discriminator_{measure}", name, "", value, None) for measure, value in found.items()]
        trained, own = self.rankings.values()
        rows += [
            (f"ranking_{measure}", TRAIN, TARGET, getattr(trained, measure), getattr(own, measure))
            for measure in ("auc", "low", "high")
        ]
        near = self.closest_records
        rows += [(f"nearest_real_row_{q:g}", TRAIN, "", ours, real) for q, ours, real in near.quantiles()]
        rows += [
            ("nearer_than_real_rows", TRAIN, "", near.nearer, 0.01),
            ("matches_on_quasi_identifiers", TRAIN, "", near.synthetic_matches, near.real_matches),
            ("correlation_distance", TRAIN, "", self.correlation_distance, None),
        ]
        rows += [("rows_per_applicant", name, "", *counts) for name, counts in self.rows.items()]
        for name, column, statistic, distance, real, synthetic in self.columns.iter_rows():
            rows += [
                (f"distance_{statistic.lower()}", name, column, distance, None),
                ("missing", name, column, synthetic, real),
            ]
        for name, told in self.discriminators.items():
            rows += [("gives_away", name, column, share, None) for column, share in told.gain.items()]
        types = dict.fromkeys(("measure", "table", "column"), pl.String()) | dict.fromkeys(
            ("synthetic", "real"), pl.Float64()
        )
        return pl.DataFrame(rows, schema=types, orient="row")


def measure(
    real: Path,
    synthetic: Path,
    progress: Callable[[int, int], None] | None = None,
    parameters: Sequence[Mapping[str, Any]] | None = None,
) -> Fidelity:
    """Compare the tables of two folders; both need application_train, and application_test is compared if there.

    ``progress`` is told the steps done and their total; ``parameters`` of the default models are the committed
    ones unless given. Raises :class:`TableError` for tables that cannot be used.
    """
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, STEPS)

    with open_tables(real, "train") as ours, open_tables(synthetic, "train") as theirs:
        applications = {TRAIN: (_applications(ours), _applications(theirs))}
        columns, rows = [], {}
        for name in HISTORIES:
            sides = _history(ours, name), _history(theirs, name)
            if all(len(side) for side in sides):
                rows[name] = _per_owner(sides[1], name), _per_owner(sides[0], name)
                facts = (side.select(pl.exclude("^SK_ID_.*$")) for side in sides)
                columns.append(column_distances(*facts).insert_column(0, pl.lit(name).alias("table")))
        step()
        # One model of the term makes the features of both sides, so that they mean the same.
        terms = learn_terms(theirs.frames["previous_application"])
        labelled = _features(theirs, terms), _features(ours, terms)
        step()
    ours_scored, theirs_scored = _optional(real, "test"), _optional(synthetic, "test")
    if ours_scored is not None and theirs_scored is not None:
        applications[TEST] = ours_scored, theirs_scored
    for name, pair in applications.items():
        columns.insert(0, column_distances(*pair).insert_column(0, pl.lit(name).alias("table")))
    columns.sort(key=lambda found: found["table"][0] != TRAIN)
    numbers = numeric_columns(*applications[TRAIN])
    correlations = [
        rank_correlations(side, numbers)[np.triu_indices(len(numbers), 1)] for side in applications[TRAIN]
    ]
    both = ~np.isnan(correlations[0]) & ~np.isnan(correlations[1])
    told = {name: two_sample_auc(*pair, most_rows=MOST_APPLICANTS) for name, pair in applications.items()}
    step()
    near = closest_records(*applications[TRAIN], most_rows=MOST_NEIGHBOURS)
    step()
    rankings = rank_real(*labelled, parameters or classifier.committed_parameters())
    step()
    return Fidelity(
        pl.concat(columns), rows, {"real": correlations[0][both], "synthetic": correlations[1][both]}, told, near,
        dict(zip(("synthetic applicants", "real applicants"), rankings, strict=True)),
    )  # fmt: skip


def _chosen(source: Source) -> pl.Series:
    """Return the ids of at most :data:`MOST_APPLICANTS` applicants, ascending."""
    ids = source.applicants[ID]
    return (ids.sample(MOST_APPLICANTS, seed=0) if len(ids) > MOST_APPLICANTS else ids).sort()


def _applications(source: Source) -> pl.DataFrame:
    chosen = _chosen(source)
    return source.frames[APPLICATION].filter(pl.col(ID).is_in(chosen.implode())).drop(ID).collect()


def _optional(directory: Path, split: Split) -> pl.DataFrame | None:
    try:
        with open_tables(directory, split) as source:
            return _applications(source)
    except MissingTableError:
        return None


def _owner(name: str) -> str:
    return ID if ID in table(name).columns else "SK_ID_BUREAU"


def _history(source: Source, name: str) -> pl.DataFrame:
    """Return the rows of a history of every k-th owner, :data:`MOST_HISTORY` rows at most or nearly."""
    frame = source.frames[name]
    k = -(-frame.select(pl.len()).collect().item() // MOST_HISTORY)
    return (frame.filter(pl.col(_owner(name)) % k == 0) if k > 1 else frame).collect()


def _per_owner(rows: pl.DataFrame, name: str) -> float:
    return len(rows) / rows[_owner(name)].n_unique()


def _features(source: Source, terms: TermModel) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    rows = feature_matrix(source.frames, _chosen(source), terms)
    labelled = rows.select(ID).join(source.target, on=ID, how="left", maintain_order="left")
    return rows, labelled[TARGET].to_numpy().astype(np.int64)
