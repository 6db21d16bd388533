"""Tracks a training run in MLflow: its name, note, data set, metrics, figures and model."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from home_credit.default_risk import artifacts
from home_credit.default_risk.reasons import label
from home_credit.tracking import registered_models
from home_credit.tracking.runs import DataSet, Run
from home_credit.training import notes
from home_credit.validation import figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from home_credit.default_risk.manifest import Manifest
    from home_credit.training.data import Applicants

logger = logging.getLogger(__name__)

DIGEST_DIGITS = 12
# Bars of the figure; the manifest and the model card have all that are stored.
BARS = 20


def track(
    tracking: str,
    tables: Path,
    models: Path,
    applicants: Applicants,
    probability: NDArray[np.float64],
    *,
    began: datetime,
) -> None:
    """Track the run of the model saved in ``models``, and register the model.

    ``began`` is when its training began. ``probability`` has the out-of-fold probabilities of the ``applicants`` in
    ``tables``, repeats by applicants.
    """
    model = artifacts.load(models)
    manifest = model.manifest
    run = Run(
        name=notes.run_name(manifest),
        note=notes.run_note(manifest),
        parameters=_parameters(manifest),
        metrics=manifest.metrics.out_of_fold,
        began=began,
        series={"fold_auc": manifest.metrics.folds.auc, "fold_train_auc": manifest.metrics.folds.train_auc},
        figures=_figures(manifest, applicants, probability),
        files=[models / artifacts.CARD],
        data=data_set(tables, applicants),
        tags={"model_version": manifest.model_version, "data": applicants.fingerprint[:DIGEST_DIGITS]},
    )
    registered = registered_models.log_and_register(
        tracking,
        run,
        models=models,
        example=_example(applicants.rows, model.preprocessor.features, model.preprocessor.categories),
        notes=(notes.MODEL, notes.version_note(manifest)),
    )
    logger.info("run %s is tracked, its model registered as version %s (%s)", *registered)


def data_set(tables: Path, applicants: Applicants) -> DataSet:
    """Return what MLflow is told of the training tables: where they are, their digest and how many rows, but no row.

    The folder is named as seen from the working directory, or by its last part where it is elsewhere, so that the
    tracked runs do not show the paths of a machine.
    """
    place = tables.absolute()
    within = place.is_relative_to(Path.cwd())
    return DataSet(
        name=place.name,
        digest=applicants.fingerprint[:DIGEST_DIGITS],
        source=str(place.relative_to(Path.cwd())) if within else place.name,
        rows=len(applicants),
        columns=len(applicants.rows.columns),
    )


def _parameters(manifest: Manifest) -> dict[str, object]:
    return {
        **{
            f"booster_{number}_{name}": value
            for number, each in enumerate(manifest.parameters, 1)
            for name, value in each.items()
        },
        "folds": manifest.metrics.folds.count,
        "repeats": manifest.metrics.folds.repeats,
        "seed": manifest.metrics.folds.seed,
        "features": len(manifest.features.names),
        "calibration": manifest.calibration.chosen,
    }


def _figures(
    manifest: Manifest, applicants: Applicants, probability: NDArray[np.float64]
) -> dict[str, Figure]:
    measured: dict[str, Any] = dict(manifest.validation)
    policy = manifest.policy
    weighed = measured["importance"]["features"][:BARS]
    return {
        "roc": figures.roc(measured["roc"]),
        "reliability": figures.reliability(np.tile(applicants.target, len(probability)), probability.ravel()),
        "cost": figures.cost(measured["cost_curve"], policy.cut_off, policy.out_of_fold_optimal_cut_off),
        "importance": figures.importance(weighed, [label(each["feature"], "en") for each in weighed]),
    }


def _example(
    rows: pl.DataFrame, features: Sequence[str], categories: Mapping[str, Sequence[str]]
) -> Any:  # pandas is imported by MLflow only
    """Return one synthetic row: the most frequent category or the median of each feature."""
    return pl.DataFrame(
        {name: [categories[name][0]] if name in categories else [rows[name].median()] for name in features},
        schema={name: pl.String if name in categories else pl.Float64 for name in features},
    ).to_pandas()
