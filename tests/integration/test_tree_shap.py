"""TreeSHAP from tables: LightGBM's numbers for any trees and rows, and the same bits alone and in a batch."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from home_credit.default_risk import classifier
from home_credit.default_risk.tree_shap import TreeShap, UnsupportedTreesError
from home_credit.default_risk.tree_shap.explain import BLOCK, FEW_ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

NUMBERS, CATEGORIES = 6, (3, 40)
FEATURES = [f"f{place}" for place in range(NUMBERS + len(CATEGORIES))]
ODD = [np.nan, 0.0, -0.0, -1.0, 1e-36, -1e-36, 1e300, -1e300, np.inf, -np.inf, 2.5]


def rows_of(seed: int, rows: int) -> Matrix:
    """Numbers with ties, skew and missing values, then codes of categories."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, NUMBERS))
    numbers[:, 1] = np.round(numbers[:, 1])
    numbers[:, 2] = np.exp(3.0 * numbers[:, 2])
    numbers[rng.random((rows, NUMBERS)) < [0.0, 0.1, 0.3, 0.0, 0.9, 0.1]] = np.nan
    codes = np.stack([rng.zipf(1.5, rows) % known for known in CATEGORIES], axis=1).astype(np.float64)
    codes[rng.random(codes.shape) < 0.1] = np.nan
    return np.hstack([numbers, codes])


def odd_rows_of(seed: int, rows: int) -> Matrix:
    """Rows as in training, with values that are not in the training rows."""
    rng = np.random.default_rng(seed)
    matrix = rows_of(seed + 1, rows)
    thrown = rng.random(matrix.shape) < 0.2
    matrix[thrown] = rng.choice(ODD, thrown.sum())
    return matrix


def fitted(seed: int, *, monotone: bool = True, **parameters: Any) -> classifier.Booster:
    matrix = rows_of(seed, 400)
    signal = np.nan_to_num(matrix[:, 0] + matrix[:, 1] * (matrix[:, 2] > 1)) + (matrix[:, -1] % 3)
    target = (signal + np.random.default_rng(seed).normal(size=400) > 1.0).astype(np.int64)
    return classifier.fit(
        matrix,
        target,
        features=FEATURES,
        categorical=range(NUMBERS, len(FEATURES)),
        parameters={"rounds": 8, "learning_rate": 0.3, "num_threads": 1, "cat_smooth": 1.0, **parameters},
        seed=seed,
        monotone_constraints=[-1, 1, *[0] * (len(FEATURES) - 2)] if monotone else [],
    )


@cache
def deep() -> classifier.Booster:
    return fitted(3, rounds=30, num_leaves=24, max_depth=7, min_child_samples=3)


def assert_like_lightgbm(booster: classifier.Booster, explainer: Any, matrix: Matrix) -> None:
    expected = np.asarray(booster.predict(matrix, pred_contrib=True))
    explanation = explainer.explain(matrix)
    np.testing.assert_allclose(explanation.contributions, expected[:, :-1], rtol=0, atol=1e-9)
    assert explanation.base_value == pytest.approx(expected[0, -1], abs=1e-9)
    assert explanation.log_odds.tolist() == np.asarray(booster.predict(matrix, raw_score=True)).tolist()
    added_up = explanation.contributions.sum(axis=1) + explanation.base_value
    np.testing.assert_allclose(added_up, explanation.log_odds, rtol=0, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    leaves=st.integers(2, 24),
    depth=st.integers(1, 7),
    least=st.sampled_from([1, 5, 50]),
    fraction=st.sampled_from([0.3, 1.0]),
    bins=st.sampled_from([4, 255]),
    missing=st.booleans(),
)
@example(seed=1, leaves=24, depth=7, least=1, fraction=1.0, bins=255, missing=True)
def test_contributions_and_log_odds_are_those_of_lightgbm(
    *, seed: int, leaves: int, depth: int, least: int, fraction: float, bins: int, missing: bool
) -> None:
    booster = fitted(
        seed,
        num_leaves=leaves,
        max_depth=depth,
        min_child_samples=least,
        feature_fraction=fraction,
        max_bin=bins,
        use_missing=missing,
    )
    assert_like_lightgbm(booster, TreeShap(booster.model_to_string()), odd_rows_of(seed, 60))


def test_trees_of_these_tests_ask_for_categories_and_send_missing_values_both_ways() -> None:
    kinds = {
        int(kind)
        for line in re.findall(r"^decision_type=(.+)$", deep().model_to_string(), re.MULTILINE)
        for kind in line.split()
    }
    assert any(kind & 1 for kind in kinds)
    assert {8, 10} <= kinds


def test_values_on_a_threshold_go_the_way_that_they_go_in_lightgbm() -> None:
    booster = deep()
    text = booster.model_to_string()
    pairs = [
        (int(feature), float(threshold))
        for features, thresholds in zip(
            re.findall(r"^split_feature=(.+)$", text, re.MULTILINE),
            re.findall(r"^threshold=(.+)$", text, re.MULTILINE),
            strict=True,
        )
        for feature, threshold in zip(features.split(), thresholds.split(), strict=True)
    ]
    matrix = np.repeat(rows_of(5, 1), 3 * len(pairs), axis=0)
    for row, (feature, threshold) in enumerate(pairs):
        matrix[3 * row : 3 * row + 3, feature] = np.nextafter(threshold, [-np.inf, threshold, np.inf])
    assert_like_lightgbm(booster, TreeShap(text), matrix)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000), rows=st.sampled_from([FEW_ROWS + 1, BLOCK - 1, BLOCK + 1, 2 * BLOCK + 17])
)
def test_a_row_alone_has_the_bits_that_it_has_in_a_batch(*, seed: int, rows: int) -> None:
    tree_shap = TreeShap(deep().model_to_string())
    matrix = odd_rows_of(seed, rows)
    together = tree_shap.explain(matrix)
    for part in (slice(0, 1), slice(rows - 1, rows), slice(3, 40), slice(rows - FEW_ROWS, rows)):
        alone = tree_shap.explain(matrix[part])
        assert alone.contributions.tolist() == together.contributions[part].tolist()
        assert alone.log_odds.tolist() == together.log_odds[part].tolist()
    backwards = tree_shap.explain(np.asfortranarray(matrix[::-1]))
    assert backwards.contributions[::-1].tolist() == together.contributions.tolist()


def test_no_rows_are_explained_by_nothing() -> None:
    explanation = TreeShap(deep().model_to_string()).explain(np.empty((0, len(FEATURES))))
    assert explanation.contributions.shape == (0, len(FEATURES)) and explanation.log_odds.shape == (0,)


def with_a_tree_of_one_leaf(booster: classifier.Booster, value: float) -> classifier.Booster:
    """Replace the second tree by a tree of one leaf, in LightGBM's text format."""
    text = re.sub(r"^tree_sizes=.*\n", "", booster.model_to_string(), flags=re.MULTILINE)
    before, _, after = text.partition("Tree=1\n")
    fields = "split_feature=|split_gain=|threshold=|decision_type=|left_child=|right_child="
    empty = "\n".join(fields.split("|"))
    leaf = (
        f"num_leaves=1\nnum_cat=0\n{empty}\nleaf_value={value}\nleaf_weight=\nleaf_count=\n"
        "internal_value=\ninternal_weight=\ninternal_count=\nis_linear=0\nshrinkage=1\n\n\n"
    )
    return classifier.read(f"{before}Tree=1\n{leaf}Tree=2\n{after.partition('Tree=2')[2].lstrip()}")


def test_a_tree_of_one_leaf_adds_its_value_in_its_place() -> None:
    booster = with_a_tree_of_one_leaf(deep(), 0.1)
    assert booster.num_trees() == deep().num_trees()
    assert "num_leaves=1\n" in booster.model_to_string()
    assert_like_lightgbm(booster, TreeShap(booster.model_to_string()), rows_of(1, 50))


def test_an_average_of_boosters_is_explained_as_one_model() -> None:
    booster = classifier.average([deep(), fitted(4, num_leaves=3), fitted(5, num_leaves=16, max_depth=5)])
    assert_like_lightgbm(booster, TreeShap(booster.model_to_string()), odd_rows_of(6, 60))


def test_a_model_without_a_split_explains_nothing() -> None:
    booster = fitted(1, min_child_samples=10_000, rounds=2)
    tree_shap = TreeShap(booster.model_to_string())
    for rows in (2, FEW_ROWS + 1):
        assert_like_lightgbm(booster, tree_shap, rows_of(2, rows))


def test_trees_too_deep_for_the_tables_are_explained_by_lightgbm() -> None:
    booster = fitted(1, num_leaves=31, max_depth=-1, min_child_samples=1, rounds=20)
    with pytest.raises(UnsupportedTreesError, match="a tree of depth .*7 is the most"):
        TreeShap(booster.model_to_string())
    assert_like_lightgbm(booster, classifier.Explainer.of(booster), odd_rows_of(4, 30))


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"zero_as_missing": True}, "zero for missing"),
        ({"linear_tree": True, "monotone": False}, "linear leaves"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "averages its trees"),
        ({"objective": "multiclass", "num_class": 2, "monotone": False}, "several outputs"),
    ],
)
def test_other_kinds_of_model_are_refused(parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(UnsupportedTreesError, match=problem):
        TreeShap(fitted(1, **parameters).model_to_string())


def test_a_matrix_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a matrix of shape \(2, 3\), where the model has 8 columns"):
        TreeShap(deep().model_to_string()).explain(np.zeros((2, 3)))
