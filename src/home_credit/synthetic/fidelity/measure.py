"""Measure synthetic tables against real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.default_risk import classifier
from home_credit.errors import MissingTableError
from home_credit.features.build import feature_matrix
from home_credit.synthetic.fidelity.closest_records import closest_records
from home_credit.synthetic.fidelity.discriminator import two_sample_auc
from home_credit.synthetic.fidelity.distances import column_distances, numeric_columns, rank_correlations
from home_credit.synthetic.fidelity.laws import law_shares
from home_credit.synthetic.fidelity.result import Fidelity
from home_credit.synthetic.fidelity.train_on_synthetic import rank_real
from home_credit.tables.schema import APPLICATION, HISTORIES, ID, TARGET, TEST, TRAIN, table
from home_credit.tables.source import open_tables
from home_credit.terms.frames import learn_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from home_credit.default_risk.classifier import Parameters
    from home_credit.tables.source import Source, Split
    from home_credit.terms.model import TermModel

STEPS = 5
# Rows compared, of each side: enough for the second digit of every figure, in minutes on two cores.
MOST_APPLICANTS, MOST_NEIGHBOURS, MOST_HISTORY = 50_000, 4_000, 300_000


class _Steps:
    """Counts the steps done."""

    def __init__(self, progress: Callable[[int, int], None] | None) -> None:
        self._progress, self._done = progress, 0

    def done(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, STEPS)


def measure(
    real: Path,
    synthetic: Path,
    progress: Callable[[int, int], None] | None = None,
    parameters: Sequence[Parameters] | None = None,
) -> Fidelity:
    """Compare the tables of two folders; both need application_train, application_test is compared if both have it.

    ``progress`` is called with the steps done and their total; ``parameters`` of the default models are the
    committed ones unless given. Raises :class:`TableError` for tables that cannot be used.
    """
    steps = _Steps(progress)
    with open_tables(real, "train") as ours, open_tables(synthetic, "train") as theirs:
        applications = {TRAIN: (_applications(ours), _applications(theirs))}
        columns, rows = _compare_histories(ours, theirs)
        laws = _compare_laws(ours, theirs)
        steps.done()
        # The features of both sides are computed with one model of the term, so that they are comparable.
        terms = learn_terms(theirs.frames["previous_application"])
        labelled = _features(theirs, terms), _features(ours, terms)
        steps.done()
    scored = _optional(real, "test"), _optional(synthetic, "test")
    if scored[0] is not None and scored[1] is not None:
        applications[TEST] = scored[0], scored[1]
    compared = [
        column_distances(*pair).insert_column(0, pl.lit(name).alias("table"))
        for name, pair in applications.items()
    ]
    correlations = _correlations(*applications[TRAIN])
    discriminators = {
        name: two_sample_auc(*pair, most_rows=MOST_APPLICANTS) for name, pair in applications.items()
    }
    steps.done()
    closest = closest_records(*applications[TRAIN], most_rows=MOST_NEIGHBOURS)
    steps.done()
    rankings = rank_real(*labelled, parameters or classifier.committed_parameters())
    steps.done()
    return Fidelity(
        pl.concat([*compared, *columns]), laws, rows, correlations, discriminators, closest,
        dict(zip(("synthetic applicants", "real applicants"), rankings, strict=True)),
    )  # fmt: skip


def _compare_histories(
    real: Source, synthetic: Source
) -> tuple[list[pl.DataFrame], dict[str, tuple[float, float]]]:
    """Return the distances of the columns of each history, and its rows per owner (synthetic, real)."""
    columns, rows = [], {}
    for name in HISTORIES:
        sides = _history(real, name), _history(synthetic, name)
        if all(len(side) for side in sides):
            rows[name] = _per_owner(sides[1], name), _per_owner(sides[0], name)
            values = (side.select(pl.exclude("^SK_ID_.*$")) for side in sides)
            columns.append(column_distances(*values).insert_column(0, pl.lit(name).alias("table")))
    return columns, rows


def _compare_laws(real: Source, synthetic: Source) -> pl.DataFrame:
    """Return the shares of real and of synthetic rows in which each law holds."""
    ours, theirs = (law_shares(_tables(source)).drop("rows") for source in (real, synthetic))
    return ours.join(theirs, on=["table", "law"], suffix="_synthetic", maintain_order="left")


def _correlations(real: pl.DataFrame, synthetic: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return Spearman's correlations of the pairs of columns for which both sides have one."""
    numbers = numeric_columns(real, synthetic)
    pairs = np.triu_indices(len(numbers), 1)
    ours, theirs = (rank_correlations(side, numbers)[pairs] for side in (real, synthetic))
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    return {"real": ours[both], "synthetic": theirs[both]}


def _tables(source: Source) -> dict[str, pl.DataFrame]:
    """Return the rows of at most :data:`MOST_APPLICANTS` applicants."""
    chosen = _chosen(source).to_frame()
    tables = {
        name: source.frames[name].join(chosen.lazy(), on=ID, how="semi").collect()
        for name in (APPLICATION, *HISTORIES)
        if ID in table(name).columns
    }
    credits_ = tables["bureau"].select("SK_ID_BUREAU").lazy()
    months = source.frames["bureau_balance"].join(credits_, on="SK_ID_BUREAU", how="semi").collect()
    return tables | {"bureau_balance": months}


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
