"""Tracked runs: registered under the champion's alias, loadable as pyfunc, the folder free to move."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import numpy as np
import polars as pl
from mlflow import MlflowClient
from typer.testing import CliRunner

from home_credit.cli.main import app
from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.tables import score_matrix
from home_credit.default_risk import artifacts
from home_credit.default_risk.manifest import Manifest
from home_credit.errors import ArtifactError
from home_credit.features.build import feature_matrix
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables
from home_credit.tracking import CHAMPION, MODEL, registered_models
from home_credit.tracking.addresses import tracking_uri
from home_credit.tracking.experiments import DEFAULT_RISK
from home_credit.tracking.runs import DataSet, Run
from home_credit.training import data
from home_credit.training.tracked import data_set, track

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]


def test_a_registered_model_scores_as_ours_does_wherever_its_folder_is(
    portfolio: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Scorer.load(models, Settings())
    with open_tables(portfolio, "test") as source:
        rows = feature_matrix(source.frames, source.applicants[ID], scorer.terms)
    matrix = rows.select(scorer.features).to_pandas()
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    monkeypatch.chdir(here)
    tags = {"model_version": scorer.version}
    run = Run("a small model", {"rounds": 40}, {"auc": 0.7}, datetime.now(UTC), tags=tags)
    registered_models.log_and_register("mlruns", run, models=models, example=matrix.head(1))
    shutil.move(here, there)
    monkeypatch.chdir(there)
    assert str(here) not in "".join(path.read_text() for path in there.rglob("MLmodel"))
    mlflow.set_tracking_uri(tracking_uri("mlruns"))
    model = mlflow.pyfunc.load_model(f"models:/{MODEL}@{CHAMPION}")
    assert model.metadata.signature is not None
    expected = score_matrix(scorer, rows)["probability_of_default"]
    assert pl.Series(model.predict(matrix)).equals(expected)

    # Exported to a folder that an API serves: it and the model that it replaces are kept by their versions.
    shutil.copytree(ROOT / "models", there / "served")
    replaced = artifacts.load(there / "served").version
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "mlruns")
    monkeypatch.setenv("HOME_CREDIT_MODEL_VERSIONS", "kept")
    said = CliRunner().invoke(app, ["export", "--models", "served"]).output
    assert said == f"model {scorer.version}, the champion, saved to served\n"
    assert artifacts.load(there / "served").version == scorer.version
    assert sorted(path.name for path in (there / "kept").iterdir()) == sorted([replaced, scorer.version])
    monkeypatch.setenv("MODEL_KEY", "a key of thirty-two characters..")
    unsigned = CliRunner().invoke(app, ["export", "--models", "served"]).exception
    assert isinstance(unsigned, ArtifactError)
    assert "without a signature" in str(unsigned)
    assert CliRunner().invoke(app, ["sign", "--models", "served"]).exit_code == 0
    assert artifacts.load(there / "served", "a key of thirty-two characters..").version == scorer.version


def test_a_tracked_run_says_what_it_is(
    portfolio: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = Manifest.read(models)
    applicants = data.load(portfolio)
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0).random((1, len(applicants)))
    began = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    track("mlruns", portfolio, models, applicants, chance, began=began)
    client = MlflowClient(tracking_uri("mlruns"))
    experiment = client.get_experiment_by_name(DEFAULT_RISK.name)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    (run,) = client.search_runs([experiment.experiment_id])
    auc = manifest.metrics.out_of_fold["auc"]
    assert run.info.run_name == f"LightGBM × 2, AUC {auc:.3f}, {len(applicants):,} applicants"
    assert f"{auc:.4f}" in run.data.tags["mlflow.note.content"]
    # MLflow shows the time from the start of the training, and who started it.
    assert run.info.start_time == began.timestamp() * 1000
    assert run.info.end_time > time.time() * 1000 - 600_000
    assert (run.info.status, run.data.tags["mlflow.source.type"]) == ("FINISHED", "LOCAL")
    assert run.data.tags["mlflow.user"]
    folds = client.get_metric_history(run.info.run_id, "fold_auc")
    assert [(each.step, each.value) for each in folds] == list(enumerate(manifest.metrics.folds.auc, 1))
    (used,) = run.inputs.dataset_inputs
    assert used.dataset.digest == applicants.fingerprint[:12]
    assert json.loads(used.dataset.profile) == {
        "num_rows": len(applicants),
        "num_columns": len(applicants.rows.columns),
    }
    assert str(portfolio.parent) not in used.dataset.source
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"curves", "model_card.md"} <= files
    version = client.get_model_version_by_alias(MODEL, CHAMPION)
    assert manifest.model_version in version.description
    assert client.get_registered_model(MODEL).description


def test_the_tables_of_a_run_are_named_without_the_paths_of_the_machine(
    portfolio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applicants = data.load(portfolio)
    monkeypatch.chdir(portfolio.parent)
    expected = DataSet(
        portfolio.name,
        applicants.fingerprint[:12],
        portfolio.name,
        len(applicants),
        len(applicants.rows.columns),
    )
    assert data_set(portfolio, applicants) == expected
    monkeypatch.chdir(tmp_path)
    assert data_set(portfolio, applicants) == expected
