"""Runs in MLflow experiments."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import mlflow
from mlflow import MlflowClient

from home_credit.tracking.addresses import local_database, tracking_uri
from home_credit.tracking.relative_paths import make_relative

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.figure import Figure


@contextmanager
def connected(setting: str) -> Iterator[MlflowClient]:
    """Yield a client for the tracking address ``setting``; a local folder stays portable."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    database = local_database(setting)
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(tracking_uri(setting))
    mlflow.set_registry_uri(tracking_uri(setting))
    try:
        yield MlflowClient()
    finally:
        if database is not None and database.exists():
            make_relative(database.parent)


def experiment(client: MlflowClient, setting: str, name: str) -> str:
    """Return the id of the experiment, created where it is missing; local artefacts are beside the database."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    database = local_database(setting)
    return str(client.create_experiment(name, str(database.parent / "artifacts") if database else None))


def log(
    parameters: Mapping[str, object],
    metrics: Mapping[str, float],
    figures: Mapping[str, Figure] | None = None,
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
    parameters: Mapping[str, object],
    metrics: Mapping[str, float],
) -> str:
    """Track a run without a model, such as a baseline; returns the run's id."""
    with (
        connected(setting) as client,
        mlflow.start_run(
            experiment_id=experiment(client, setting, experiment_name), run_name=run_name
        ) as run,
    ):
        log(parameters, metrics)
        return str(run.info.run_id)
