"""The saved model: three files, one of them plain JSON, and a manifest that names each by its SHA-256."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
import lightgbm as lgb

from home_credit.default_risk import classifier
from home_credit.default_risk.calibration import Calibration
from home_credit.default_risk.manifest import MANIFEST, Manifest
from home_credit.default_risk.preprocessor import Preprocessor
from home_credit.errors import ArtifactError
from home_credit.terms.model import TermModel

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from home_credit.default_risk.manifest import TrainingFacts

CLASSIFIER, PREPROCESSOR, TERMS = "lgbm_model.joblib", "preprocessor.joblib", "terms.json"
ARTIFACTS = frozenset({CLASSIFIER, PREPROCESSOR, TERMS})
CARD = "model_card.md"


@dataclass(frozen=True, slots=True)
class Artifacts:
    """A model ready to score, with the facts about it that the manifest holds."""

    booster: lgb.Booster
    preprocessor: Preprocessor
    calibration: Calibration
    terms: TermModel
    manifest: Manifest

    @property
    def version(self) -> str:
        """The model version, which depends on the content of the files and not on their time."""
        return self.manifest.model_version

    def probability(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """Return the probability of default of each row of the feature matrix."""
        matrix = self.preprocessor.transform(rows)
        return self.calibration.probability(classifier.log_odds(self.booster, matrix))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save(
    directory: Path,
    *,
    booster: lgb.Booster,
    preprocessor: Preprocessor,
    calibration: Calibration,
    terms: TermModel,
    facts: TrainingFacts,
) -> Manifest:
    """Write the model to ``directory`` and return its manifest.

    joblib files hold a LightGBM booster and plain data only, so that they do not depend on this package's modules.
    """
    directory.mkdir(parents=True, exist_ok=True)
    joblib.dump(booster, directory / CLASSIFIER)
    joblib.dump(
        {
            **preprocessor.to_plain(),
            "calibration": {"slope": calibration.slope, "intercept": calibration.intercept},
        },
        directory / PREPROCESSOR,
    )
    (directory / TERMS).write_text(json.dumps(terms.to_plain(), separators=(",", ":")), encoding="utf-8")
    digests = {name: _digest(directory / name) for name in (CLASSIFIER, PREPROCESSOR, TERMS)}
    version = hashlib.sha256("".join(digests.values()).encode()).hexdigest()[:12]
    manifest = Manifest(model_version=version, artifacts=digests, **dict(facts))
    manifest.write(directory)
    return manifest


def load(directory: Path) -> Artifacts:
    """Load the model in ``directory``; every digest is checked first, since unpickling runs code.

    Raises :class:`ArtifactError` where a file is missing, is not the one that the manifest names, or holds no model.
    """
    try:
        manifest = Manifest.read(directory)
        _check(directory, manifest)
        return _loaded(directory, manifest)
    except ArtifactError:
        raise
    except FileNotFoundError as error:
        raise ArtifactError(f"no model: {error.filename} is missing") from error
    except OSError as error:
        raise ArtifactError(f"no model: {error.filename} cannot be read: {error.strerror}") from error
    except Exception as error:
        # Whatever the parsers of the files raise: a server must outlive a model that it cannot use.
        raise ArtifactError(f"{directory} holds no model: {type(error).__name__}: {error}") from error


def _check(directory: Path, manifest: Manifest) -> None:
    if manifest.artifacts.keys() != ARTIFACTS:
        raise ArtifactError(f"{directory / MANIFEST} must name the files {', '.join(sorted(ARTIFACTS))}")
    for name, digest in manifest.artifacts.items():
        if _digest(directory / name) != digest:
            raise ArtifactError(
                f"{directory / name} is not the file that {MANIFEST} names; train or restore it"
            )


def _loaded(directory: Path, manifest: Manifest) -> Artifacts:
    plain = joblib.load(directory / PREPROCESSOR)
    booster = joblib.load(directory / CLASSIFIER)
    if not isinstance(booster, lgb.Booster):
        raise ArtifactError(f"{directory / CLASSIFIER} is no LightGBM booster")
    terms = TermModel.from_plain(json.loads((directory / TERMS).read_text(encoding="utf-8")))
    return Artifacts(
        booster, Preprocessor.from_plain(plain), Calibration(**plain["calibration"]), terms, manifest
    )


def copy(source: Path, target: Path) -> str:
    """Copy the model in ``source`` to ``target``, the manifest last, and return its model version.

    Raises :class:`ArtifactError` where the source is incomplete; the target is not changed then.
    """
    model = load(source)
    target.mkdir(parents=True, exist_ok=True)
    for name in (*model.manifest.artifacts, CARD, MANIFEST):
        half = target / f"{name}.half"
        half.write_bytes((source / name).read_bytes())
        half.replace(target / name)
    return model.version
