"""Champion and challenger in a real MLflow registry: trained, judged, promoted, rolled back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from mlflow import MlflowClient

from home_credit import policy, registry
from home_credit.default_risk import artifacts
from home_credit.errors import RegistryError
from home_credit.training import promotion
from home_credit.training.run import train

if TYPE_CHECKING:
    from pathlib import Path

WEAK = {"rounds": 2, "learning_rate": 0.1, "num_leaves": 2}
STRONG = {"rounds": 40, "learning_rate": 0.1, "num_leaves": 8, "min_child_samples": 40}


@pytest.mark.slow
def test_a_better_challenger_is_promoted_and_can_be_rolled_back(
    portfolio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    served = tmp_path / "served"

    def made(parameters: dict[str, float], folder: str) -> str:
        manifest = train(
            portfolio, tmp_path / folder, tracking="mlruns", costs=policy.Costs(), parameters=parameters,
            keep_aside=0.3, repeats=1,
        )  # fmt: skip
        return str(manifest["model_version"])

    with pytest.raises(RegistryError, match="no model is registered as champion"):
        promotion.promote(portfolio, served, tracking="mlruns", costs=policy.Costs())
    weak, strong = made(WEAK, "weak"), made(STRONG, "strong")
    assert registry.load("mlruns", registry.CHAMPION).version == weak
    with pytest.raises(RegistryError, match="nothing to go back to"):
        promotion.rollback(served, tracking="mlruns")

    judged = promotion.promote(portfolio, served, tracking="mlruns", costs=policy.Costs())
    auc = judged.differences[0]
    assert auc.challenger > auc.champion
    assert judged.passed, judged.refusals
    assert artifacts.load(served).version == strong
    version = MlflowClient().get_model_version_by_alias(registry.MODEL, registry.CHAMPION)
    assert json.loads(version.tags["gate"])["challenger"] == strong

    assert promotion.rollback(served, tracking="mlruns") == weak
    assert artifacts.load(served).version == weak
    assert promotion.rollback(served, tracking="mlruns") == strong


@pytest.mark.slow
def test_a_worse_challenger_is_refused_and_nothing_changes(
    portfolio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for parameters in (STRONG, WEAK):
        train(
            portfolio, tmp_path / "model", tracking="mlruns", costs=policy.Costs(), parameters=parameters,
            keep_aside=0.3, repeats=1,
        )  # fmt: skip
    champion = registry.load("mlruns", registry.CHAMPION).version
    judged = promotion.promote(portfolio, tmp_path / "served", tracking="mlruns", costs=policy.Costs())
    assert not judged.passed
    assert judged.refusals[0].startswith("auc may be worse by")
    assert registry.load("mlruns", registry.CHAMPION).version == champion
    assert not (tmp_path / "served").exists()
