"""Gradient-boosted trees: training, log-odds and their exact attribution to features.

LightGBM, with SciPy, takes longer to import than a model takes to load, and decisions are read from tables. So it is
imported by what trains, and by the first use of a booster.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from home_credit.default_risk.tree_shap import END_OF_TREES, Explanation, TreeShap, UnsupportedTreesError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import lightgbm as lgb
    from numpy.typing import NDArray

    Booster = lgb.Booster

# Hyper-parameters of one booster by LightGBM's names; ``rounds`` is the number of trees.
Parameters = Mapping[str, float | str]

# With a fixed number of threads and LightGBM's deterministic mode the same rows give the same trees.
FIXED: Parameters = {
    "objective": "binary",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


def committed_parameters() -> list[Parameters]:
    """Return the hyper-parameters kept with the code, one set per booster."""
    text = files("home_credit.default_risk").joinpath("parameters.toml").read_text(encoding="utf-8")
    boosters: list[Parameters] = tomllib.loads(text)["boosters"]
    return boosters


def fit(
    matrix: NDArray[np.float64],
    target: NDArray[np.int64],
    *,
    features: Sequence[str],
    categorical: Sequence[int],
    parameters: Parameters,
    seed: int,
    monotone_constraints: Sequence[int] = (),
) -> lgb.Booster:
    """Train on ``matrix`` (rows by features) and ``target`` (1 a default).

    ``categorical`` holds positions of features. ``monotone_constraints`` holds one number per feature: -1 where a
    higher value may never raise the risk, 1 where it may never lower it, 0 without a constraint; empty means none.
    """
    import lightgbm as lgb  # noqa: PLC0415  # see the top of this module

    settings = {**FIXED, **parameters, "seed": seed, "monotone_constraints": list(monotone_constraints)}
    del settings["rounds"]
    data = lgb.Dataset(
        matrix, target, feature_name=list(features), categorical_feature=list(categorical), params=settings
    )
    return lgb.train(settings, data, num_boost_round=int(parameters["rounds"]))


def fit_average(
    matrix: NDArray[np.float64],
    target: NDArray[np.int64],
    *,
    features: Sequence[str],
    categorical: Sequence[int],
    parameters: Sequence[Parameters],
    seed: int,
    monotone_constraints: Sequence[int] = (),
) -> lgb.Booster:
    """Train a booster by each set of ``parameters`` and return their average; the rest is as for :func:`fit`."""
    boosters = [
        fit(
            matrix,
            target,
            features=features,
            categorical=categorical,
            parameters=each,
            seed=seed + place,
            monotone_constraints=monotone_constraints,
        )
        for place, each in enumerate(parameters)
    ]
    return average(boosters)


def average(boosters: Sequence[lgb.Booster]) -> lgb.Booster:
    """Return the booster whose log-odds are the mean of those of ``boosters``, which read the same features.

    It holds the trees of all of them with the values of their leaves divided by the number of boosters, so it is
    served, saved and explained as any other. The text form of LightGBM models is read and written.
    """
    if len(boosters) == 1:
        return boosters[0]
    share = 1.0 / len(boosters)
    trees: list[str] = []
    for booster in boosters:
        head, text = booster.model_to_string().split(_FIRST_TREE)
        text, tail = text.split(END_OF_TREES)
        trees += (_VALUES.sub(lambda line: _scaled(line, share), tree) for tree in _NEXT_TREE.split(text))
    numbered = "".join(f"\nTree={number}\n{tree}" for number, tree in enumerate(trees))
    # The sizes of the trees in bytes have changed; without them LightGBM reads the trees in order.
    return read(_TREE_SIZES.sub("", head) + numbered + END_OF_TREES + tail)


_FIRST_TREE = "\nTree=0\n"
_NEXT_TREE = re.compile(r"\nTree=\d+\n")
_TREE_SIZES = re.compile(r"\ntree_sizes=.*")
_VALUES = re.compile(r"^((?:leaf|internal)_value=)(.*)$", re.MULTILINE)


def _scaled(line: re.Match[str], share: float) -> str:
    return line[1] + " ".join(repr(float(value) * share) for value in line[2].split())


def read(text: str) -> lgb.Booster:
    """Return the booster of a model text, as ``booster.model_to_string()`` returns it."""
    import lightgbm as lgb  # noqa: PLC0415  # see the top of this module

    return lgb.Booster(model_str=text)


def log_odds(booster: lgb.Booster, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the uncalibrated log-odds of default, one per row."""
    return np.asarray(booster.predict(matrix, raw_score=True), dtype=np.float64)


class Explainer:
    """Explains the scores of a booster; a row has the same bits alone and in a batch.

    Its tables are built on first use, so that they do not delay the loading of a model. Safe to use from several
    threads.
    """

    def __init__(self, text: str, booster: Callable[[], lgb.Booster]) -> None:
        """Explain the model of ``text``; ``booster`` returns the same, for trees that the tables cannot hold."""
        self._text, self._booster = text, booster

    @classmethod
    def of(cls, booster: lgb.Booster) -> Explainer:
        """Return the explainer of a booster."""
        return cls(booster.model_to_string(), lambda: booster)

    @cached_property
    def _tree_shap(self) -> TreeShap | None:
        try:
            return TreeShap(self._text)
        except UnsupportedTreesError:
            return None

    def explain(self, matrix: NDArray[np.float64]) -> Explanation:
        """Return log-odds and exact TreeSHAP values for a matrix of rows by features.

        Trees that the tables cannot hold (deeper than seven splits) are explained by LightGBM itself, which takes
        longer.
        """
        if self._tree_shap is not None:
            return self._tree_shap.explain(matrix)
        booster = self._booster()
        shares = np.asarray(booster.predict(matrix, pred_contrib=True), dtype=np.float64)
        return Explanation(log_odds(booster, matrix), shares[:, :-1], float(shares[0, -1]))
