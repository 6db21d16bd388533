"""Champion and challenger in a real MLflow registry: trained, compared, promoted, rolled back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from mlflow import MlflowClient

from home_credit import policy
from home_credit.default_risk import artifacts
from home_credit.errors import RegistryError
from home_credit.synthetic import write_demo
from home_credit.tracking import CHAMPION, MODEL, registered_models
from home_credit.training import promotion
from home_credit.training.run import train
from support.training import QUICK

if TYPE_CHECKING:
    from pathlib import Path

WEAK = [{"rounds": 1, "learning_rate": 0.1, "num_leaves": 2, "feature_fraction": 0.002}]


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Applicants that no model here is trained on."""
    folder = tmp_path_factory.mktemp("later")
    write_demo(folder, 6_000, seed=11)
    return folder


STAGES = {
    "tables checked", "features of applicants", "folds of the model", "models to explain",
    "folds of logistic regression", "runs tracked",
}  # fmt: skip


def trained(portfolio: Path, folder: Path, parameters: list[dict[str, float]]) -> str:
    steps: list[tuple[str, int, int | None]] = []
    manifest = train(
        portfolio,
        folder,
        tracking="mlruns",
        costs=policy.Costs(),
        parameters=parameters,
        repeats=1,
        progress=lambda *step: steps.append(step),
    )
    assert {stage for stage, done, _ in steps if done == 0} >= STAGES
    assert {stage for stage, done, total in steps if done == total} >= STAGES
    return manifest.model_version


@pytest.mark.slow
def test_a_better_challenger_is_promoted_and_can_be_rolled_back(
    portfolio: Path, later: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    served, kept = tmp_path / "served", tmp_path / "kept"

    with pytest.raises(RegistryError, match="no model is registered as champion"):
        promotion.promote(later, served, tracking="mlruns", costs=policy.Costs(), kept=kept, unseen=True)
    weak = trained(portfolio, tmp_path / "weak", WEAK)
    assert registered_models.load("mlruns", CHAMPION).version == weak
    with pytest.raises(RegistryError, match="nothing to go back to"):
        promotion.rollback(served, tracking="mlruns", kept=kept)
    strong = trained(portfolio, tmp_path / "strong", QUICK)

    judged = promotion.promote(later, served, tracking="mlruns", costs=policy.Costs(), kept=kept, unseen=True)
    auc = judged.comparison.differences[0]
    assert auc.challenger > auc.champion
    assert judged.passed, judged
    assert artifacts.load(served).version == strong
    assert (served / "model_card.md").read_text() == (tmp_path / "strong" / "model_card.md").read_text()
    version = MlflowClient().get_model_version_by_alias(MODEL, CHAMPION)
    assert json.loads(version.tags["gate"])["challenger"] == strong

    assert sorted(path.name for path in kept.iterdir()) == [strong]
    assert promotion.rollback(served, tracking="mlruns", kept=kept) == weak
    assert sorted(path.name for path in kept.iterdir()) == sorted([strong, weak])
    assert artifacts.load(served).version == weak
    assert promotion.rollback(served, tracking="mlruns", kept=kept) == strong

    # The weak model again, as the challenger, is refused without a change.
    assert trained(portfolio, tmp_path / "weak", WEAK) == weak
    judged = promotion.promote(later, served, tracking="mlruns", costs=policy.Costs(), kept=kept, unseen=True)
    assert not judged.passed
    assert judged.refusals[0].startswith("auc may be worse by")
    assert registered_models.load("mlruns", CHAMPION).version == strong
    assert artifacts.load(served).version == strong
