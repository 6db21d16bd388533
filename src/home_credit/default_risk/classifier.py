"""Gradient-boosted trees: training, log-odds and their exact attribution to features."""

from __future__ import annotations

import tomllib
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import lightgbm as lgb
import numpy as np

from home_credit.default_risk.tree_shap import Explanation, TreeShap, UnsupportedTreesError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Booster = lgb.Booster

# A fixed number of threads and LightGBM's deterministic mode: the same rows give the same trees.
FIXED: dict[str, Any] = {
    "objective": "binary",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


def committed_parameters() -> dict[str, Any]:
    """Return the hyper-parameters kept with the code, ``rounds`` being the number of trees."""
    text = files("home_credit.default_risk").joinpath("parameters.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def fit(
    matrix: NDArray[np.float64],
    target: NDArray[np.int64],
    *,
    features: Sequence[str],
    categorical: Sequence[int],
    parameters: Mapping[str, Any],
    seed: int,
    monotone_constraints: Sequence[int] = (),
) -> lgb.Booster:
    """Train on ``matrix`` (rows by features) and ``target`` (1 a default).

    ``categorical`` holds positions of features. ``monotone_constraints`` holds one number per feature: -1 where a
    higher value may never raise the risk, 1 where it may never lower it, 0 without a constraint; empty means none.
    """
    settings = {**FIXED, **parameters, "seed": seed, "monotone_constraints": list(monotone_constraints)}
    rounds = settings.pop("rounds")
    data = lgb.Dataset(
        matrix, target, feature_name=list(features), categorical_feature=list(categorical), params=settings
    )
    return lgb.train(settings, data, num_boost_round=rounds)


def log_odds(booster: lgb.Booster, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the uncalibrated log-odds of default, one per row."""
    return np.asarray(booster.predict(matrix, raw_score=True), dtype=np.float64)


class Explainer:
    """Explains what a booster says of rows; a row alone gets the bits that it gets in a batch.

    Its tables are laid out at the first use, so that a model loads no later for them. Safe to use from several threads.
    """

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster

    @cached_property
    def _tree_shap(self) -> TreeShap | None:
        try:
            return TreeShap(self._booster.model_to_string())
        except UnsupportedTreesError:
            return None

    def explain(self, matrix: NDArray[np.float64]) -> Explanation:
        """Return log-odds and exact TreeSHAP values for a matrix of rows by features.

        Trees that the tables cannot hold (deeper than seven splits) are explained by LightGBM itself, which takes
        longer.
        """
        if self._tree_shap is not None:
            return self._tree_shap.explain(matrix)
        shares = np.asarray(self._booster.predict(matrix, pred_contrib=True), dtype=np.float64)
        return Explanation(log_odds(self._booster, matrix), shares[:, :-1], float(shares[0, -1]))
