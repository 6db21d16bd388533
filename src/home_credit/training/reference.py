"""The statistics that monitoring compares with: those of the training applicants, stored beside their model."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from home_credit.default_risk import classifier
from home_credit.default_risk.artifacts import REFERENCE
from home_credit.monitoring.applications import monitored
from home_credit.monitoring.build import reference_of, score_reference, with_contributions
from home_credit.policy import Policy
from home_credit.tables.schema import ID
from home_credit.tables.source import open_tables

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from home_credit.default_risk.artifacts import Artifacts
    from home_credit.default_risk.manifest import Manifest
    from home_credit.monitoring.reference import Reference
    from home_credit.policy import Costs
    from home_credit.training.data import Applicants

# Contributions are means over this many applicants; more would not change their second digit.
EXPLAINED = 10_000


def training_reference(
    tables: Path,
    applicants: Applicants,
    probability: NDArray[np.float64],
    model: Artifacts,
    costs: Costs,
) -> Reference:
    """Return the statistics of the applicants in ``tables`` that ``model`` was trained on.

    ``probability`` has their out-of-fold probabilities, in the order of ``applicants``: those of the model on its own
    training rows would be more extreme than the ones of new applicants. Contributions are the model's own. Raises the
    errors of :func:`open_tables`.
    """
    with open_tables(tables, "train") as source:
        rows = monitored(source.written, applicants.rows[ID]).sort(ID)
    scores = score_reference(
        probability, Policy.of(costs), applicants.target, model.manifest.metrics.out_of_fold["auc"]
    )
    whole = reference_of(rows, scores=scores, fingerprint=applicants.fingerprint)
    chosen = applicants.rows.sample(min(EXPLAINED, len(applicants)), seed=0).sort(ID)
    explained = classifier.Explainer.of(model.booster).explain(model.preprocessor.transform(chosen))
    return with_contributions(
        whole,
        rows.filter(rows[ID].is_in(chosen[ID].implode())),
        model.preprocessor.features,
        model.calibration.slope * explained.contributions,
    )


def store(reference: Reference, models: Path, manifest: Manifest) -> Manifest:
    """Write the statistics beside the model, and their digest into its manifest, which is returned."""
    reference.write(models)
    digest = hashlib.sha256((models / REFERENCE).read_bytes()).hexdigest()
    manifest = manifest.model_copy(update={"reference": digest})
    manifest.write(models)
    return manifest
