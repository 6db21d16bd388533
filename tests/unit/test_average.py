"""The average of boosters, where one of them has a tree without a split."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np

from home_credit.default_risk.classifier import average, log_odds


def test_a_tree_without_a_split_is_averaged_too() -> None:
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(60, 2))
    target = (matrix[:, 0] > 0).astype(int)
    silent = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    split = lgb.train({**silent, "min_data_in_leaf": 5}, lgb.Dataset(matrix, target), 3)
    # No leaf may be that small, so no tree has a split.
    whole = lgb.train({**silent, "min_data_in_leaf": 60}, lgb.Dataset(matrix, target), 1)
    assert "internal_value=\n" in whole.model_to_string()
    mean = (log_odds(split, matrix) + log_odds(whole, matrix)) / 2
    np.testing.assert_allclose(log_odds(average([split, whole]), matrix), mean, rtol=0, atol=1e-12)
