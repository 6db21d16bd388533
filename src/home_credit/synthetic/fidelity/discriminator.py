"""Two-sample test by a classifier: the AUC that separates synthetic from real rows, and the discriminating columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from home_credit.default_risk import classifier
from home_credit.default_risk.preprocessor import Preprocessor
from home_credit.validation import auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 3
PARAMETERS: classifier.Parameters = {
    "rounds": 200,
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_child_samples": 40,
    "feature_fraction": 0.5,
}


@dataclass(frozen=True, slots=True)
class Discrimination:
    """The result of the test.

    ``auc`` is cross-validated (0.5 where the rows cannot be separated), ``low`` and ``high`` bound its 95 % interval;
    ``gain`` holds each column's share of the classifier's gain, the largest first.
    """

    auc: float
    low: float
    high: float
    rows: int
    gain: dict[str, float]


def two_sample_auc(
    real: pl.DataFrame, synthetic: pl.DataFrame, *, most_rows: int, seed: int = 0
) -> Discrimination:
    """Cross-validate LightGBM on the rows, as many synthetic as real, at most ``most_rows`` of each."""
    size = min(len(real), len(synthetic), most_rows)
    rows = pl.concat(
        [real.sample(size, seed=seed), synthetic.select(real.columns).sample(size, seed=seed)],
        how="vertical_relaxed",
    )
    is_synthetic: NDArray[np.int64] = np.repeat([0, 1], size).astype(np.int64)
    score = np.zeros(2 * size)
    gain = np.zeros(len(real.columns))
    for inside, outside in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(score, is_synthetic):
        preprocessor = Preprocessor.fit(rows[inside], rows.columns)
        booster = classifier.fit(
            preprocessor.transform(rows[inside]),
            is_synthetic[inside],
            features=preprocessor.features,
            categorical=preprocessor.categorical,
            parameters=PARAMETERS,
            seed=seed,
        )
        score[outside] = classifier.log_odds(booster, preprocessor.transform(rows[outside]))
        gain += booster.feature_importance("gain")
    share = gain / max(gain.sum(), 1e-12)
    order = np.argsort(-share, kind="stable")
    low, high = auc.interval(is_synthetic, score)
    return Discrimination(
        float(roc_auc_score(is_synthetic, score)), low, high, len(rows),
        {rows.columns[each]: float(share[each]) for each in order},
    )  # fmt: skip
