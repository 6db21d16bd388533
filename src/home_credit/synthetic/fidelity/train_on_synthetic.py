"""Train on synthetic, test on real (TSTR), compared with training on real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from home_credit.default_risk import classifier
from home_credit.default_risk.inputs import INPUTS, monotone_constraints
from home_credit.default_risk.preprocessor import Preprocessor
from home_credit.validation import auc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from home_credit.default_risk.classifier import Parameters

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Ranking:
    """The AUC of default on real applicants, and its 95 % interval."""

    auc: float
    low: float
    high: float


def trained_on(
    rows: pl.DataFrame,
    target: NDArray[np.int64],
    others: pl.DataFrame,
    parameters: Sequence[Parameters],
) -> NDArray[np.float64]:
    """Return the log-odds of the feature rows ``others`` by a model trained on ``rows``."""
    preprocessor = Preprocessor.fit(rows, INPUTS)
    booster = classifier.fit_average(
        preprocessor.transform(rows), target, features=preprocessor.features,
        categorical=preprocessor.categorical, parameters=parameters, seed=0,
        monotone_constraints=monotone_constraints(INPUTS),
    )  # fmt: skip
    return classifier.log_odds(booster, preprocessor.transform(others))


def rank_real(
    synthetic: tuple[pl.DataFrame, NDArray[np.int64]],
    real: tuple[pl.DataFrame, NDArray[np.int64]],
    parameters: Sequence[Parameters],
) -> tuple[Ranking, Ranking]:
    """Return the rankings of the real applicants by a model of the synthetic ones, and of the real ones out of fold.

    Both arguments are feature rows with their targets.
    """
    rows, target = real
    out_of_fold = np.zeros(len(target))
    for inside, outside in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(out_of_fold, target):
        out_of_fold[outside] = trained_on(rows[inside], target[inside], rows[outside], parameters)
    return _ranking(target, trained_on(*synthetic, rows, parameters)), _ranking(target, out_of_fold)


def _ranking(target: NDArray[np.int64], score: NDArray[np.float64]) -> Ranking:
    return Ranking(float(roc_auc_score(target, score)), *auc.interval(target, score))
