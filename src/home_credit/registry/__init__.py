"""Tracked runs and registered models; the only room that knows MLflow."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow import MlflowClient
from mlflow.models import infer_signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure

EXPERIMENT = "home-credit-default-risk"
MODEL = "home-credit"
CHAMPION = "champion"
SQLITE = "sqlite:///"
SERVED_MODEL = Path(__file__).with_name("served_model.py")


def tracking_uri(setting: str) -> str:
    """Return the address to track under: a folder means the database ``mlflow.db`` in it."""
    return setting if "://" in setting else f"{SQLITE}{Path(setting) / 'mlflow.db'}"


def _local_folder(uri: str) -> Path | None:
    """Return the folder of a local SQLite backend, ``None`` for any other backend."""
    return Path(uri.removeprefix(SQLITE)).parent if uri.startswith(SQLITE) else None


def log_and_register(
    uri: str,
    *,
    models: Path,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    figures: Mapping[str, Figure],
    example: pd.DataFrame,
    tags: Mapping[str, str],
) -> str:
    """Track one training run with its model and make that model the champion; returns the run's id.

    ``models`` is the folder of saved artefacts, ``example`` a few rows of the feature matrix.
    """
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    uri = tracking_uri(uri)
    folder = _local_folder(uri)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        location = str(folder / "artifacts") if folder is not None else None
        identifier = client.create_experiment(EXPERIMENT, artifact_location=location)
    else:
        identifier = experiment.experiment_id
    with mlflow.start_run(experiment_id=identifier, tags=dict(tags)) as run:
        mlflow.log_params(dict(parameters))
        mlflow.log_metrics(dict(metrics))
        for name, figure in figures.items():
            mlflow.log_figure(figure, f"curves/{name}.png")
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(SERVED_MODEL),
            artifacts={"models": str(models)},
            signature=infer_signature(example, [0.5] * len(example)),
            input_example=example,
            pip_requirements=["home-credit-scoring[api]"],
            registered_model_name=MODEL,
        )
    client.set_registered_model_alias(MODEL, CHAMPION, str(info.registered_model_version))
    if folder is not None:
        make_portable(folder)
    return str(run.info.run_id)


def make_portable(folder: Path) -> None:
    """Make the artefact addresses of a local folder relative, so that the folder can be cloned anywhere.

    MLflow stores absolute paths; a relative one is read from the working directory, which is the
    repository's root for every command of ours.
    """
    absolute = str(folder.resolve())
    columns = {
        "experiments": "artifact_location",
        "runs": "artifact_uri",
        "logged_models": "artifact_location",
        "model_versions": "storage_location",
    }
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        for table, column in columns.items():
            database.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?)",  # noqa: S608 (names are ours)
                (absolute, str(folder)),
            )
        database.commit()
        database.execute("VACUUM")
    # The model's own description repeats where it was made; MLflow reads the names of the files alone.
    for description in folder.glob("artifacts/models/*/artifacts/MLmodel"):
        text = description.read_text(encoding="utf-8")
        relative = text.replace(absolute, str(folder)).replace(f"{Path.cwd()}/", "")
        description.write_text(relative, encoding="utf-8")
