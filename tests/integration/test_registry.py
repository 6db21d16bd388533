"""Tracked runs: registered under the champion's alias, loadable as pyfunc, the folder free to move."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import polars as pl
from typer.testing import CliRunner

from home_credit.cli.main import app
from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.tables import score_matrix
from home_credit.default_risk import artifacts
from home_credit.errors import ArtifactError
from home_credit.features.build import feature_matrix
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables
from home_credit.tracking import CHAMPION, MODEL, registered_models
from home_credit.tracking.addresses import tracking_uri

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
    registered_models.log_and_register(
        "mlruns",
        models=models,
        parameters={"rounds": 40},
        metrics={"auc": 0.7},
        figures={},
        example=matrix.head(1),
        tags={"model_version": scorer.version},
    )
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
