"""How well a classifier tells current applications from those of the reference: the two-sample AUC.

    python benchmarks/monitoring_two_samples.py --tables DIR

A gradient boosting of scikit-learn is trained to tell application_train from application_test on the columns as they
are, without the id, in five folds; 0.5 means that nothing can be told. The columns that tell most come from a permutation
on the last fold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from home_credit.tables.schema import APPLICATION, ID, TARGET, TEST, TRAIN, table


def main() -> None:
    """Print the AUC and the columns that tell the two apart."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    tables = parser.parse_args().tables
    names = [name for name in table(APPLICATION).columns if name not in {ID, TARGET}]
    sides = [pl.read_parquet(tables / f"{name}.parquet").select(names) for name in (TRAIN, TEST)]
    rows = pl.concat(sides, how="vertical_relaxed")
    matrix = rows.select(
        pl.col(name).cast(pl.Categorical).to_physical().cast(pl.Float64)
        if dtype == pl.String
        else pl.col(name).cast(pl.Float64)
        for name, dtype in rows.schema.items()
    ).to_numpy()
    side = np.repeat([0, 1], [len(each) for each in sides])
    scores = np.zeros(len(side))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(matrix, side):
        model = HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(matrix[train], side[train])
        scores[test] = model.predict_proba(matrix[test])[:, 1]
    print(f"{len(sides[0]):,} against {len(sides[1]):,} applications: AUC {roc_auc_score(side, scores):.4f}")
    chance, held = np.random.default_rng(0), matrix[test]
    whole = roc_auc_score(side[test], model.predict_proba(held)[:, 1])
    falls = {}
    for place, name in enumerate(names):
        kept = held[:, place].copy()
        held[:, place] = chance.permutation(kept)
        falls[name] = whole - roc_auc_score(side[test], model.predict_proba(held)[:, 1])
        held[:, place] = kept
    for name in sorted(falls, key=falls.__getitem__, reverse=True)[:8]:
        print(f"{name}: {falls[name]:.4f}")


if __name__ == "__main__":
    main()
