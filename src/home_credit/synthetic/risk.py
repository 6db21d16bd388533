"""The probability of default of a synthetic applicant: an additive logistic model, fitted on real applicants.

Each variable of the application or the histories adds a piecewise linear function of its normal score, or a weight
for its level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.schema import SENTINEL_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.synthetic.chain import Column, Context, Floats
    from home_credit.synthetic.statistics import RiskStatistics

KNOTS = np.array([-2.0, -1.2, -0.5, 0.0, 0.5, 1.2, 2.0])


# Drivers of the application itself.
TERM_DRIVERS = ("EXT_MEAN", "EXT_LEAST", "CREDIT_TERM", "GOODS_SHARE", "ANNUITY_SHARE", "EMPLOYED_SHARE")


def basis(column: Column, categories: int | None) -> Floats:
    """Return the basis columns of a variable: one per level, or one per knot and one for missing."""
    if categories is not None:
        one_hot: Floats = (column.values[:, None] == np.arange(categories)).astype(np.float64)
        return one_hot
    score = np.clip(column.score.astype(np.float64), KNOTS[0], KNOTS[-1])
    at = np.clip(np.searchsorted(KNOTS, score, side="right") - 1, 0, len(KNOTS) - 2)
    right = (score - KNOTS[at]) / (KNOTS[at + 1] - KNOTS[at])
    hat = np.zeros((len(score), len(KNOTS) + 1))
    rows = np.arange(len(score))
    hat[rows, at], hat[rows, at + 1] = 1 - right, right
    hat[column.bins == 0] = 0
    hat[column.bins == 0, -1] = 1
    return hat


def logit(context: Context, statistics: RiskStatistics) -> Floats:
    """Return each applicant's logit of default."""
    total = np.full(len(next(iter(context.values())).bins), statistics["intercept"] / 1000)
    for name, weights in statistics["weights"].items():
        column = context[name]
        categories = len(weights) if column.values.dtype.kind == "i" else None
        total += basis(column, categories) @ (np.array(weights) / 1000)
    return total


def drivers(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return drivers of the risk for each row of ``tables["application"]``, null where there is no history."""
    c = pl.col
    active = c("CREDIT_ACTIVE") == "Active"
    bureau = tables["bureau"].group_by("SK_ID_CURR").agg(
        BUREAU_LATEST=c("DAYS_CREDIT").max(),
        BUREAU_LATEST_ACTIVE=c("DAYS_CREDIT").filter(active).max(),
        BUREAU_AGE=c("DAYS_CREDIT").mean(),
        BUREAU_ACTIVE=active.sum(),
        BUREAU_DEBT_SHARE=c("AMT_CREDIT_SUM_DEBT").sum() / pl.max_horizontal(c("AMT_CREDIT_SUM").sum(), 1.0),
        BUREAU_OVERDUE=c("AMT_CREDIT_MAX_OVERDUE").max(),
        BUREAU_CARDS=(c("CREDIT_TYPE") == "Credit card").sum(),
        BUREAU_MICRO=(c("CREDIT_TYPE") == "Microloan").sum(),
        BUREAU_END=c("DAYS_CREDIT_ENDDATE").filter(active).max(),
    )  # fmt: skip
    refused, approved = c("NAME_CONTRACT_STATUS") == "Refused", c("NAME_CONTRACT_STATUS") == "Approved"
    previous = tables["previous_application"].group_by("SK_ID_CURR").agg(
        PREVIOUS_REFUSED=refused.mean(),
        PREVIOUS_REFUSALS=refused.sum(),
        PREVIOUS_LATEST=c("DAYS_DECISION").max(),
        PREVIOUS_OLDEST=c("DAYS_DECISION").min(),
        PREVIOUS_DOWN=c("AMT_DOWN_PAYMENT").mean(),
        PREVIOUS_HIGH_YIELD=(c("NAME_YIELD_GROUP") == "high").mean(),
        PREVIOUS_TERM=c("CNT_PAYMENT").filter(approved).mean(),
        PREVIOUS_ANNUITY=c("AMT_ANNUITY").filter(approved).mean(),
        PREVIOUS_OPEN=(c("DAYS_LAST_DUE") == SENTINEL_DAYS).sum(),
        PREVIOUS_SCO=(c("CODE_REJECT_REASON").is_in(["SCO", "SCOFR", "LIMIT"])).sum(),
    )  # fmt: skip
    pos = tables["POS_CASH_balance"].group_by("SK_ID_CURR").agg(
        POS_OVERDUE=(c("SK_DPD_DEF") > 0).mean(),
        POS_MONTHS=c("MONTHS_BALANCE").n_unique(),
        POS_FUTURE=c("CNT_INSTALMENT_FUTURE").filter(c("MONTHS_BALANCE") >= -3).mean(),
    )  # fmt: skip
    limit = pl.max_horizontal(c("AMT_CREDIT_LIMIT_ACTUAL"), 1.0)
    cards = tables["credit_card_balance"].group_by("SK_ID_CURR").agg(
        CARD_USE=(c("AMT_BALANCE") / limit).clip(0, 2).mean(),
        CARD_DRAWINGS=(c("AMT_DRAWINGS_CURRENT") > 0).mean(),
        CARD_OVERDUE=(c("SK_DPD_DEF") > 0).mean(),
    )  # fmt: skip
    late = c("DAYS_ENTRY_PAYMENT") - c("DAYS_INSTALMENT")
    paid = tables["installments_payments"].group_by("SK_ID_CURR").agg(
        LATE_SHARE=(late > 0).mean(),
        LATE_DAYS=late.mean(),
        UNDERPAID=(c("AMT_PAYMENT") < c("AMT_INSTALMENT") * 0.999).mean(),
    )  # fmt: skip
    terms = {
        "EXT_MEAN": pl.mean_horizontal("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"),
        "EXT_LEAST": pl.min_horizontal("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"),
        "CREDIT_TERM": c("AMT_CREDIT") / c("AMT_ANNUITY"),
        "GOODS_SHARE": c("AMT_GOODS_PRICE") / c("AMT_CREDIT"),
        "ANNUITY_SHARE": c("AMT_ANNUITY") / c("AMT_INCOME_TOTAL"),
        "EMPLOYED_SHARE": pl.when(c("DAYS_EMPLOYED") <= 0).then(c("DAYS_EMPLOYED") / c("DAYS_BIRTH")),
    }
    out = tables["application"].select("SK_ID_CURR", **terms)
    for summary in (bureau, previous, pos, cards, paid):
        out = out.join(summary, on="SK_ID_CURR", how="left", maintain_order="left")
    return out.drop("SK_ID_CURR").cast(pl.Float64)
