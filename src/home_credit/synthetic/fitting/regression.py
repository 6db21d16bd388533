"""Ridge regressions: sparse linear, and logistic with an offset (which scikit-learn's does not take)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from home_credit.synthetic.chain import Floats, Scores

FOLDS = 5
NEWTON_STEPS = 12


def sparse_linear(scores: Scores, response: Floats) -> Floats:
    """Regress ``response`` on ``scores``, of shape (variables, rows), by ridge; small coefficients become 0."""
    kept = np.arange(len(scores))
    beta = np.zeros(0)
    for least in (0.012, 0.018, 0.0):
        x = scores[kept].astype(float)
        beta = np.linalg.solve(x @ x.T + 20 * np.eye(len(kept)), x @ response)
        if not least:
            break
        kept = kept[np.abs(beta) * x.std(axis=1) > least]
        if not kept.size:
            return np.zeros(len(scores))
    full = np.zeros(len(scores))
    full[kept] = np.round(beta, 3)
    return full


def ridge_logit(x: Floats, y: Floats, offset: Floats, penalty: float) -> Floats:
    """Fit a ridge logistic regression by Newton's method; the last column of ``x`` is not penalised."""
    beta = np.zeros(x.shape[1])
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = 1e-6
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-(x @ beta + offset)))
        w = p * (1 - p)
        beta += np.linalg.solve((x * w[:, None]).T @ x + np.diag(ridge), x.T @ (y - p) - ridge * beta)
    return beta


def out_of_fold_logit(x: Floats, y: Floats, offset: Floats, penalty: float, seed: int) -> Floats:
    """Return each row's logit by the regression of the other folds."""
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(y))
    logit = np.empty(len(y))
    for each in range(FOLDS):
        inside = fold == each
        beta = ridge_logit(x[~inside], y[~inside], offset[~inside], penalty)
        logit[inside] = x[inside] @ beta + offset[inside]
    return logit
