"""The value of each table: the model without its features, on the same folds.

python benchmarks/ablation.py --tables DIR

If the tables state which histories are complete, only those applicants are used, since the absence of other histories
has no effect.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from home_credit.default_risk import classifier
from home_credit.default_risk.inputs import INPUTS
from home_credit.features.catalogue import TABLE_OF
from home_credit.tables.schema import TABLES
from home_credit.training import data
from home_credit.training.cross_validation import out_of_fold
from home_credit.training.learners import boosted

if TYPE_CHECKING:
    from numpy.typing import NDArray

REPEATS, RESAMPLES = 2, 500


def difference(
    target: NDArray[np.int64], scores: NDArray[np.float64], reference: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the 95 % interval of the difference in AUC by paired bootstrap over applicants."""
    chance = np.random.default_rng(2018)
    drawn = []
    for _ in range(RESAMPLES):
        rows = chance.integers(len(target), size=len(target))
        drawn.append(roc_auc_score(target[rows], scores[rows]) - roc_auc_score(target[rows], reference[rows]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    """Print one line per table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    applicants = data.load(parser.parse_args().tables)
    if applicants.complete.any():
        applicants = applicants.where(applicants.complete)
    target, parameters = applicants.target, classifier.committed_parameters()

    def score(features: list[str]) -> NDArray[np.float64]:
        learner = boosted(features, parameters)
        scored = out_of_fold(applicants.rows, target, applicants.persons, learner, repeats=REPEATS)
        mean: NDArray[np.float64] = scored.raw.mean(axis=0)
        return mean

    everything = score(list(INPUTS))
    print(
        f"{len(target)} applicants, {target.sum()} defaults; all tables: AUC {roc_auc_score(target, everything):.4f}"
    )
    print("| without | features left | AUC | difference (95 %) |\n|---|---|---|---|")
    for name in TABLES:
        left = [feature for feature in INPUTS if TABLE_OF[feature] != name]
        without = score(left)
        low, high = difference(target, without, everything)
        print(
            f"| {name} | {len(left)} | {roc_auc_score(target, without):.4f} | {low:+.4f} to {high:+.4f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
