"""Baselines, and a plain LightGBM on raw application columns, all on the same folds.

python benchmarks/baselines.py --tables DIR [--track]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from home_credit.config import Settings
from home_credit.default_risk import classifier
from home_credit.tables.schema import APPLICATION, ID
from home_credit.tables.source import open_tables
from home_credit.training import data
from home_credit.training.baselines import HEAD, candidates, evaluate
from home_credit.training.cross_validation import out_of_fold
from home_credit.training.learners import boosted

PLAIN = {
    "rounds": 350,
    "learning_rate": 0.02,
    "num_leaves": 31,
    "min_child_samples": 100,
    "feature_fraction": 0.5,
}


def raw_columns(tables: Path, order: pl.Series) -> pl.DataFrame:
    """Return the raw application, protected traits included, in the order of the feature rows."""
    with open_tables(tables, "train") as source:
        raw = source.frames[APPLICATION].collect()
    raw = pl.DataFrame({ID: order}).join(raw, on=ID, how="left", maintain_order="left")
    return raw.with_columns(pl.col(pl.Int64).cast(pl.Float64))


def main() -> None:
    """Print one line per model, the simplest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--track", action="store_true", help="track each model in MLflow")
    arguments = parser.parse_args()
    applicants = data.load(arguments.tables)
    print(HEAD)
    raw = raw_columns(arguments.tables, applicants.rows[ID])
    names = raw.columns[1:]
    scored = out_of_fold(raw, applicants.target, applicants.persons, boosted(names, [PLAIN]), repeats=1)
    print(
        f"| plain LightGBM, raw application columns | {len(names)} "
        f"| {roc_auc_score(applicants.target, scored.raw[0]):.4f} | | | {np.mean(scored.train_auc):.4f} |",
        flush=True,
    )
    for result in evaluate(
        applicants,
        candidates(classifier.committed_parameters()),
        tracking=Settings().mlflow_tracking_uri if arguments.track else None,
    ):
        print(result.line, flush=True)
    print(
        f"lightgbm {lgb.__version__}, {len(applicants)} applicants, {applicants.target.mean():.2%} defaults"
    )


if __name__ == "__main__":
    main()
