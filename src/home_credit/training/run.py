"""From seven tables to a saved and registered model."""

from __future__ import annotations

import logging
import platform
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit import __version__
from home_credit.default_risk import artifacts, calibration, classifier
from home_credit.default_risk.inputs import INPUTS
from home_credit.default_risk.manifest import (
    CalibrationFacts,
    FeatureList,
    FoldFacts,
    Manifest,
    MeasuredMetrics,
    PolicyFacts,
    TrainingData,
    TrainingFacts,
)
from home_credit.features.version import definitions_version
from home_credit.progress import Progress, silent
from home_credit.training import baselines, calibrators, data, folds, learners, reference, validation_report
from home_credit.training.cross_validation import OutOfFold, out_of_fold
from home_credit.training.tracked import track
from home_credit.validation import card, metrics
from home_credit.validation.costs import cost_per_applicant, optimal_cut_off

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from home_credit.default_risk.preprocessor import Preprocessor
    from home_credit.policy import Costs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of cross-validation: out-of-fold probabilities (repeats by applicants), metrics and policy."""

    folds: OutOfFold
    calibration: calibration.Calibration
    calibration_facts: CalibrationFacts
    probability: NDArray[np.float64]
    policy: PolicyFacts
    metrics: dict[str, float]


def measure(
    applicants: data.Applicants,
    parameters: Sequence[Mapping[str, Any]],
    costs: Costs,
    *,
    repeats: int,
    progress: Progress = silent,
) -> Measured:
    """Cross-validate, choose the calibration on out-of-fold predictions, and measure the decisions on them."""
    target = applicants.target
    scored = out_of_fold(
        applicants.rows, target, applicants.persons, learners.boosted(INPUTS, parameters),
        repeats=repeats, progress=progress,
    )  # fmt: skip
    losses = calibrators.compare(scored.raw, target, applicants.persons)
    name, chosen = calibrators.choose(scored.raw, target, losses)
    probability = chosen.probability(scored.raw)
    labels = np.tile(target, repeats)
    optimal = optimal_cut_off(labels, probability.ravel(), costs)
    decided = PolicyFacts(
        cut_off=costs.cut_off,
        cost_false_negative=costs.false_negative,
        cost_false_positive=costs.false_positive,
        cost_review=costs.review,
        reviewer_error_rate=costs.reviewer_error_rate,
        review_band=costs.review_band,
        out_of_fold_optimal_cut_off=optimal,
        out_of_fold_optimal_cost=cost_per_applicant(labels, probability.ravel(), optimal, costs),
    )
    measured = metrics.mean(metrics.evaluate(target, one, applicants.persons) for one in probability)
    measured["train_auc"] = float(np.mean(scored.train_auc))
    measured["cost_per_applicant"] = cost_per_applicant(labels, probability.ravel(), costs.cut_off, costs)
    return Measured(
        scored, chosen, CalibrationFacts(chosen=name, log_loss=losses), probability, decided, measured
    )


def train(
    tables: Path,
    models: Path,
    *,
    tracking: str | None,
    costs: Costs,
    parameters: Sequence[Mapping[str, Any]] | None = None,
    holdout: float = 0.0,
    repeats: int = folds.REPEATS,
    key: str | None = None,
    progress: Progress = silent,
) -> Manifest:
    """Train on the applicants of application_train and return the manifest of the saved model.

    ``tracking`` is an MLflow address or folder; ``None`` tracks nothing. Metrics and calibration come from
    out-of-fold predictions, the cut-off from ``costs``. The saved classifier is then fitted on all rows but the
    holdout, a share of persons on which it is only evaluated. With a ``key`` the model is signed.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    parameters = parameters or classifier.committed_parameters()
    everybody = data.load(tables, progress=progress)
    for warning in everybody.warnings:
        logger.warning("%s", warning)
    aside = everybody.holdout(holdout)
    applicants, unseen = everybody.where(~aside), everybody.where(aside)
    logger.info(
        "%d applicants, %d features in %.0f s", len(applicants), len(INPUTS), time.monotonic() - clock
    )

    measured = measure(applicants, parameters, costs, repeats=repeats, progress=progress)
    preprocessor, booster = learners.fit_boosted(applicants.rows, applicants.target, INPUTS, parameters)
    facts = TrainingFacts(
        package_version=__version__,
        trained_at=datetime.now(UTC).replace(microsecond=0),
        training_data=TrainingData(
            applicants=len(applicants),
            persons=len(np.unique(applicants.persons)),
            fingerprint=everybody.fingerprint,
            holdout=holdout,
        ),
        features=FeatureList(
            version=definitions_version(everybody.terms.digest), names=list(preprocessor.features)
        ),
        parameters=[dict(each) for each in parameters],
        metrics=_metrics(applicants, unseen, measured, preprocessor, booster),
        calibration=measured.calibration_facts,
        policy=measured.policy,
        validation={
            **_validation(applicants, measured, costs, parameters, progress),
            "importance": validation_report.weigh(
                applicants, preprocessor, booster, measured.calibration.slope
            ),
        },
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in ("lightgbm", "polars", "narwhals", "numpy", "scikit-learn")},
        },
    )
    manifest = artifacts.save(
        models,
        booster=booster,
        preprocessor=preprocessor,
        calibration=measured.calibration,
        terms=everybody.terms,
        facts=facts,
    )
    statistics = reference.training_reference(
        tables, applicants, measured.probability[0], artifacts.load(models), costs
    )
    manifest = reference.store(statistics, models, manifest)
    for failed in manifest.failed_gates:
        logger.warning("a gate of the reasons is not passed: %s", failed)
    (models / artifacts.CARD).write_text(card.write(manifest.model_dump(mode="json")), encoding="utf-8")
    if key is not None:
        artifacts.sign(models, key)
    if tracking is not None:
        progress("runs tracked", 0, 1)
        track(tracking, tables, models, applicants, measured.probability, began=began)
        progress("runs tracked", 1, 1)
    return manifest


def _metrics(
    applicants: data.Applicants,
    unseen: data.Applicants,
    measured: Measured,
    preprocessor: Preprocessor,
    booster: classifier.Booster,
) -> MeasuredMetrics:
    """Return all metrics of the run; the saved model is measured on the holdout ``unseen`` alone."""
    return MeasuredMetrics(
        out_of_fold=measured.metrics,
        folds=FoldFacts(
            count=folds.FOLDS,
            repeats=len(measured.probability),
            seed=folds.SEED,
            auc=measured.folds.fold_auc,
            train_auc=measured.folds.train_auc,
        ),
        complete_histories=_on_complete_histories(applicants, measured.probability),
        holdout=_on_holdout(unseen, preprocessor, booster, measured.calibration),
    )


def _validation(
    applicants: data.Applicants,
    measured: Measured,
    costs: Costs,
    parameters: Sequence[Mapping[str, Any]],
    progress: Progress,
) -> dict[str, Any]:
    """Return the report of the first repeat, the curves of all of them, and the baselines on the same folds."""
    compared = baselines.evaluate(applicants, baselines.baselines(parameters), progress=progress)
    report = validation_report.gather(
        applicants, measured.probability[0], costs.cut_off, parameters, progress
    )
    drawn = validation_report.measured_curves(
        applicants.target, measured.probability, costs, measured.policy.out_of_fold_optimal_cut_off
    )
    return {**report, **drawn, "baselines": [asdict(result) for result in compared]}


def _on_complete_histories(
    applicants: data.Applicants, probability: NDArray[np.float64]
) -> dict[str, float] | None:
    """Return the out-of-fold metrics on the applicants with complete histories, ``None`` where there are none."""
    chosen = applicants.complete
    if not chosen.any():
        return None
    target, persons = applicants.target[chosen], applicants.persons[chosen]
    measured = metrics.mean(metrics.evaluate(target, one[chosen], persons) for one in probability)
    return {"applicants": int(chosen.sum()), **measured}


def _on_holdout(
    unseen: data.Applicants,
    preprocessor: Preprocessor,
    booster: classifier.Booster,
    line: calibration.Calibration,
) -> dict[str, float] | None:
    """Return the metrics on the holdout, ``None`` where there is none."""
    if not len(unseen):
        return None
    raw = classifier.log_odds(booster, preprocessor.transform(unseen.rows))
    return metrics.evaluate(unseen.target, line.probability(raw), unseen.persons)
