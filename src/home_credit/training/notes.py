"""What a tracked run and a registered model say of themselves in MLflow, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.validation.card import count, decimals, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from home_credit.default_risk.manifest import Manifest

MODEL = """\
Probability that an applicant for consumer credit falls behind on it.

The input is the feature vector of the signature, which `home_credit.features` computes from the seven tables; the
output is a calibrated probability, from which score, grade, decision and reasons follow. The alias `champion` serves,
`challenger` waits for the gate, and a rollback restores `previous`.
"""


def run_name(manifest: Manifest) -> str:
    """Return the learner, its AUC out of fold and how many applicants it was trained on."""
    return (
        f"LightGBM × {len(manifest.parameters)}, AUC {decimals(manifest.metrics.out_of_fold['auc'], 3)},"
        f" {count(manifest.training_data.applicants)} applicants"
    )


def run_note(manifest: Manifest) -> str:
    """Return the data, the folds, the metrics and the decision of a run."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in _facts(manifest))
    return (
        f"Model **{manifest.model_version}**: the average of {len(manifest.parameters)} LightGBM boosters,"
        f" calibration {manifest.calibration.chosen}.\n\n| | |\n|---|---|\n{rows}\n\n"
        "Artifacts: `model_card.md`, and under `curves` the ROC curve, reliability, cost by cut-off and the importance"
        " of features."
    )


def version_note(manifest: Manifest) -> str:
    """Return what a version of the registered model is, and where its card is."""
    measured = manifest.metrics.out_of_fold
    return (
        f"Model **{manifest.model_version}**, trained on {count(manifest.training_data.applicants)} applicants:"
        f" AUC out of fold {_interval(manifest)}, log loss {decimals(measured['log_loss'], 4)}, approved below"
        f" {percent(manifest.policy.cut_off, 2)}.\n\n"
        "The model card, with fairness, calibration by grade and the limits of use, is the artifact `model_card.md` of"
        " the source run."
    )


def _facts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    data, folds, policy = manifest.training_data, manifest.metrics.folds, manifest.policy
    measured = manifest.metrics.out_of_fold
    rate = percent(measured["default_rate"])
    people = f"{count(data.applicants)} applicants ({count(data.persons)} persons), {rate} defaults"
    yield "data", f"{people}, {count(len(manifest.features.names))} features"
    yield (
        "folds",
        f"{folds.count} × {folds.repeats}, grouped by person, stratified by outcome, seed {folds.seed}",
    )
    yield "AUC out of fold", _interval(manifest)
    yield "AUC on training rows", decimals(measured["train_auc"], 4)
    yield (
        "log loss and Brier score",
        f"{decimals(measured['log_loss'], 4)} and {decimals(measured['brier'], 4)}",
    )
    yield (
        "mean probability and default rate",
        f"{percent(measured['mean_probability'], 2)} and {percent(measured['default_rate'], 2)}",
    )
    yield (
        "decision",
        f"approved below {percent(policy.cut_off, 2)}, where both errors have the same expected cost",
    )
    yield "cost of a default that was approved", decimals(policy.cost_false_negative, 1)
    yield "cost of a good applicant declined", decimals(policy.cost_false_positive, 1)
    yield "cost per applicant", decimals(measured["cost_per_applicant"], 4)
    cheapest = percent(policy.out_of_fold_optimal_cut_off, 2)
    yield (
        "cheapest cut-off (a check)",
        f"{cheapest}, {decimals(policy.out_of_fold_optimal_cost, 4)} per applicant",
    )
    yield "gates of the reasons that fail", "; ".join(manifest.failed_gates) or "none"


def _interval(manifest: Manifest) -> str:
    measured = manifest.metrics.out_of_fold
    return (
        f"{decimals(measured['auc'], 4)} ({decimals(measured['auc_low'], 4)} to"
        f" {decimals(measured['auc_high'], 4)}, 95 %)"
    )
