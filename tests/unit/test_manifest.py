"""The manifest: read as written, and an invalid one is rejected with the place of the error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from home_credit.default_risk.manifest import MANIFEST, Manifest, TrainingFacts
from home_credit.errors import ArtifactError
from unit.test_model_card import MANIFEST as PLAIN

if TYPE_CHECKING:
    from pathlib import Path


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    facts = TrainingFacts(**{field: PLAIN[field] for field in TrainingFacts.model_fields})
    manifest = Manifest.of(facts, PLAIN["artifacts"])
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"schema_version": 1}, "schema_version"),
        ({"policy": {}}, "policy.cut_off"),
        ({"surprise": 1}, "surprise"),
        ({"artifacts": {"lgbm_model.joblib": 5}}, "artifacts.lgbm_model.joblib"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({**PLAIN, **changes}), encoding="utf-8")
    with pytest.raises(ArtifactError, match=problem):
        Manifest.read(tmp_path)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("models", encoding="utf-8")
    with pytest.raises(ArtifactError, match="not a manifest"):
        Manifest.read(tmp_path)
