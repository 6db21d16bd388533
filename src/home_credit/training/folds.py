"""Folds that keep the applications of one person together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from sklearn.model_selection import StratifiedKFold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FOLDS, REPEATS, SEED = 5, 2, 2018

# Equal in all applications of one person, whatever their day: sex, and the age at the last change of registration and
# at the issue of the identity document.
PERSON = (
    pl.col("CODE_GENDER"),
    (pl.col("DAYS_BIRTH") - pl.col("DAYS_REGISTRATION")).alias("age_at_registration"),
    (pl.col("DAYS_BIRTH") - pl.col("DAYS_ID_PUBLISH")).alias("age_at_document"),
)


def persons(application: pl.DataFrame) -> NDArray[np.int64]:
    """Return one number per application, equal where two seem to be of the same person.

    The tables number applications, not persons. A false match puts two persons into one fold, which does no harm.
    """
    return (
        application.select(pl.struct(*PERSON).rank("dense").alias("person"))["person"]
        .to_numpy()
        .astype(np.int64)
    )


def split(
    target: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    folds: int = FOLDS,
    repeats: int = REPEATS,
    seed: int = SEED,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield ``(repeat, rows to learn from, rows to score)``; in each repeat every row is scored once.

    Persons, not rows, are assigned to folds, stratified by whether any of their applications defaulted, so that no
    person is on both sides.
    """
    _, person = np.unique(groups, return_inverse=True)
    defaulted = np.zeros(int(person.max()) + 1, dtype=np.int64)
    np.maximum.at(defaulted, person, target)
    for repeat in range(repeats):
        dealt = StratifiedKFold(folds, shuffle=True, random_state=seed + repeat)
        for _, outside in dealt.split(defaulted, defaulted):
            scored = np.isin(person, outside)
            yield repeat, np.flatnonzero(~scored), np.flatnonzero(scored)
