"""Windows of applications read from tables, scored by the model where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from home_credit.default_risk import artifacts
from home_credit.errors import ArtifactError, MissingTableError
from home_credit.features.build import feature_batches
from home_credit.monitoring.applications import monitored
from home_credit.monitoring.build import reference_of, score_reference
from home_credit.monitoring.reference import Reference
from home_credit.monitoring.tally import Tally
from home_credit.policy import Policy
from home_credit.progress import Progress, silent
from home_credit.tables.schema import APPLICATION, HISTORIES, ID
from home_credit.tables.source import Source, open_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from home_credit.default_risk.artifacts import Artifacts
    from home_credit.policy import Costs
    from home_credit.tables.source import Split

# Applicants of each side that are scored: a share is then known to a third of a point.
SCORED = 20_000


@dataclass(frozen=True, slots=True)
class Scoring:
    """A model with the statistics of its training, if it has any, and the policy that decides."""

    model: Artifacts
    reference: Reference | None
    policy: Policy

    @classmethod
    def of(cls, models: Path, costs: Costs) -> Scoring | None:
        """Load the model in ``models``; ``None`` where there is no valid one."""
        try:
            model = artifacts.load(models)
        except ArtifactError:
            return None
        reference = Reference.of_model(models) if model.manifest.reference else None
        return cls(model, reference, Policy.of(costs))


@dataclass(frozen=True, slots=True)
class Side:
    """The applications of one folder: as they are monitored, and the probabilities of a sample of them."""

    rows: pl.DataFrame
    probability: NDArray[np.float64] | None
    fingerprint: str


def read(
    directory: Path, wanted: Split, otherwise: Split, scoring: Scoring | None, progress: Progress = silent
) -> Side:
    """Read the applications of ``directory``: of the split ``wanted``, or of the other where that is not there.

    Raises the errors of :func:`open_tables`.
    """
    try:
        return _read(directory, wanted, scoring, progress)
    except MissingTableError:
        return _read(directory, otherwise, scoring, progress)


def reference_from(side: Side, scoring: Scoring | None) -> Reference:
    """Return the statistics of a side.

    They are those stored with the model where these are its training rows. Otherwise cells and contributions are the
    model's and everything is counted anew.
    """
    stored = scoring.reference if scoring else None
    if stored and stored.fingerprint == side.fingerprint:
        return stored
    known = {column.name: column for column in stored.columns} if stored else {}
    scores = None
    if scoring and side.probability is not None:
        scores = score_reference(
            side.probability, scoring.policy, auc=scoring.model.manifest.metrics.out_of_fold["auc"]
        )
    return reference_of(
        side.rows,
        bins={name: column.bins for name, column in known.items()},
        known=known,
        scores=scores,
        fingerprint=side.fingerprint,
    )


def tally_of(reference: Reference, side: Side, scoring: Scoring | None) -> Tally:
    """Return the counts of a side in the cells of the reference."""
    tally = Tally(reference.layout)
    tally.add(side.rows)
    if scoring and side.probability is not None:
        tally.add_scores(side.probability, scoring.policy)
    return tally


def _read(directory: Path, split: Split, scoring: Scoring | None, progress: Progress) -> Side:
    with open_tables(directory, split, progress) as source:
        rows = monitored(source.written)
        probability = _probability(source, scoring.model, progress) if scoring else None
        return Side(rows, probability, source.fingerprint)


def _probability(source: Source, model: Artifacts, progress: Progress) -> NDArray[np.float64]:
    ids = source.applicants[ID]
    chosen = (ids if len(ids) <= SCORED else ids.sample(SCORED, seed=0)).sort()
    batches = feature_batches(_of(source.frames, chosen), chosen, model.terms, progress=progress)
    return model.probability(pl.concat(batches))


def _of(frames: Mapping[str, pl.LazyFrame], ids: pl.Series) -> dict[str, pl.LazyFrame]:
    return dict(_chosen(frames, ids))


def _chosen(frames: Mapping[str, pl.LazyFrame], ids: pl.Series) -> Iterator[tuple[str, pl.LazyFrame]]:
    """Yield the tables with the rows of the applicants ``ids`` alone."""
    mine = pl.LazyFrame({ID: ids})
    for name in (APPLICATION, *HISTORIES):
        if name == "bureau_balance":
            loans = frames["bureau"].join(mine, on=ID, how="semi").select("SK_ID_BUREAU")
            yield name, frames[name].join(loans, on="SK_ID_BUREAU", how="semi")
        else:
            yield name, frames[name].join(mine, on=ID, how="semi")
