"""Made-up earlier applications to the lender."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.demo.draws import draw_kinds, mixed
from home_credit.tables.demo.statistics import statistics, uniform
from home_credit.tables.schema import ID, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.tables.demo.applicants import Applicants

FIRST_ID = 1_000_000
SENTINEL_DAYS = 365243.0
CASH, CONSUMER, REVOLVING = "Cash loans", "Consumer loans", "Revolving loans"
LEANS = {
    "AMT_APPLICATION": ("PREV_SIZE", 0.6),
    "RATE_DOWN_PAYMENT": ("PREV_DOWN", 0.6),
}
EARLY_SHARE = 0.2


def previous_kind() -> pl.Expr:
    """Return the kind of application whose columns share one distribution."""
    return pl.col("NAME_CONTRACT_TYPE") + "|" + pl.col("NAME_CONTRACT_STATUS")


def previous_table(generator: np.random.Generator, applicants: Applicants, first: int) -> pl.DataFrame:
    """Return the earlier applications of a block, numbered from ``first``, with the column ``owner``."""
    counts = applicants.history("PREV_COUNT").astype(np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    size = len(owner)
    overall = statistics().rows["previous_days"]["all"]
    recency = mixed(generator, applicants.latent["PREV_RECENCY"][owner], 0.6)
    frame = pl.DataFrame(
        {
            ID: applicants.ids[owner],
            "owner": owner,
            "SK_ID_PREV": np.arange(first, first + size),
            "DAYS_DECISION": np.round(overall["DAYS_DECISION"].at(uniform(recency))),
            "WEEKDAY_APPR_PROCESS_START": overall["WEEKDAY_APPR_PROCESS_START"].at(generator.random(size)),
            "HOUR_APPR_PROCESS_START": overall["HOUR_APPR_PROCESS_START"].at(generator.random(size)),
            "NAME_CONTRACT_TYPE": _contracts(generator, applicants, owner),
            "FLAG_LAST_APPL_PER_CONTRACT": np.where(generator.random(size) < 0.995, "Y", "N"),
            "NFLAG_LAST_APPL_IN_DAY": (generator.random(size) < 0.997).astype(np.int64),
        },
        schema_overrides={"WEEKDAY_APPR_PROCESS_START": pl.String, "NAME_CONTRACT_TYPE": pl.String},
    )
    frame = frame.with_columns(NAME_CONTRACT_STATUS=_outcomes(generator, applicants, frame))
    frame = frame.with_columns(kind=previous_kind())
    frame = draw_kinds(
        generator, frame, statistics().rows["previous"], applicants, LEANS, skip=("DAYS_DECISION",)
    )
    frame = _dates(generator, _amounts(frame))
    return frame.select("owner", *table("previous_application").columns).cast(
        pl.Schema(table("previous_application").schema)
    )


def _contracts(generator: np.random.Generator, applicants: Applicants, owner: NDArray[np.int64]) -> pl.Series:
    shares = statistics().rows["previous_days"]["all"]["NAME_CONTRACT_TYPE"].shares
    revolving = (
        uniform(mixed(generator, applicants.latent["PREV_REVOLVING"][owner], 0.6)) > 1.0 - shares[REVOLVING]
    )
    cash_share = shares[CASH] / (shares[CASH] + shares[CONSUMER])
    cash = uniform(mixed(generator, applicants.latent["PREV_CASH"][owner], 0.6)) > 1.0 - cash_share
    return pl.Series(np.where(revolving, REVOLVING, np.where(cash, CASH, CONSUMER)))


def _outcomes(generator: np.random.Generator, applicants: Applicants, frame: pl.DataFrame) -> pl.Series:
    owner = frame["owner"].to_numpy()
    refusal = uniform(mixed(generator, applicants.latent["PREV_REFUSED"][owner], 0.6))
    cancelling = uniform(mixed(generator, applicants.latent["PREV_CANCELED"][owner], 0.5))
    unused = generator.random(len(frame))
    outcome = np.full(len(frame), "Approved", dtype=object)
    for contract, marginals in statistics().rows["previous_outcomes"].items():
        share = marginals["NAME_CONTRACT_STATUS"].shares
        of = (frame["NAME_CONTRACT_TYPE"] == contract).to_numpy()
        outcome[of & (unused < share.get("Unused offer", 0.0))] = "Unused offer"
        outcome[of & (cancelling > 1.0 - share.get("Canceled", 0.0))] = "Canceled"
        outcome[of & (refusal > 1.0 - share.get("Refused", 0.0))] = "Refused"
    return pl.Series(outcome, dtype=pl.String)


def _amounts(frame: pl.DataFrame) -> pl.DataFrame:
    asked, term = pl.col("AMT_APPLICATION"), pl.col("CNT_PAYMENT")
    credit = pl.when(asked > 0).then((asked * pl.col("GRANTED").fill_null(1.0)).round(1)).otherwise(0.0)
    return (
        frame.with_columns(asked.fill_null(0.0).round(1).alias("AMT_APPLICATION"))
        .with_columns(credit.alias("AMT_CREDIT"))
        .with_columns(
            pl.when((asked > 0) & (term > 0))
            .then((pl.col("AMT_CREDIT") * pl.col("COST").fill_null(1.2) / term).round(2))
            .alias("AMT_ANNUITY"),
            pl.when(asked > 0).then(asked).alias("AMT_GOODS_PRICE"),
            (pl.col("RATE_DOWN_PAYMENT") * asked).round(1).alias("AMT_DOWN_PAYMENT"),
            pl.lit(None, pl.Float64).alias("RATE_INTEREST_PRIMARY"),
            pl.lit(None, pl.Float64).alias("RATE_INTEREST_PRIVILEGED"),
        )
    )


def _dates(generator: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the days of a granted credit: due dates from the decision on, an end that may come early."""
    granted = (pl.col("NAME_CONTRACT_STATUS") == "Approved") & (pl.col("CNT_PAYMENT") > 0)
    revolving = pl.col("NAME_CONTRACT_TYPE") == REVOLVING
    early = np.where(generator.random(len(frame)) < EARLY_SHARE, generator.random(len(frame)), 1.0)
    first_due = (pl.col("DAYS_DECISION") + pl.col("FIRST_DUE").fill_null(30.0)).round()
    frame = frame.with_columns(
        pl.when(granted).then(first_due).alias("DAYS_FIRST_DUE"),
        pl.Series("early", early),
        pl.Series("settled", 2.0 + np.round(generator.exponential(8.0, len(frame)))),
    )
    months = (pl.col("CNT_PAYMENT") - 1.0).clip(0.0)
    planned = pl.col("DAYS_FIRST_DUE") + 30.0 * months
    actual = (pl.col("DAYS_FIRST_DUE") + 30.0 * (months * pl.col("early")).ceil()).round()
    over = actual < 0.0
    approved = pl.col("NAME_CONTRACT_STATUS") == "Approved"
    return frame.with_columns(
        pl.when(granted & revolving)
        .then(pl.col("DAYS_FIRST_DUE") - 30.0)
        .when(approved)
        .then(SENTINEL_DAYS)
        .alias("DAYS_FIRST_DRAWING"),
        pl.when(granted)
        .then(pl.when(revolving).then(SENTINEL_DAYS).otherwise(planned))
        .alias("DAYS_LAST_DUE_1ST_VERSION"),
        pl.when(granted)
        .then(pl.when(over & ~revolving).then(actual).otherwise(SENTINEL_DAYS))
        .alias("DAYS_LAST_DUE"),
        pl.when(granted)
        .then(
            pl.when((actual + pl.col("settled") < 0.0) & ~revolving)
            .then(actual + pl.col("settled"))
            .otherwise(SENTINEL_DAYS)
        )
        .alias("DAYS_TERMINATION"),
        pl.when(approved)
        .then(pl.col("NFLAG_INSURED_ON_APPROVAL").fill_null(0.0))
        .alias("NFLAG_INSURED_ON_APPROVAL"),
    )
