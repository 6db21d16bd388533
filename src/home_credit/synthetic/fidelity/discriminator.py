"""Can a classifier tell synthetic applications from real ones, and by which columns?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
PARAMETERS: dict[str, Any] = {
    "rounds": 200,
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_child_samples": 40,
    "feature_fraction": 0.5,
}


@dataclass(frozen=True, slots=True)
class Discrimination:
    """The cross-validated AUC (0.5 where nothing tells), its 95 % interval, the rows, and the share of the
    classifier's gain that each column has, the largest first.
    """

    auc: float
    low: float
    high: float
    rows: int
    gain: dict[str, float]


def two_sample_auc(
    real: pl.DataFrame, synthetic: pl.DataFrame, *, most_rows: int, seed: int = 0
) -> Discrimination:
    """Train LightGBM to tell the rows apart, as many of either side and at most ``most_rows`` of each."""
    size = min(len(real), len(synthetic), most_rows)
    rows = pl.concat(
        [real.sample(size, seed=seed), synthetic.select(real.columns).sample(size, seed=seed)],
        how="vertical_relaxed",
    )
    made: NDArray[np.int64] = np.repeat([0, 1], size).astype(np.int64)
    score = np.zeros(2 * size)
    gain = np.zeros(len(real.columns))
    for inside, outside in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(score, made):
        preprocessor = Preprocessor.fit(rows[inside], rows.columns)
        booster = classifier.fit(
            preprocessor.transform(rows[inside]),
            made[inside],
            features=preprocessor.features,
            categorical=preprocessor.categorical,
            parameters=PARAMETERS,
            seed=seed,
        )
        score[outside] = classifier.log_odds(booster, preprocessor.transform(rows[outside]))
        gain += booster.feature_importance("gain")
    share = gain / max(gain.sum(), 1e-12)
    order = np.argsort(-share, kind="stable")
    low, high = auc.interval(made, score)
    return Discrimination(
        float(roc_auc_score(made, score)), low, high, len(rows),
        {rows.columns[each]: float(share[each]) for each in order},
    )  # fmt: skip
