"""Windows of applications read from tables, scored by the model where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from home_credit.default_risk import artifacts
from home_credit.errors import ArtifactError
from home_credit.features.build import feature_batches
from home_credit.monitoring.applications import monitored
from home_credit.monitoring.build import reference_of, score_reference
from home_credit.monitoring.reference import Reference
from home_credit.monitoring.tally import Tally
from home_credit.policy import Policy
from home_credit.progress import Progress, silent
from home_credit.tables.files import find
from home_credit.tables.schema import APPLICATION, HISTORIES, ID
from home_credit.tables.source import PARTS, open_splits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from home_credit.default_risk.artifacts import Artifacts
    from home_credit.policy import Costs
    from home_credit.tables.source import Source, Split

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
    reference: Path, current: Path, scoring: Scoring | None, progress: Progress = silent
) -> tuple[Side, Side]:
    """Read the applications of both folders: application_train of the one, application_test of the other.

    A folder that has only one of the two gives that one. The tables of one folder are checked once for both sides.
    Raises the errors of :func:`~home_credit.tables.source.open_tables`.
    """
    wanted = (reference, _split(reference, "train", "test")), (current, _split(current, "test", "train"))
    folders = {folder.resolve(): folder for folder, _ in wanted}
    sides: dict[tuple[Path, Split], Side] = {}
    for place, folder in folders.items():
        splits = list(dict.fromkeys(split for of, split in wanted if of.resolve() == place))
        with open_splits(folder, splits, progress) as sources:
            for split, source in zip(splits, sources, strict=True):
                sides[place, split] = _side(source, scoring, progress)
    before, now = (sides[folder.resolve(), split] for folder, split in wanted)
    return before, now


def _split(directory: Path, wanted: Split, otherwise: Split) -> Split:
    return wanted if all(find(directory, name) for name in PARTS[wanted]) else otherwise


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


def _side(source: Source, scoring: Scoring | None, progress: Progress) -> Side:
    probability = _probability(source, scoring.model, progress) if scoring else None
    return Side(monitored(source.written), probability, source.fingerprint)


def _probability(source: Source, model: Artifacts, progress: Progress) -> NDArray[np.float64]:
    """Return the probabilities of a sample of the applicants."""
    ids = source.applicants[ID]
    chosen = (ids if len(ids) <= SCORED else ids.sample(SCORED, seed=0)).sort()
    frames = dict(_of({name: source.frames[name] for name in (APPLICATION, *HISTORIES)}, chosen))
    batches = feature_batches(frames, chosen, model.terms, progress=progress)
    return model.probability(pl.concat(batches))


def _of(frames: Mapping[str, pl.LazyFrame], ids: pl.Series) -> Iterator[tuple[str, pl.LazyFrame]]:
    """Yield the tables with the rows of the applicants ``ids`` alone."""
    mine = pl.LazyFrame({ID: ids})
    for name, frame in frames.items():
        if name == "bureau_balance":
            loans = frames["bureau"].join(mine, on=ID, how="semi").select("SK_ID_BUREAU")
            yield name, frame.join(loans, on="SK_ID_BUREAU", how="semi")
        else:
            yield name, frame.join(mine, on=ID, how="semi")
