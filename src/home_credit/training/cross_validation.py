"""Out-of-fold log-odds, the only predictions used for metrics, calibration and cut-off."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from home_credit.progress import Progress, silent
from home_credit.training import folds

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

# A fitted model: rows of the feature matrix to log-odds of default, one per row.
Scores = Callable[["pl.DataFrame"], "NDArray[np.float64]"]
# Fits a model on rows and their targets.
Learner = Callable[["pl.DataFrame", "NDArray[np.int64]"], Scores]


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Out-of-fold results.

    ``raw``, of shape (repeats, applicants), are log-odds by models that were not fitted on the applicant.
    ``fold_auc`` and ``train_auc`` have one number per fitted model: on its validation and on its training rows.
    """

    raw: NDArray[np.float64]
    fold_auc: list[float]
    train_auc: list[float]


def out_of_fold(
    rows: pl.DataFrame,
    target: NDArray[np.int64],
    persons: NDArray[np.int64],
    learner: Learner,
    *,
    repeats: int = folds.REPEATS,
    after_fold: Callable[[int, float], None] | None = None,
    progress: Progress = silent,
    stage: str = "folds of the model",
) -> OutOfFold:
    """Fit ``learner`` in every fold, on the rows of the other folds, and score the rows left out.

    ``after_fold`` is called with the number of the fold, from 0, and its AUC; an exception of it ends the run.
    ``progress`` is called with the folds done under the name ``stage``.
    """
    raw = np.zeros((repeats, len(target)))
    fold_auc: list[float] = []
    train_auc: list[float] = []
    progress(stage, 0, folds.FOLDS * repeats)
    for number, (repeat, inside, outside) in enumerate(folds.split(target, persons, repeats=repeats)):
        scores = learner(rows[inside], target[inside])
        raw[repeat, outside] = scores(rows[outside])
        fold_auc.append(float(roc_auc_score(target[outside], raw[repeat, outside])))
        train_auc.append(float(roc_auc_score(target[inside], scores(rows[inside]))))
        logger.info(
            "fold %d of %d: AUC %.4f (on its own training rows %.4f)",
            number + 1, folds.FOLDS * repeats, fold_auc[-1], train_auc[-1],
        )  # fmt: skip
        progress(stage, number + 1, folds.FOLDS * repeats)
        if after_fold is not None:
            after_fold(number, fold_auc[-1])
    return OutOfFold(raw, fold_auc, train_auc)
