"""What a validator asks of a model's recipe, on tables: grades, reliability, fairness, stability and faithfulness.

The parameters and the cut-off are those of the saved model. Every applicant is scored by a model that never saw them, and
the reasons of one fold are explained by three models that differ by their seed; faithfulness is the saved model's.

python benchmarks/validation.py --tables DIR --models DIR
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from home_credit.default_risk import artifacts, calibration, classifier
from home_credit.default_risk.preprocessor import Preprocessor
from home_credit.features.build import feature_matrix
from home_credit.scoring import REASONS_TOLD
from home_credit.tables.schema import APPLICATION, ID, TARGET
from home_credit.tables.source import open_tables
from home_credit.validation import card, explanations, fairness, grades

if TYPE_CHECKING:
    import polars as pl

SEED, FOLDS, MODELS, EXPLAINED = 2018, 5, 3, 3_000
PEOPLE = ("CODE_GENDER", "DAYS_BIRTH", "NAME_FAMILY_STATUS")


def read(tables: Path) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    """Return features, people and targets, row for row."""
    with open_tables(tables, "train") as source:
        rows = feature_matrix(source.frames, source.applicants[ID])
        people = source.frames[APPLICATION].select(ID, *PEOPLE).collect()
        known = people.join(source.target, on=ID)
        aligned = rows.select(ID).join(known, on=ID, how="left", maintain_order="left")
    return rows, aligned.select(PEOPLE), aligned[TARGET].to_numpy().astype(np.int64)


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    arguments = parser.parse_args()
    model = artifacts.load(arguments.models)
    rows, people, target = read(arguments.tables)
    features = model.preprocessor.features

    def fit(inside: np.ndarray, seed: int) -> tuple[Preprocessor, Any]:
        prepared = Preprocessor.fit(rows[inside], features)
        return prepared, classifier.fit(
            prepared.transform(rows[inside]),
            target[inside],
            features=features,
            categorical=prepared.categorical,
            parameters=model.manifest["parameters"],
            seed=seed,
        )

    def contributions(prepared: Preprocessor, booster: Any, some: np.ndarray) -> np.ndarray:
        return classifier.contributions(booster, prepared.transform(rows[some]))[:, :-1]

    raw = np.zeros(len(target))
    for inside, outside in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(raw, target):
        prepared, booster = fit(inside, SEED)
        raw[outside] = classifier.log_odds(booster, prepared.transform(rows[outside]))
    probability = calibration.fit(raw, target).probability(raw)

    some = outside[:EXPLAINED]
    seeds = [(prepared, booster), *(fit(inside, SEED + more) for more in range(1, MODELS))]
    stable = explanations.stability(
        [explanations.by_reason(features, contributions(*one, some))[1] for one in seeds], REASONS_TOLD
    )
    matrix = model.preprocessor.transform(rows)
    faithful = explanations.faithfulness(
        partial(classifier.log_odds, model.booster),
        matrix[some],
        contributions(model.preprocessor, model.booster, some),
        features,
        explanations.typical(matrix, model.preprocessor.categorical),
        told=REASONS_TOLD,
        seed=SEED,
    )
    judged = explanations.judge(stable, faithful)
    cut_off = model.manifest["policy"]["cut_off"]
    for title, name, values in (
        ("Calibration by grade", "grades", grades.by_grade(probability, target)),
        ("Reliability", "reliability", grades.reliability(probability, target)),
        ("Reasons", "explanations", judged),
        ("Fairness", "fairness", fairness.fairness(people, probability, target, probability < cut_off)),
    ):
        print(f"## {title}\n\n{card.table(name, values)}\n")
    print(
        f"Model {model.version}, cut-off {cut_off:.4f}, {len(target):,} applicants; gates not passed: {judged['failed']}"
    )


if __name__ == "__main__":
    main()
