"""Fit the logit of default: first on all applications, then on those whose history is complete."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from home_credit.synthetic import risk
from home_credit.synthetic.fitting.chain import SEED
from home_credit.synthetic.fitting.regression import out_of_fold_logit, ridge_logit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.synthetic.chain import Codes, Context, Floats
    from home_credit.synthetic.chain.columns import Mask
    from home_credit.synthetic.statistics import RiskStatistics

# Variables of the application that the risk depends on.
APPLICATION_DRIVERS = (
    "NAME_CONTRACT_TYPE", "CODE_GENDER", "NAME_INCOME_TYPE", "DAYS_BIRTH", "EMPLOYED", "NAME_EDUCATION_TYPE",
    "NAME_FAMILY_STATUS", "CNT_CHILDREN", "NAME_HOUSING_TYPE", "REGION_RATING_CLIENT_W_CITY", "FLAG_OWN_CAR",
    "OWN_CAR_AGE", "ORGANIZATION_TYPE", "OCCUPATION_TYPE", "FLAG_WORK_PHONE", "FLAG_PHONE",
    "DAYS_REGISTRATION", "PASSPORT", "ID_PUBLISH", "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY",
    "AMT_INCOME_TOTAL", "EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "BASE", "DAYS_LAST_PHONE_CHANGE",
    "FLAG_DOCUMENT_3", "AMT_REQ_CREDIT_BUREAU_YEAR", "AMT_REQ_CREDIT_BUREAU_QRT", "DEF_30_CNT_SOCIAL_CIRCLE",
    "DEF_60_CNT_SOCIAL_CIRCLE", "TOTALAREA_MODE", "FLOORSMAX_AVG",
)  # fmt: skip
# The tables have too few instalments to fit these slopes (thousandths of a logit per unit of normal score); they
# follow published results on the full tables.
PUBLISHED_SLOPES = {"LATE_SHARE": 150, "LATE_DAYS": 60, "UNDERPAID": 100}
# Logits are scaled up to the AUC that models reach on the full tables.
SHARPNESS = 1.15
HISTORY_SCALE = 0.8
PENALTIES = (10, 30, 100, 300)

logger = logging.getLogger(__name__)


class Design(NamedTuple):
    """The matrix of all variables' bases and a last column of ones; ``places`` are each variable's columns."""

    matrix: Floats
    places: dict[str, slice]


def fit_risk(
    context: Context, drivers: Context, level_counts: Mapping[str, int], target: Floats, complete: Mask
) -> RiskStatistics:
    """Return the weights of the application's variables and of the drivers of the histories.

    ``drivers`` are columns of what :func:`~home_credit.synthetic.risk.drivers` returns; ``target`` is NaN where
    unknown, ``complete`` marks the applicants with all history rows.
    """
    labelled = np.flatnonzero(~np.isnan(target))
    y = target[labelled]
    own = {name: context[name] for name in APPLICATION_DRIVERS} | {
        name: drivers[name] for name in risk.TERM_DRIVERS
    }
    x, places = _design(own, level_counts, labelled)
    nothing = np.zeros(len(y))
    penalty = _best_penalty("applications", x, y, nothing, PENALTIES)
    beta = ridge_logit(x, y, nothing, penalty)
    weights = {name: beta[place] for name, place in places.items()}

    with_history = complete[labelled]
    offset = out_of_fold_logit(x, y, nothing, penalty, SEED)[with_history]
    histories = {
        name: column
        for name, column in drivers.items()
        if name not in {*risk.TERM_DRIVERS, *PUBLISHED_SLOPES}
    }
    weights |= _fit_histories(histories, labelled[with_history], y[with_history], offset)
    rounded = {
        name: np.round(values * SHARPNESS * 1000).astype(int).tolist() for name, values in weights.items()
    }
    published = {
        name: [*np.round(risk.KNOTS * slope).astype(int).tolist(), 0]
        for name, slope in PUBLISHED_SLOPES.items()
    }
    return {"intercept": round(beta[-1] * 1000), "weights": rounded | published}


def _fit_histories(drivers: Context, rows: Codes, y: Floats, offset: Floats) -> dict[str, Floats]:
    """Return the weights of drivers that are linear in the scores: the data are too few for more."""
    lines = np.zeros((len(risk.KNOTS) + 1, 2))
    lines[:-1, 0], lines[-1, 1] = risk.KNOTS, 1
    z, places = _design(drivers, {}, rows)
    slopes = np.hstack([z[:, place] @ lines for place in places.values()] + [np.ones((len(rows), 1))])
    penalty = _best_penalty("histories", slopes, y, offset, (*PENALTIES, 1000))
    gamma = ridge_logit(slopes, y, offset, penalty)
    return {
        name: lines @ gamma[2 * number : 2 * number + 2] * HISTORY_SCALE for number, name in enumerate(places)
    }


def _design(columns: Context, level_counts: Mapping[str, int], rows: Codes) -> Design:
    blocks, places, start = [], {}, 0
    for name, column in columns.items():
        block = risk.basis(column.take(rows), level_counts.get(name))
        places[name] = slice(start, start + block.shape[1])
        start += block.shape[1]
        blocks.append(block)
    return Design(np.hstack([*blocks, np.ones((len(rows), 1))]), places)


def _best_penalty(name: str, x: Floats, y: Floats, offset: Floats, penalties: Sequence[float]) -> float:
    """Return the penalty with the highest out-of-fold AUC."""
    scores = {
        penalty: float(roc_auc_score(y, out_of_fold_logit(x, y, offset, penalty, SEED)))
        for penalty in penalties
    }
    best = max(scores, key=lambda penalty: scores[penalty])
    logger.info("risk by %s: out-of-fold AUC %.4f with penalty %g", name, scores[best], best)
    return best
