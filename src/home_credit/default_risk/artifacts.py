"""The saved model: three files, and a manifest that names each by its SHA-256 and binds them together.

The manifest may be signed: its signature is the HMAC-SHA256 of its bytes under a key of the operator, in a file beside
it. Nothing that is read runs code.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from home_credit import whole_file
from home_credit.default_risk import classifier, plain_pickle
from home_credit.default_risk.calibration import Calibration
from home_credit.default_risk.manifest import MANIFEST, Manifest
from home_credit.default_risk.preprocessor import Preprocessor
from home_credit.default_risk.tree_shap import feature_names
from home_credit.errors import ArtifactError
from home_credit.terms.model import TermModel

if TYPE_CHECKING:
    from pathlib import Path

    import lightgbm as lgb
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from home_credit.default_risk.manifest import TrainingFacts

CLASSIFIER, PREPROCESSOR, TERMS = "lgbm_model.joblib", "preprocessor.joblib", "terms.json"
REFERENCE = "reference.json"
ARTIFACTS = frozenset({CLASSIFIER, PREPROCESSOR, TERMS})
CARD, SIGNATURE = "model_card.md", "manifest.sig"
PROTOCOL = 4  # of the pickles; joblib reads them as well


@dataclass(frozen=True)
class Artifacts:
    """A model ready to score, with the facts about it that the manifest holds; ``text`` is the booster's own format."""

    text: str
    preprocessor: Preprocessor
    calibration: Calibration
    terms: TermModel
    manifest: Manifest

    @property
    def version(self) -> str:
        """The model version, which depends on the content of the files and not on their time."""
        return self.manifest.model_version

    @cached_property
    def booster(self) -> lgb.Booster:
        """The booster. The first use imports LightGBM and SciPy, which a service that starts does not wait for."""
        return classifier.read(self.text)

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

    The joblib files hold a LightGBM booster and plain data only, so that they do not depend on this package's modules.
    A signature of an earlier model is removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    plain = {
        **preprocessor.to_plain(),
        "calibration": {"slope": calibration.slope, "intercept": calibration.intercept},
    }
    # A booster that was just trained also holds what it was trained with, in types that are not read back.
    stored = classifier.read(booster.model_to_string())
    (directory / CLASSIFIER).write_bytes(pickle.dumps(stored, PROTOCOL))
    (directory / PREPROCESSOR).write_bytes(pickle.dumps(plain, PROTOCOL))
    (directory / TERMS).write_text(json.dumps(terms.to_plain(), separators=(",", ":")), encoding="utf-8")
    (directory / SIGNATURE).unlink(missing_ok=True)
    manifest = Manifest.of(
        facts, {name: _digest(directory / name) for name in (CLASSIFIER, PREPROCESSOR, TERMS)}
    )
    manifest.write(directory)
    return manifest


def sign(directory: Path, key: str) -> None:
    """Sign the manifest of the model in ``directory``; raises what :func:`load` raises for a broken model."""
    load(directory)
    (directory / SIGNATURE).write_text(_signature(directory, key) + "\n", encoding="ascii")


def load(directory: Path, key: str | None = None) -> Artifacts:
    """Load the model in ``directory``, every digest checked first; with a ``key`` it must be signed by it.

    Raises :class:`ArtifactError` where a file is missing, is not the one that the manifest names, holds no model, or
    the files do not fit each other.
    """
    try:
        if key is not None:
            _check_signature(directory, key)
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


def _signature(directory: Path, key: str) -> str:
    return hmac.new(key.encode(), (directory / MANIFEST).read_bytes(), hashlib.sha256).hexdigest()


def _check_signature(directory: Path, key: str) -> None:
    path = directory / SIGNATURE
    if not path.exists():
        raise ArtifactError(f"{directory} holds a model without a signature, which MODEL_KEY demands")
    if not hmac.compare_digest(path.read_bytes().strip(), _signature(directory, key).encode()):
        raise ArtifactError(f"{path} is not a signature of {MANIFEST} by the key in MODEL_KEY")


def _check(directory: Path, manifest: Manifest) -> None:
    if manifest.artifacts.keys() != ARTIFACTS:
        raise ArtifactError(f"{directory / MANIFEST} must name the files {', '.join(sorted(ARTIFACTS))}")
    for name, digest in manifest.artifacts.items():
        if _digest(directory / name) != digest:
            raise ArtifactError(
                f"{directory / name} is not the file that {MANIFEST} names; train or restore it"
            )


def _loaded(directory: Path, manifest: Manifest) -> Artifacts:
    plain = plain_pickle.read(directory / PREPROCESSOR)
    stored = plain_pickle.read(directory / CLASSIFIER)
    if not isinstance(stored, plain_pickle.StoredBooster):
        raise ArtifactError(f"{directory / CLASSIFIER} is no LightGBM booster")
    preprocessor = Preprocessor.from_plain(plain)
    for name, features in ((PREPROCESSOR, preprocessor.features), (CLASSIFIER, feature_names(stored.text))):
        if list(features) != manifest.features.names:
            raise ArtifactError(
                f"{directory / name} has other features, or another order, than {MANIFEST} names"
            )
    terms = TermModel.from_plain(json.loads((directory / TERMS).read_text(encoding="utf-8")))
    return Artifacts(stored.text, preprocessor, Calibration(**plain["calibration"]), terms, manifest)


def copy(source: Path, target: Path, key: str | None = None) -> str:
    """Copy the model in ``source`` to ``target``, the manifest last, and return its model version.

    Raises what :func:`load` raises where the source holds no valid model; the target is not changed then.
    """
    model = load(source, key)
    target.mkdir(parents=True, exist_ok=True)
    statistics = (REFERENCE,) if model.manifest.reference else ()
    for name in (*model.manifest.artifacts, CARD, *statistics, SIGNATURE, MANIFEST):
        if name == SIGNATURE and not (source / name).exists():
            (target / name).unlink(missing_ok=True)
            continue
        whole_file.replace(target / name, (source / name).read_bytes())
    return model.version
