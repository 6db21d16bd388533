"""Baselines of increasing complexity, compared on the same folds, in one MLflow experiment."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from home_credit.default_risk import calibration
from home_credit.default_risk.inputs import INPUTS
from home_credit.features.catalogue import TABLE_OF
from home_credit.progress import Progress, silent
from home_credit.tables.schema import APPLICATION
from home_credit.tracking import runs
from home_credit.tracking.experiments import BASELINES
from home_credit.training import folds, learners
from home_credit.training.cross_validation import Learner, out_of_fold
from home_credit.validation import auc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from home_credit.training import data

FROM_APPLICATION = tuple(name for name in INPUTS if TABLE_OF[name] == APPLICATION)

HEAD = (
    "| model | features | AUC | 95 % interval | log loss | AUC on training rows |\n|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """The out-of-fold result of one model."""

    name: str
    features: int
    auc: float
    auc_low: float
    auc_high: float
    log_loss: float
    train_auc: float

    @property
    def line(self) -> str:
        """The line of the table under :data:`HEAD`, in Markdown."""
        return (
            f"| {self.name} | {self.features} | {self.auc:.4f} | {self.auc_low:.4f} to {self.auc_high:.4f}"
            f" | {self.log_loss:.4f} | {self.train_auc:.4f} |"
        )


def baselines(parameters: Sequence[Mapping[str, Any]]) -> Mapping[str, tuple[int, Learner]]:
    """Return the baselines of every training run, with the number of features of each."""
    application = len(FROM_APPLICATION)
    return {
        "prior": (0, learners.prior),
        "logistic regression": (application, learners.logistic(FROM_APPLICATION)),
        "LightGBM, application": (application, learners.boosted(FROM_APPLICATION, parameters)),
    }


def candidates(parameters: Sequence[Mapping[str, Any]]) -> Mapping[str, tuple[int, Learner]]:
    """Return all models, the simplest first and the final one last; the scorecard needs the research extra."""
    prior, logistic, application = baselines(parameters).items()
    scorecard = ("scorecard", (len(FROM_APPLICATION), learners.scorecard(FROM_APPLICATION)))
    everything = (len(INPUTS), learners.boosted(INPUTS, parameters))
    return dict([prior, scorecard, logistic, application, ("LightGBM, all tables", everything)])


def evaluate(
    applicants: data.Applicants,
    models: Mapping[str, tuple[int, Learner]],
    *,
    tracking: str | None = None,
    repeats: int = 1,
    progress: Progress = silent,
) -> Iterator[BaselineResult]:
    """Cross-validate each model; with ``tracking`` each is a run of the experiment ``home-credit-baselines``."""
    target = np.tile(applicants.target, repeats)
    for name, (features, learner) in models.items():
        began = datetime.now(UTC)
        scored = out_of_fold(
            applicants.rows, applicants.target, applicants.persons, learner,
            repeats=repeats, progress=progress, stage=f"folds of {name}",
        )  # fmt: skip
        probability = calibration.IDENTITY.probability(scored.raw.ravel())
        low, high = auc.interval(target, probability, np.tile(applicants.persons, repeats))
        result = BaselineResult(
            name,
            features,
            float(roc_auc_score(target, probability)),
            low,
            high,
            float(log_loss(target, probability)),
            float(np.mean(scored.train_auc)),
        )
        if tracking is not None:
            runs.log_run(tracking, BASELINES, _run(result, applicants, repeats, began))
        yield result


def _run(result: BaselineResult, applicants: data.Applicants, repeats: int, began: datetime) -> runs.Run:
    return runs.Run(
        name=f"{result.name}, AUC {result.auc:.3f}",
        note=f"{result.name} on {result.features} features: AUC {result.auc:.4f} ({result.auc_low:.4f} to"
        f" {result.auc_high:.4f}, 95 %) on {len(applicants):,} applicants, on the folds of the other runs.",
        parameters={
            "folds": folds.FOLDS,
            "repeats": repeats,
            "seed": folds.SEED,
            "data": applicants.fingerprint[:12],
        },
        metrics={key: value for key, value in asdict(result).items() if key != "name"},
        began=began,
        tags={"model": result.name},
    )
