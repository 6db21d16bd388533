"""Runs in MLflow experiments."""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow import MlflowClient
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.sources import LocalArtifactDatasetSource
from mlflow.tracking.context.registry import resolve_tags

from home_credit.tracking.addresses import local_database, tracking_uri
from home_credit.tracking.experiments import NOTE, Experiment
from home_credit.tracking.relative_paths import make_relative

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class DataSet:
    """The data of a run: a name, a digest of at most 36 characters, where the tables are, and their size; no rows."""

    name: str
    digest: str
    source: str
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Run:
    """What is tracked of one run.

    ``began`` is when what it measures began, and not when it is tracked: MLflow shows the time since then.
    ``note`` is Markdown. ``series`` are metrics with a value per step, counted from 1; ``figures`` are stored as
    images in the folder ``curves`` of its artefacts, ``files`` beside it.
    """

    name: str
    parameters: Mapping[str, object]
    metrics: Mapping[str, float]
    began: datetime
    note: str = ""
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    files: Sequence[Path] = ()
    data: DataSet | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class _Described(MetaDataset):  # type: ignore[misc]  # MLflow's base class is untyped here
    """A data set without rows that states how many there are."""

    def __init__(self, described: DataSet) -> None:
        self._profile = {"num_rows": described.rows, "num_columns": described.columns}
        source = LocalArtifactDatasetSource(described.source)
        super().__init__(source=source, name=described.name, digest=described.digest)

    def to_dict(self) -> dict[str, Any]:
        """Return MLflow's entry of the data set, with its size as profile."""
        return {**super().to_dict(), "profile": json.dumps(self._profile)}


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


@contextmanager
def started(client: MlflowClient, setting: str, experiment: Experiment, run: Run) -> Iterator[str]:
    """Start a run of ``experiment`` as MLflow's active one, log all of ``run``, and yield its id."""
    # A run that the client makes has no tags of who made it, unlike one that is started at once.
    tags = resolve_tags({**run.tags, **({NOTE: run.note} if run.note else {})})
    made = client.create_run(
        experiment.made(client, setting),
        start_time=int(run.began.timestamp() * 1000),
        tags=tags,
        run_name=run.name,
    )
    with mlflow.start_run(run_id=made.info.run_id) as active:
        if run.data is not None:
            mlflow.log_input(_Described(run.data), context="training")
        mlflow.log_params(dict(run.parameters))
        mlflow.log_metrics(dict(run.metrics))
        for name, values in run.series.items():
            for step, value in enumerate(values, 1):
                mlflow.log_metric(name, value, step=step)
        for name, figure in run.figures.items():
            mlflow.log_figure(figure, f"curves/{name}.png")
        for file in run.files:
            mlflow.log_artifact(str(file))
        yield str(active.info.run_id)


def log_run(setting: str, experiment: Experiment, run: Run) -> str:
    """Track a run without a model, such as a baseline; returns the run's id."""
    with connected(setting) as client, started(client, setting, experiment, run) as identifier:
        return identifier
