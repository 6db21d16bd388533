"""From seven tables to a saved and registered model."""

from __future__ import annotations

import logging
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from home_credit import __version__, policy, registry
from home_credit.default_risk import artifacts, calibration, classifier, curves, metrics
from home_credit.default_risk.preprocessor import Preprocessor
from home_credit.features.build import feature_matrix
from home_credit.features.catalogue import CATALOGUE
from home_credit.tables.schema import ID, TARGET
from home_credit.tables.source import open_tables

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

SEED = 2018
FOLDS = 5


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Raw log-odds of each applicant by a model that never saw them, and the AUC on what each model saw."""

    raw: NDArray[np.float64]
    train_auc: list[float]
    fold_auc: list[float]


def _fit(
    rows: pl.DataFrame, target: NDArray[np.int64], parameters: dict[str, Any]
) -> tuple[Preprocessor, Any]:
    """Fit preprocessor and classifier on the same rows: nothing is learnt from any other."""
    preprocessor = Preprocessor.fit(rows, list(CATALOGUE))
    booster = classifier.fit(
        preprocessor.transform(rows),
        target,
        features=preprocessor.features,
        categorical=preprocessor.categorical,
        parameters=parameters,
        seed=SEED,
    )
    return preprocessor, booster


def out_of_fold(rows: pl.DataFrame, target: NDArray[np.int64], parameters: dict[str, Any]) -> OutOfFold:
    """Score every applicant by the model of the folds that they are not in; folds are stratified."""
    raw = np.zeros(len(target))
    train_auc, fold_auc = [], []
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for number, (inside, outside) in enumerate(folds.split(raw, target), start=1):
        preprocessor, booster = _fit(rows[inside], target[inside], parameters)
        raw[outside] = classifier.log_odds(booster, preprocessor.transform(rows[outside]))
        seen = classifier.log_odds(booster, preprocessor.transform(rows[inside]))
        train_auc.append(float(roc_auc_score(target[inside], seen)))
        fold_auc.append(float(roc_auc_score(target[outside], raw[outside])))
        logger.info(
            "fold %d of %d: AUC %.4f (on its own training rows %.4f)",
            number,
            FOLDS,
            fold_auc[-1],
            train_auc[-1],
        )
    return OutOfFold(raw, train_auc, fold_auc)


def train(
    tables: Path,
    models: Path,
    *,
    tracking: str | None,
    costs: policy.Costs,
    parameters: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Train on the applicants of application_train and return the manifest of the saved model.

    ``tracking`` is an MLflow address or folder; ``None`` tracks nothing. Metrics, calibration and cut-off all
    come from out-of-fold predictions; the saved classifier is then fitted on all rows.
    """
    began = time.monotonic()
    parameters = parameters or classifier.committed_parameters()
    with open_tables(tables, "train") as source:
        for warning in source.warnings:
            logger.warning("%s", warning)
        rows = feature_matrix(source.frames, source.applicants[ID])
        labelled = rows.select(ID).join(source.target, on=ID, how="left", maintain_order="left")
        training_data: dict[str, Any] = {"applicants": len(rows), "fingerprint": source.fingerprint}
    target = labelled[TARGET].to_numpy().astype(np.int64)
    logger.info("%d applicants, %d features in %.0f s", len(rows), len(CATALOGUE), time.monotonic() - began)

    folds = out_of_fold(rows, target, parameters)
    line = calibration.fit(folds.raw, target)
    probability = line.probability(folds.raw)
    cut_off = policy.choose_cut_off(probability, target, costs)
    measured = metrics.evaluate(target, probability)
    measured["train_auc"] = float(np.mean(folds.train_auc))
    measured["cost_per_applicant"] = policy.expected_cost(probability, target, cut_off, costs)

    preprocessor, booster = _fit(rows, target, parameters)
    manifest = artifacts.save(
        models,
        booster=booster,
        preprocessor=preprocessor,
        calibration=line,
        facts={
            "package_version": __version__,
            "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "training_data": training_data,
            "features": {"version": __version__, "names": list(preprocessor.features)},
            "parameters": parameters,
            "metrics": {
                "out_of_fold": measured,
                "folds": {"count": FOLDS, "seed": SEED, "auc": folds.fold_auc, "train_auc": folds.train_auc},
            },
            "policy": {
                "cut_off": cut_off,
                "cost_false_negative": costs.false_negative,
                "cost_false_positive": costs.false_positive,
            },
            "versions": {
                "python": platform.python_version(),
                **{name: version(name) for name in ("lightgbm", "polars", "narwhals", "numpy")},
            },
        },
    )
    if tracking is not None:
        cut_offs = np.linspace(0.01, 0.5, 99)
        cost_curve = np.array([policy.expected_cost(probability, target, point, costs) for point in cut_offs])
        run = registry.log_and_register(
            tracking,
            models=models,
            parameters={**parameters, "folds": FOLDS, "seed": SEED},
            metrics={**measured, **{f"fold_{n}_auc": auc for n, auc in enumerate(folds.fold_auc, 1)}},
            figures={
                "roc": curves.roc(target, probability),
                "reliability": curves.reliability(target, probability),
                "cost": curves.cost(cut_offs, cost_curve, cut_off),
            },
            example=_example(rows, preprocessor),
            tags={"model_version": manifest["model_version"], "data": training_data["fingerprint"][:12]},
        )
        logger.info("run %s is tracked and its model registered as %s", run, registry.CHAMPION)
    return manifest


def _example(rows: pl.DataFrame, preprocessor: Preprocessor) -> Any:  # pandas is MLflow's matter
    """Return one made-up row: the most frequent category or the median of each feature, nobody's own values."""
    return pl.DataFrame(
        {
            name: [preprocessor.categories[name][0]]
            if name in preprocessor.categories
            else [rows[name].median()]
            for name in preprocessor.features
        },
        schema={
            name: pl.String if name in preprocessor.categories else pl.Float64
            for name in preprocessor.features
        },
    ).to_pandas()
