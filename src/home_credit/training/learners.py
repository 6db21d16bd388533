"""Learners, from the simplest to the final model; each is fitted on the given rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from home_credit.default_risk import classifier
from home_credit.default_risk.inputs import monotone_constraints
from home_credit.default_risk.preprocessor import Preprocessor
from home_credit.training import folds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from home_credit.training.cross_validation import Learner, Scores

# The usual rule of scorecards: a variable with less information value is left out.
LEAST_INFORMATION_VALUE = 0.02


def fit_boosted(
    rows: pl.DataFrame,
    target: NDArray[np.int64],
    features: Sequence[str],
    parameters: Sequence[Mapping[str, Any]],
    seed: int = folds.SEED,
) -> tuple[Preprocessor, classifier.Booster]:
    """Fit preprocessor and boosted trees on the same rows."""
    preprocessor = Preprocessor.fit(rows, features)
    booster = classifier.fit_average(
        preprocessor.transform(rows),
        target,
        features=preprocessor.features,
        categorical=preprocessor.categorical,
        monotone_constraints=monotone_constraints(features),
        parameters=parameters,
        seed=seed,
    )
    return preprocessor, booster


def boosted(features: Sequence[str], parameters: Sequence[Mapping[str, Any]]) -> Learner:
    """Return a learner of boosted trees."""

    def learn(rows: pl.DataFrame, target: NDArray[np.int64]) -> Scores:
        preprocessor, booster = fit_boosted(rows, target, features, parameters)
        return lambda others: classifier.log_odds(booster, preprocessor.transform(others))

    return learn


def prior(rows: pl.DataFrame, target: NDArray[np.int64]) -> Scores:  # noqa: ARG001  # a learner's signature
    """Fit the default rate alone, the lower bound for any model."""
    rate = float(target.mean())
    return lambda others: np.full(len(others), np.log(rate / (1.0 - rate)))


def logistic(features: Sequence[str]) -> Learner:
    """Return a learner of a logistic regression: medians for missing numbers, one column per category."""

    def learn(rows: pl.DataFrame, target: NDArray[np.int64]) -> Scores:
        preprocessor = Preprocessor.fit(rows, features)
        categorical = preprocessor.categorical
        numeric = [place for place in range(len(features)) if place not in categorical]
        model = make_pipeline(
            make_column_transformer(
                (
                    make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
                    numeric,
                ),
                (OneHotEncoder(handle_unknown="ignore", min_frequency=50), categorical),
            ),
            LogisticRegression(C=0.1, max_iter=500),
        ).fit(preprocessor.transform(rows), target)
        return lambda others: np.asarray(model.decision_function(preprocessor.transform(others)))

    return learn


def scorecard(features: Sequence[str]) -> Learner:
    """Return a learner of a scorecard: optimal bins, weights of evidence, logistic regression on informative ones."""
    from optbinning import BinningProcess  # noqa: PLC0415  # in the research extra only: its solvers are large

    def learn(rows: pl.DataFrame, target: NDArray[np.int64]) -> Scores:
        preprocessor = Preprocessor.fit(rows, features)
        binning = BinningProcess(
            list(features),
            categorical_variables=list(preprocessor.categories),
            selection_criteria={"iv": {"min": LEAST_INFORMATION_VALUE}},
        )
        matrix = preprocessor.transform(rows)
        binning.fit(matrix, target)
        weigh = {"metric": "woe", "metric_missing": "empirical", "metric_special": "empirical"}
        model = LogisticRegression(max_iter=500).fit(binning.transform(matrix, **weigh), target)
        return lambda others: np.asarray(
            model.decision_function(binning.transform(preprocessor.transform(others), **weigh))
        )

    return learn
