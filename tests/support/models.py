"""Models that differ from a saved one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from home_credit.default_risk import artifacts
from home_credit.default_risk.calibration import Calibration
from home_credit.default_risk.manifest import TrainingFacts
from home_credit.features.version import definitions_version

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.terms.model import TermModel


def variant(models: Path, folder: Path, *, log_odds: float = 0.0, terms: TermModel | None = None) -> str:
    """Save to ``folder`` the model in ``models`` with so much more log-odds, or other terms; its model version."""
    of = artifacts.load(models)
    facts = {name: getattr(of.manifest, name) for name in TrainingFacts.model_fields}
    if terms is not None:
        version = definitions_version(terms.digest)
        facts["features"] = of.manifest.features.model_copy(update={"version": version})
    manifest = artifacts.save(
        folder,
        booster=of.booster,
        preprocessor=of.preprocessor,
        calibration=Calibration(of.calibration.slope, of.calibration.intercept + log_odds),
        terms=terms or of.terms,
        facts=TrainingFacts(**facts),
    )
    shutil.copy(models / artifacts.CARD, folder / artifacts.CARD)
    return manifest.model_version
