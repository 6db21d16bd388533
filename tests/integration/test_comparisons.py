"""Baselines in MLflow, and a search for parameters that is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import optuna
import pytest
from mlflow import MlflowClient

from home_credit.default_risk import classifier
from home_credit.tracking.addresses import tracking_uri
from home_credit.tracking.experiments import BASELINES
from home_credit.training import data
from home_credit.training.baselines import candidates, evaluate
from home_credit.training.search import STUDY, search
from support.training import QUICK

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def applicants(portfolio: Path) -> data.Applicants:
    return data.load(portfolio)


@pytest.mark.slow
def test_the_ladder_is_one_experiment_and_starts_at_chance(
    applicants: data.Applicants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evaluated = list(evaluate(applicants, candidates(QUICK), tracking="mlruns"))
    assert [result.name for result in evaluated] == [
        "prior", "scorecard", "logistic regression", "LightGBM, application", "LightGBM, all tables",
    ]  # fmt: skip
    assert evaluated[0].auc == pytest.approx(0.5, abs=0.05)
    for result in evaluated[1:]:
        assert result.auc_low > 0.55, result
    client = MlflowClient(tracking_uri("mlruns"))
    experiment = client.get_experiment_by_name(BASELINES.name)
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.run_name: run.data.metrics["auc"] for run in runs} == {
        f"{result.name}, AUC {result.auc:.3f}": result.auc for result in evaluated
    }


@pytest.mark.slow
def test_a_search_starts_from_the_committed_parameters_and_goes_on(
    applicants: data.Applicants, tmp_path: Path
) -> None:
    study_file = tmp_path / "study" / "search.db"
    first, auc = search(applicants, study_file, minutes=0.0001)
    committed = classifier.committed_parameters()[0]
    assert {name: first[name] for name in committed} == committed
    _, better = search(applicants, study_file, minutes=0.0001)
    assert better >= auc > 0.6
    study = optuna.load_study(study_name=STUDY, storage=f"sqlite:///{study_file}")
    assert len(study.trials) == 2
