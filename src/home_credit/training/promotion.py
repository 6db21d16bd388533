"""The gate between challenger and champion: both score the same unseen applicants, and the difference decides."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from home_credit import policy
from home_credit.errors import UsageError
from home_credit.tracking import CHALLENGER, CHAMPION, registered_models
from home_credit.training import data, folds
from home_credit.validation import fairness, metrics

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from home_credit.default_risk.artifacts import Artifacts

RESAMPLES = 1000
# How much worse than the champion the challenger may be at most, in the bad end of the 95 % interval. The
# margins are about what one year of drift costs a scorecard, far below what a reader of a report would act on.
MARGINS = {"auc": 0.005, "log_loss": 0.002, "cost": 0.02}
# Observed defaults over expected ones and the slope of the log-odds that still count as calibrated, and the least
# approval rate of one sex over that of the other (the rule of four fifths).
LIMITS = {
    "observed_to_expected": (0.85, 1.15),
    "slope": (0.8, 1.25),
    "approval_ratio_by_gender": (fairness.FOUR_FIFTHS, 1.0),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Challenger less champion, by paired bootstrap: the mean and its 95 % interval."""

    metric: str
    champion: float
    challenger: float
    low: float
    high: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, and why; ``refusals`` is empty where the challenger may be promoted."""

    champion: str
    challenger: str
    applicants: int
    defaults: int
    differences: list[Difference]
    limits: dict[str, float]
    refusals: list[str]

    @property
    def passed(self) -> bool:
        """Whether the challenger may be promoted."""
        return not self.refusals

    def to_plain(self) -> dict[str, Any]:
        """Return dictionaries and lists that hold all of it."""
        return asdict(self)


def unseen_applicants(tables: Path, models: list[Artifacts], *, unseen: bool) -> data.Applicants:
    """Return the labelled applicants of ``tables`` that no model was trained on.

    Those are the persons that every model's training kept aside; or everybody, where the caller says that the
    models know nobody of them. Raises :class:`UsageError` where that cannot be or nobody is left.
    """
    applicants = data.load(tables)
    trained_on = {model.manifest.training_data.fingerprint for model in models}
    if unseen:
        if applicants.fingerprint in trained_on:
            raise UsageError(
                f"{tables} holds the very rows that a model was trained on; it cannot be judged on them"
            )
        return applicants
    share = min(model.manifest.training_data.holdout for model in models)
    chosen = applicants.where(applicants.holdout(share))
    if len(np.unique(chosen.target)) < 2:
        raise UsageError(
            f"{tables} holds no defaults and repayments in the holdout of both models; train with --holdout, or "
            "give tables of applicants that neither saw and say --unseen"
        )
    return chosen


def compare(
    champion: Artifacts, challenger: Artifacts, applicants: data.Applicants, costs: policy.Costs
) -> Verdict:
    """Judge ``challenger`` against ``champion`` on applicants that neither was trained on."""
    target = applicants.target
    old, new = champion.probability(applicants.rows), challenger.probability(applicants.rows)
    cut_offs = champion.manifest.policy.cut_off, challenger.manifest.policy.cut_off
    differences = _differences(target, old, new, cut_offs, costs)
    limits = _limits(applicants, new, cut_offs[1])
    refusals = [
        f"{difference.metric} may be worse by {max(-difference.low, difference.high):.4f} than the champion's"
        for difference in differences
        if not difference.passed
    ]
    refusals += [
        f"{name} is {limits[name]:.3f}, outside {low} to {high}"
        for name, (low, high) in LIMITS.items()
        if not low <= limits[name] <= high
    ]
    refusals += challenger.manifest.failed_gates
    return Verdict(
        champion.version, challenger.version, len(target), int(target.sum()), differences, limits, refusals
    )


def _measures(
    target: NDArray[np.int64], probabilities: NDArray[np.float64], cut_off: float, costs: policy.Costs
) -> tuple[float, float, float]:
    return (
        float(roc_auc_score(target, probabilities)),
        float(log_loss(target, probabilities)),
        policy.expected_cost(probabilities, target, cut_off, costs),
    )


def _differences(
    target: NDArray[np.int64],
    old: NDArray[np.float64],
    new: NDArray[np.float64],
    cut_offs: tuple[float, float],
    costs: policy.Costs,
) -> list[Difference]:
    """Return challenger less champion in AUC, log loss and cost, over the same resampled applicants."""
    chance = np.random.default_rng(folds.SEED)
    drawn: list[NDArray[np.float64]] = []
    while len(drawn) < RESAMPLES:
        rows = chance.integers(len(target), size=len(target))
        if 0 < target[rows].sum() < len(rows):
            one = _measures(target[rows], old[rows], cut_offs[0], costs)
            other = _measures(target[rows], new[rows], cut_offs[1], costs)
            drawn.append(np.subtract(other, one))
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    champion = _measures(target, old, cut_offs[0], costs)
    challenger = _measures(target, new, cut_offs[1], costs)
    return [
        Difference(
            metric,
            champion[place],
            challenger[place],
            float(low[place]),
            float(high[place]),
            bool(low[place] >= -margin if metric == "auc" else high[place] <= margin),
        )
        for place, (metric, margin) in enumerate(MARGINS.items())
    ]


def _limits(
    applicants: data.Applicants, probabilities: NDArray[np.float64], cut_off: float
) -> dict[str, float]:
    target, approved = applicants.target, probabilities < cut_off
    by_gender = fairness.fairness(applicants.people, probabilities, target, approved)["by"][0]
    ratio = by_gender["approval_ratio"]
    return {
        "observed_to_expected": float(target.mean() / probabilities.mean()),
        "slope": metrics.evaluate(target, probabilities)["calibration_slope"],
        # One group alone, or too small a second one, has nothing to be compared with.
        "approval_ratio_by_gender": 1.0 if ratio is None else ratio,
    }


def promote(
    tables: Path, models: Path, *, tracking: str, costs: policy.Costs, unseen: bool = False
) -> Verdict:
    """Judge the registered challenger; where it passes, make it the champion and write it to ``models``."""
    champion = registered_models.load(tracking, CHAMPION)
    challenger = registered_models.load(tracking, CHALLENGER)
    judged = compare(
        champion, challenger, unseen_applicants(tables, [champion, challenger], unseen=unseen), costs
    )
    if judged.passed:
        registered_models.promote(tracking, {"gate": json.dumps(judged.to_plain())})
        registered_models.export(tracking, CHAMPION, models)
    return judged


def rollback(models: Path, *, tracking: str) -> str:
    """Make the champion of before the champion again, write it to ``models`` and return its model version."""
    registered_models.rollback(tracking)
    return registered_models.export(tracking, CHAMPION, models)
