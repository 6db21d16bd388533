"""Search for hyper-parameters: Optuna over out-of-fold AUC, pruned fold by fold, resumable, within a time budget."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna

from home_credit.default_risk import classifier
from home_credit.default_risk.inputs import INPUTS
from home_credit.progress import Progress, silent
from home_credit.training import folds, learners
from home_credit.training.cross_validation import out_of_fold

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.training import data

logger = logging.getLogger(__name__)

STUDY = "home-credit"
# A larger gap between training and out-of-fold AUC counts as overfitting.
LARGEST_GAP = 0.05


def _suggest(trial: optuna.Trial) -> dict[str, Any]:
    """Draw one set of parameters: shallow trees only, which suit few defaults and many weak features."""
    return {
        "rounds": trial.suggest_int("rounds", 300, 1200, step=50),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.06, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 24),
        "max_depth": trial.suggest_int("max_depth", 3, 6),
        "min_child_samples": trial.suggest_int("min_child_samples", 50, 600, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.05, 0.5, log=True),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1.0),
        "bagging_freq": 1,
        "lambda_l1": trial.suggest_float("lambda_l1", 0.01, 10.0, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 1.0, 300.0, log=True),
        "max_bin": 127,
        "cat_smooth": trial.suggest_float("cat_smooth", 5.0, 100.0, log=True),
    }


def search(
    applicants: data.Applicants, study_file: Path, *, minutes: float, progress: Progress = silent
) -> tuple[dict[str, Any], float]:
    """Search for ``minutes`` and return the best parameters of one booster so far with its out-of-fold AUC.

    ``study_file`` holds every trial; where it exists, the search continues it. The parameters of the committed
    boosters are the first trials. A trial is pruned as soon as its first folds are below the median of others at that
    fold; one whose training AUC is more than 0.05 above its out-of-fold AUC is penalised by the excess.
    """
    study_file.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=STUDY,
        storage=f"sqlite:///{study_file}",
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=folds.SEED, multivariate=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
    )
    for committed in classifier.committed_parameters():
        study.enqueue_trial(dict(committed), skip_if_exists=True)

    began, seconds = time.monotonic(), math.ceil(60.0 * minutes)

    def objective(trial: optuna.Trial) -> float:
        seen: list[float] = []

        def after_fold(number: int, auc: float) -> None:
            seen.append(auc)
            progress("seconds of the search", min(int(time.monotonic() - began), seconds), seconds)
            trial.report(float(np.mean(seen)), number)
            if trial.should_prune():
                raise optuna.TrialPruned

        parameters = _suggest(trial)
        trial.set_user_attr("parameters", parameters)
        scored = out_of_fold(
            applicants.rows,
            applicants.target,
            applicants.persons,
            learners.boosted(INPUTS, [parameters]),
            repeats=1,
            after_fold=after_fold,
        )
        gap = float(np.mean(scored.train_auc) - np.mean(scored.fold_auc))
        return float(np.mean(scored.fold_auc)) - max(0.0, gap - LARGEST_GAP)

    study.optimize(objective, timeout=60.0 * minutes)
    best = study.best_trial
    logger.info("%d trials, the best is number %d with AUC %.4f", len(study.trials), best.number, best.value)
    return dict(best.user_attrs["parameters"]), float(study.best_value)
