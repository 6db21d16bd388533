"""Runs in MLflow experiments."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow import MlflowClient

from home_credit.registry.portable import make_portable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.figure import Figure

SQLITE = "sqlite:///"


def tracking_uri(setting: str) -> str:
    """Return the address to track under: a folder means the database ``mlflow.db`` in it."""
    return setting if "://" in setting else f"{SQLITE}{Path(setting) / 'mlflow.db'}"


def _local_folder(uri: str) -> Path | None:
    """Return the folder of a local SQLite backend, ``None`` for any other backend."""
    return Path(uri.removeprefix(SQLITE)).parent if uri.startswith(SQLITE) else None


@contextmanager
def connected(setting: str) -> Iterator[MlflowClient]:
    """Give a client of the tracking server that ``setting`` names; a local folder stays portable."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    uri = tracking_uri(setting)
    folder = _local_folder(uri)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        yield MlflowClient()
    finally:
        if folder is not None and (folder / "mlflow.db").exists():
            make_portable(folder)


def experiment(client: MlflowClient, name: str) -> str:
    """Return the id of the experiment, made where it is missing; locally its artefacts lie beside the database."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    folder = _local_folder(mlflow.get_tracking_uri())
    return str(client.create_experiment(name, str(folder / "artifacts") if folder is not None else None))


def log(
    parameters: Mapping[str, Any], metrics: Mapping[str, float], figures: Mapping[str, Figure] | None = None
) -> None:
    """Log to the active run."""
    mlflow.log_params(dict(parameters))
    mlflow.log_metrics(dict(metrics))
    for name, figure in (figures or {}).items():
        mlflow.log_figure(figure, f"curves/{name}.png")


def log_run(
    setting: str,
    experiment_name: str,
    run_name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
) -> str:
    """Track a run without a model, such as a baseline; returns the run's id."""
    with (
        connected(setting) as client,
        mlflow.start_run(experiment_id=experiment(client, experiment_name), run_name=run_name) as run,
    ):
        log(parameters, metrics)
        return str(run.info.run_id)
