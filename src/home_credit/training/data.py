"""Training data: feature rows with their targets, and the columns that folds and fairness need."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.features.build import feature_matrix
from home_credit.progress import Progress, silent
from home_credit.tables.files import find
from home_credit.tables.schema import APPLICATION, ID, TARGET
from home_credit.tables.source import open_tables
from home_credit.terms.frames import learn_terms
from home_credit.training import folds

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from home_credit.terms.model import TermModel

# For folds and fairness; sex and family status are not inputs of the model.
PEOPLE = ("CODE_GENDER", "DAYS_BIRTH", "NAME_FAMILY_STATUS", "DAYS_REGISTRATION", "DAYS_ID_PUBLISH")
# An optional list of the applicants with all their history rows in the tables.
COMPLETE = "complete_history_clients"


@dataclass(frozen=True, slots=True)
class Applicants:
    """Labelled applicants, all fields in the same order: ascending SK_ID_CURR.

    ``rows`` are feature rows, ``people`` the columns of the application that identify persons and their groups,
    ``persons`` one number per person, ``complete`` marks those with complete histories; ``terms`` is the model of the
    term of the feature rows.
    """

    rows: pl.DataFrame
    target: NDArray[np.int64]
    people: pl.DataFrame
    persons: NDArray[np.int64]
    complete: NDArray[np.bool_]
    terms: TermModel
    fingerprint: str
    warnings: list[str]

    def __len__(self) -> int:
        """Return how many applicants there are."""
        return len(self.target)

    def where(self, chosen: NDArray[np.bool_]) -> Applicants:
        """Return the applicants that ``chosen`` marks."""
        return Applicants(
            self.rows.filter(chosen),
            self.target[chosen],
            self.people.filter(chosen),
            self.persons[chosen],
            self.complete[chosen],
            self.terms,
            self.fingerprint,
            self.warnings,
        )

    def holdout(self, share: float) -> NDArray[np.bool_]:
        """Return a mask of the share of persons that is held out.

        The choice depends on a digest of the person's own data, not on the table, so that two models trained years
        apart have the same holdout.
        """
        keys = self.people.select(pl.concat_str(*folds.PERSON, separator="|", ignore_nulls=True)).to_series()
        draws = [int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2.0**64 for key in keys]
        return np.array(draws) < share


def load(tables: Path, terms: TermModel | None = None, progress: Progress = silent) -> Applicants:
    """Read the labelled applicants of ``tables``; raises the errors of :func:`open_tables`.

    The model of the term is ``terms``, or fitted on the earlier applications in ``tables``.
    """
    with open_tables(tables, "train", progress) as source:
        terms = terms or learn_terms(source.frames["previous_application"])
        rows = feature_matrix(source.frames, source.applicants[ID], terms, progress)
        people = source.frames[APPLICATION].select(ID, *PEOPLE).collect()
        aligned = (
            rows.select(ID)
            .join(source.target, on=ID, how="left", maintain_order="left")
            .join(people, on=ID, how="left", maintain_order="left")
        )
        return Applicants(
            rows,
            aligned[TARGET].to_numpy().astype(np.int64),
            aligned.select(PEOPLE),
            folds.persons(aligned),
            rows[ID].is_in(_complete(tables).implode()).to_numpy(),
            terms,
            source.fingerprint,
            source.warnings,
        )


def _complete(tables: Path) -> pl.Series:
    files = find(tables, COMPLETE)
    if not files:
        return pl.Series(ID, [], dtype=pl.Int64)
    read = pl.read_parquet if files[0].suffix == ".parquet" else pl.read_csv
    return read(files[0])[ID].cast(pl.Int64)
