"""What training measured of a model, from its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from home_credit.default_risk.reasons import label
from home_credit.errors import ArtifactError
from home_credit.invalid import first_fault
from home_credit.schemas import Text
from home_credit.schemas.model_reports import CalibrationChoice, ModelMetrics, ModelReport, PolicyAtTraining

if TYPE_CHECKING:
    from home_credit.default_risk.manifest import Manifest


def report_of(manifest: Manifest) -> ModelReport:
    """Return the report; raises :class:`ArtifactError` where the validation report has another layout."""
    measured = manifest.metrics
    facts = {
        "model_version": manifest.model_version,
        "trained_at": manifest.trained_at,
        "training_applicants": manifest.training_data.applicants,
        "training_persons": manifest.training_data.persons,
        "features": len(manifest.features.names),
        "metrics": ModelMetrics(
            out_of_fold=measured.out_of_fold,
            complete_histories=measured.complete_histories,
            holdout=measured.holdout,
            fold_auc=measured.folds.auc,
            fold_train_auc=measured.folds.train_auc,
        ),
        "calibration": CalibrationChoice(**manifest.calibration.model_dump()),
        "policy": PolicyAtTraining(**manifest.policy.model_dump()),
    }
    try:
        return ModelReport.model_validate({**_labelled(manifest.validation), **facts})
    except ValidationError as error:
        raise ArtifactError(f"the validation report of the model: {first_fault(error)}") from error
    except (KeyError, TypeError) as error:
        raise ArtifactError(
            "the validation report of the model: importance has another layout, or names an unknown feature"
        ) from error


def _labelled(validation: dict[str, Any]) -> dict[str, Any]:
    """Return the validation report with the names of the weighed features in both languages."""
    weighed = validation.get("importance")
    if weighed is None:
        return validation
    features = [
        {**each, "label": Text(en=label(each["feature"], "en"), fr=label(each["feature"], "fr"))}
        for each in weighed["features"]
    ]
    return {**validation, "importance": {**weighed, "features": features}}
