"""The validation report of a trained model, from out-of-fold predictions; it is part of the manifest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit.default_risk import classifier
from home_credit.default_risk.inputs import INPUTS
from home_credit.default_risk.reasons import MAX_REASONS
from home_credit.progress import Progress, counted, silent
from home_credit.training import folds, learners
from home_credit.validation import curves, explanations, fairness, grades
from home_credit.validation.importance import importance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from home_credit.default_risk.preprocessor import Preprocessor
    from home_credit.policy import Costs
    from home_credit.training.data import Applicants

MODELS, EXPLAINED = 3, 3_000
# Importance is a mean over this many applicants; more would not change its second digit.
WEIGHED = 10_000


def gather(
    applicants: Applicants,
    probability: NDArray[np.float64],
    cut_off: float,
    parameters: Sequence[Mapping[str, Any]],
    progress: Progress = silent,
) -> dict[str, Any]:
    """Return calibration by grade and along the range, fairness, and stability and faithfulness of the reasons.

    ``probability`` has one out-of-fold probability per applicant.
    """
    target = applicants.target
    return {
        "grades": grades.by_grade(probability, target),
        "reliability": grades.reliability(probability, target),
        "fairness": fairness.fairness(applicants.people, probability, target, probability < cut_off),
        "explanations": explain(applicants, parameters, progress),
    }


def measured_curves(
    target: NDArray[np.int64], probability: NDArray[np.float64], costs: Costs, optimal: float
) -> dict[str, Any]:
    """Return the ROC curve and the cost by cut-off, over all repeats of the cross-validation.

    ``target`` has one outcome per applicant, ``probability`` their out-of-fold probabilities, repeats by applicants;
    ``optimal`` is the cheapest cut-off on them.
    """
    labels, pooled = np.tile(target, len(probability)), probability.ravel()
    return {"roc": curves.roc(labels, pooled), "cost_curve": curves.cost(labels, pooled, costs, optimal)}


def weigh(
    applicants: Applicants, preprocessor: Preprocessor, booster: classifier.Booster, slope: float
) -> dict[str, Any]:
    """Return the most important features of a saved model, on a sample of the applicants that it was trained on.

    Its contributions are in log-odds as calibrated by the ``slope``.
    """
    rows = applicants.rows.sample(min(WEIGHED, len(applicants)), seed=folds.SEED)
    explained = classifier.Explainer.of(booster).explain(preprocessor.transform(rows))
    gain = np.asarray(booster.feature_importance("gain"))
    return importance(preprocessor.features, slope * explained.contributions, gain)


def explain(
    applicants: Applicants, parameters: Sequence[Mapping[str, Any]], progress: Progress = silent
) -> dict[str, Any]:
    """Return stability and faithfulness of the reasons, by models that differ in their seed.

    The models are fitted on the training rows of the first fold and explain its validation rows.
    """
    _, inside, outside = next(folds.split(applicants.target, applicants.persons, repeats=1))
    others = applicants.rows[outside[:EXPLAINED]]
    rows, target = applicants.rows[inside], applicants.target[inside]
    fitted = [
        learners.fit_boosted(rows, target, INPUTS, parameters, seed=folds.SEED + more)
        for more in counted(range(MODELS), progress, "models to explain", MODELS)
    ]
    shares = [
        classifier.Explainer.of(booster).explain(preprocessor.transform(others)).contributions
        for preprocessor, booster in fitted
    ]
    stable = explanations.stability(
        [explanations.by_reason(INPUTS, share)[1] for share in shares], MAX_REASONS
    )
    preprocessor, booster = fitted[0]
    faithful = explanations.faithfulness(
        partial(classifier.log_odds, booster),
        preprocessor.transform(others),
        shares[0],
        INPUTS,
        explanations.typical(preprocessor.transform(rows), preprocessor.categorical),
        told=MAX_REASONS,
        seed=folds.SEED,
    )
    return explanations.judge(stable, faithful)
