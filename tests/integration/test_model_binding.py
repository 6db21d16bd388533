"""A model whose parts do not belong together is refused with one line, and none of its bytes runs."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest

from home_credit.default_risk import artifacts, classifier
from home_credit.default_risk.manifest import MANIFEST, Manifest, TrainingFacts
from home_credit.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
KEY = "a key of thirty-two characters.."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the committed model."""
    copied = tmp_path / "models"
    shutil.copytree(ROOT / "models", copied)
    return copied


def changed(folder: Path, change: Callable[[dict[str, Any]], object], *, bound: bool = False) -> None:
    """Change the manifest; where ``bound``, with the digest that its content has then."""
    path = folder / MANIFEST
    plain = json.loads(path.read_text())
    change(plain)
    if bound:
        facts = {name: plain[name] for name in TrainingFacts.model_fields}
        Manifest.of(TrainingFacts(**facts), plain["artifacts"]).write(folder)
    else:
        path.write_text(json.dumps(plain))


def replaced(folder: Path, name: str, content: bytes) -> None:
    """Put other content into an artefact, and name it in the manifest."""
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    changed(folder, lambda plain: plain["artifacts"].update({name: digest}), bound=True)


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "cut-off": lambda plain: plain["policy"].update(cut_off=0.5),
    "calibration": lambda plain: plain["calibration"].update(chosen="isotonic"),
    "order of features": lambda plain: plain["features"]["names"].reverse(),
    "no artefacts": lambda plain: plain.update(artifacts={}),
    "holdout": lambda plain: plain["training_data"].update(holdout=0.5),
    "version": lambda plain: plain.update(model_version="0123456789ab"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_edited_manifest_is_refused(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    assert artifacts.load(folder).version
    changed(folder, change)
    with pytest.raises(ArtifactError, match="was changed"):
        artifacts.load(folder)


@pytest.mark.parametrize("name", ["cut-off", "calibration", "holdout"])
def test_whoever_computes_the_digest_again_has_another_version(folder: Path, name: str) -> None:
    before = artifacts.load(folder).version
    changed(folder, CHANGES[name], bound=True)
    assert artifacts.load(folder).version != before


def test_a_manifest_without_artefacts_is_refused_whatever_its_digest(folder: Path) -> None:
    changed(folder, CHANGES["no artefacts"], bound=True)
    with pytest.raises(ArtifactError, match="must name the files"):
        artifacts.load(folder)


def test_features_in_another_order_are_refused(folder: Path) -> None:
    plain = pickle.loads((folder / artifacts.PREPROCESSOR).read_bytes())  # noqa: S301  # the committed file
    replaced(folder, artifacts.PREPROCESSOR, pickle.dumps({**plain, "features": plain["features"][::-1]}))
    with pytest.raises(ArtifactError, match=r"preprocessor\.joblib has other features, or another order"):
        artifacts.load(folder)


def test_a_booster_of_other_features_is_refused(folder: Path) -> None:
    booster = artifacts.load(folder).booster
    names = booster.feature_name()
    text = booster.model_to_string().replace(f"{names[0]} {names[1]} ", f"{names[1]} {names[0]} ", 1)
    stored = pickle.dumps(booster, artifacts.PROTOCOL).replace(
        booster.model_to_string(num_iteration=-1).encode(), text.encode()
    )
    replaced(folder, artifacts.CLASSIFIER, stored)
    with pytest.raises(ArtifactError, match=r"lgbm_model\.joblib"):
        artifacts.load(folder)


@pytest.mark.parametrize(
    ("part", "spoiled"),
    [
        ("\nend of trees", "\nend_of_trees"),
        ("tree\nversion", "bush\nversion"),
        ("feature_names=", "feature_nemes="),
    ],
)
def test_a_text_that_is_no_whole_model_is_refused(folder: Path, part: str, spoiled: str) -> None:
    stored = (folder / artifacts.CLASSIFIER).read_bytes()
    assert part.encode() in stored
    replaced(folder, artifacts.CLASSIFIER, stored.replace(part.encode(), spoiled.encode(), 1))
    with pytest.raises(ArtifactError, match="no whole model of LightGBM"):
        artifacts.load(folder)


class Attack:
    """A pickle that would make a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", [artifacts.CLASSIFIER, artifacts.PREPROCESSOR])
def test_a_forged_artefact_runs_nothing(folder: Path, tmp_path: Path, name: str) -> None:
    replaced(folder, name, pickle.dumps(Attack(tmp_path / "made")))
    with pytest.raises(ArtifactError, match="no part of a model"):
        artifacts.load(folder)
    assert not (tmp_path / "made").exists()
    pickle.loads((folder / name).read_bytes())  # noqa: S301  # it is an attack indeed
    assert (tmp_path / "made").exists()


def test_a_key_demands_its_signature(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="without a signature"):
        artifacts.load(folder, KEY)
    artifacts.sign(folder, KEY)
    assert artifacts.load(folder, KEY).version == artifacts.load(folder).version
    artifacts.copy(folder, tmp_path / "copy")
    assert artifacts.load(tmp_path / "copy", KEY).version
    with pytest.raises(ArtifactError, match="not a signature"):
        artifacts.load(folder, KEY[::-1])
    changed(folder, lambda plain: plain.update(trained_at="2020-01-01T00:00:00Z"))
    assert artifacts.load(folder).version
    with pytest.raises(ArtifactError, match="not a signature"):
        artifacts.load(folder, KEY)


def test_a_model_is_saved_as_it_was_trained(folder: Path, tmp_path: Path) -> None:
    """One booster, not an average, holds more than its text once it was trained."""
    of = artifacts.load(folder)
    random = np.random.default_rng(1)
    matrix = random.normal(size=(400, len(of.preprocessor.features)))
    booster = classifier.fit(
        matrix,
        (matrix[:, 0] > 0).astype(np.int64),
        features=of.preprocessor.features,
        categorical=of.preprocessor.categorical,
        parameters={"rounds": 3},
        seed=1,
    )
    facts = {name: getattr(of.manifest, name) for name in TrainingFacts.model_fields}
    saved = tmp_path / "saved"
    artifacts.save(
        saved,
        booster=booster,
        preprocessor=of.preprocessor,
        calibration=of.calibration,
        terms=of.terms,
        facts=TrainingFacts(**facts),
    )
    loaded = artifacts.load(saved).booster
    assert classifier.log_odds(loaded, matrix).tolist() == classifier.log_odds(booster, matrix).tolist()
    # The files are those of joblib, for whoever has it.
    assert joblib.load(saved / artifacts.CLASSIFIER).num_trees() == 3
    assert joblib.load(saved / artifacts.PREPROCESSOR)["features"] == list(of.preprocessor.features)
