"""AUC on the same stratified folds: plain LightGBM on application columns, ours on the application, ours on all.

python benchmarks/ladder.py --tables DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from home_credit.default_risk import classifier
from home_credit.default_risk.preprocessor import Preprocessor
from home_credit.features.build import feature_matrix
from home_credit.features.catalogue import CATALOGUE, TABLE_OF
from home_credit.tables.schema import APPLICATION, ID, TARGET
from home_credit.tables.source import open_tables

SEED = 2018
PLAIN = {"rounds": 300, "learning_rate": 0.03, "num_leaves": 31}


def out_of_fold(rows: pl.DataFrame, target: np.ndarray, features: list[str], parameters: dict) -> float:
    """Return the AUC of predictions that no model made on its own training rows."""
    score = np.zeros(len(target))
    for inside, outside in StratifiedKFold(5, shuffle=True, random_state=SEED).split(score, target):
        prepared = Preprocessor.fit(rows[inside], features)
        booster = classifier.fit(
            prepared.transform(rows[inside]),
            target[inside],
            features=features,
            categorical=prepared.categorical,
            parameters=parameters,
            seed=SEED,
        )
        score[outside] = classifier.log_odds(booster, prepared.transform(rows[outside]))
    return float(roc_auc_score(target, score))


def main() -> None:
    """Print one line per rung."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    arguments = parser.parse_args()
    with open_tables(arguments.tables, "train") as source:
        rows = feature_matrix(source.frames, source.applicants[ID])
        raw = source.frames[APPLICATION].collect().sort(ID)
        target = (
            rows.select(ID).join(source.target, on=ID, how="left", maintain_order="left")[TARGET].to_numpy()
        )
    raw = raw.with_columns(pl.col(pl.Int64).cast(pl.Float64))
    committed = classifier.committed_parameters()
    application = [name for name in CATALOGUE if TABLE_OF[name] == APPLICATION]
    print("| | features | AUC |\n|---|---|---|")
    for name, frame, features, parameters in (
        ("plain LightGBM, raw application columns", raw, raw.columns[1:], PLAIN),
        ("committed parameters, raw application columns", raw, raw.columns[1:], committed),
        ("committed parameters, application features", rows, application, committed),
        ("committed parameters, all features", rows, list(CATALOGUE), committed),
    ):
        print(
            f"| {name} | {len(features)} | {out_of_fold(frame, target, features, parameters):.4f} |",
            flush=True,
        )
    print(f"lightgbm {lgb.__version__}, {len(target)} applicants, {target.mean():.2%} defaults")


if __name__ == "__main__":
    main()
