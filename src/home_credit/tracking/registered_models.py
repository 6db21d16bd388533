"""Registered models and their aliases: challenger, champion, previous champion."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from home_credit.default_risk import artifacts, versions
from home_credit.default_risk.manifest import MANIFEST
from home_credit.errors import ArtifactError, RegistryError
from home_credit.tracking import CHALLENGER, CHAMPION, MODEL, PREVIOUS, runs
from home_credit.tracking.experiments import DEFAULT_RISK

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from mlflow import MlflowClient

    from home_credit.tracking.runs import Run

logger = logging.getLogger(__name__)

SERVED_MODEL = Path(__file__).with_name("served_model.py")


def version_of(client: MlflowClient, alias: str) -> str | None:
    """Return the version under ``alias``, ``None`` where there is none."""
    try:
        return str(client.get_model_version_by_alias(MODEL, alias).version)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise


def log_and_register(
    setting: str,
    run: Run,
    *,
    models: Path,
    example: pd.DataFrame,
    notes: tuple[str, str] = ("", ""),
) -> tuple[str, str, str]:
    """Track one training run with its model; return the run's id, the version and its alias.

    The first version becomes the champion; any later one is the challenger until it is promoted. ``models`` is
    the folder of saved artefacts, ``example`` a few rows of the feature matrix; ``notes`` describe the registered model
    and its new version, in Markdown of at most 5,000 characters.
    """
    with runs.connected(setting) as client:
        with runs.started(client, setting, DEFAULT_RISK, run) as identifier:
            info = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(SERVED_MODEL),
                artifacts={"models": str(models)},
                signature=infer_signature(example, [0.5] * len(example)),
                input_example=example,
                pip_requirements=["home-credit-scoring[api]"],
                registered_model_name=MODEL,
            )
        version = str(info.registered_model_version)
        alias = CHALLENGER if version_of(client, CHAMPION) else CHAMPION
        client.set_registered_model_alias(MODEL, alias, version)
        client.update_registered_model(MODEL, description=notes[0])
        client.update_model_version(MODEL, version, description=notes[1])
        for name, value in run.tags.items():
            client.set_model_version_tag(MODEL, version, name, value)
    return identifier, version, alias


def load(setting: str, alias: str) -> artifacts.Artifacts:
    """Return the registered model under ``alias``, every file checked; raises :class:`RegistryError` for none."""
    with TemporaryDirectory() as folder:
        return artifacts.load(_fetch(setting, alias, folder))


def export(setting: str, alias: str, models: Path, kept: Path, key: str | None = None) -> str:
    """Write the registered model under ``alias`` to the folder ``models`` and return its model version.

    It is kept by its version in the folder ``kept``, as is the model that it replaces. With a ``key`` it must be signed
    by it.
    """
    if (models / MANIFEST).exists():
        try:
            versions.keep(models, kept)
        except ArtifactError as error:
            logger.warning("the model in %s is not kept: %s", models, error)
    with TemporaryDirectory() as folder:
        return artifacts.copy(versions.keep(_fetch(setting, alias, folder), kept, key), models, key)


def _fetch(setting: str, alias: str, folder: str) -> Path:
    with runs.connected(setting) as client:
        if version_of(client, alias) is None:
            raise RegistryError(f"no model is registered as {alias} in {setting}")
        fetched = mlflow.artifacts.download_artifacts(f"models:/{MODEL}@{alias}", dst_path=folder)
    # MLflow stores the artefacts under the folder name at logging.
    return next(manifest.parent for manifest in Path(fetched).glob(f"artifacts/*/{MANIFEST}"))


def promote(setting: str, evidence: Mapping[str, str]) -> str:
    """Make the challenger the champion and return its version; ``evidence`` is kept as tags of the version.

    The earlier champion gets the alias ``previous``, for :func:`rollback`.
    """
    with runs.connected(setting) as client:
        challenger, champion = version_of(client, CHALLENGER), version_of(client, CHAMPION)
        if challenger is None:
            raise RegistryError(f"no model is registered as {CHALLENGER} in {setting}")
        for name, value in evidence.items():
            client.set_model_version_tag(MODEL, challenger, name, value)
        if champion is not None:
            client.set_registered_model_alias(MODEL, PREVIOUS, champion)
        client.set_registered_model_alias(MODEL, CHAMPION, challenger)
        client.delete_registered_model_alias(MODEL, CHALLENGER)
        return challenger


def rollback(setting: str) -> str:
    """Make the previous champion the champion again and return its version; a second call undoes the first."""
    with runs.connected(setting) as client:
        champion, previous = version_of(client, CHAMPION), version_of(client, PREVIOUS)
        if previous is None or champion is None:
            raise RegistryError(f"no model is registered as {PREVIOUS} in {setting}: nothing to go back to")
        client.set_registered_model_alias(MODEL, CHAMPION, previous)
        client.set_registered_model_alias(MODEL, PREVIOUS, champion)
        return previous
