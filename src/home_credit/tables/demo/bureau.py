"""Made-up credits of other lenders, and their monthly status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.demo.draws import counted, draw_kinds, mixed, months_ago
from home_credit.tables.demo.statistics import statistics, uniform
from home_credit.tables.schema import ID, table

if TYPE_CHECKING:
    from home_credit.tables.demo.applicants import Applicants

FIRST_ID = 5_000_000
COMMON_TYPES = ("Consumer credit", "Credit card", "Car loan", "Mortgage", "Microloan")
SHARE_ACTIVE, SHARE_SOLD = 0.365, 0.004
SHARE_WITH_MONTHS = 0.415
LONGEST_RECORD = 97
# Which summary of the applicant each column leans on, and how strongly.
LEANS = {
    "AMT_CREDIT_SUM": ("BUREAU_SIZE", 0.55),
    "INDEBTED": ("BUREAU_DEBT", 0.6),
    "AMT_CREDIT_MAX_OVERDUE": ("BUREAU_LATE", 0.7),
    "CREDIT_DAY_OVERDUE": ("BUREAU_LATE", 0.5),
}


def bureau_kind() -> pl.Expr:
    """Return the kind of credit whose columns share one distribution."""
    common = pl.col("CREDIT_TYPE").is_in(list(COMMON_TYPES))
    activity = pl.when(pl.col("CREDIT_ACTIVE") == "Active").then(pl.lit("Active")).otherwise(pl.lit("Closed"))
    return activity + "|" + pl.when(common).then(pl.col("CREDIT_TYPE")).otherwise(pl.lit("Other"))


def bureau_table(generator: np.random.Generator, applicants: Applicants, first: int) -> pl.DataFrame:
    """Return the bureau credits of a block, numbered from ``first``."""
    counts = applicants.history("BUREAU_COUNT").astype(np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    overall = statistics().rows["bureau_types"]["all"]
    recency = mixed(generator, applicants.latent["BUREAU_RECENCY"][owner], 0.6)
    activity = mixed(
        generator, (0.9 * recency + 0.5 * applicants.latent["BUREAU_ACTIVE"][owner]) / np.hypot(0.9, 0.5), 0.9
    )
    state = np.where(uniform(activity) > 1.0 - SHARE_ACTIVE, "Active", "Closed").astype(object)
    state[generator.random(len(owner)) < SHARE_SOLD] = "Sold"
    frame = pl.DataFrame(
        {
            ID: applicants.ids[owner],
            "owner": owner,
            "SK_ID_BUREAU": np.arange(first, first + len(owner)),
            "DAYS_CREDIT": np.round(overall["DAYS_CREDIT"].at(uniform(recency))),
            "CREDIT_TYPE": overall["CREDIT_TYPE"].at(generator.random(len(owner))),
            "CREDIT_CURRENCY": overall["CREDIT_CURRENCY"].at(generator.random(len(owner))),
            "CREDIT_ACTIVE": state,
        },
        schema_overrides={"CREDIT_TYPE": pl.String, "CREDIT_CURRENCY": pl.String, "CREDIT_ACTIVE": pl.String},
    ).with_columns(kind=bureau_kind())
    frame = draw_kinds(
        generator, frame, statistics().rows["bureau"], applicants, LEANS, skip=("DAYS_CREDIT",)
    )
    end = (pl.col("DAYS_CREDIT") + pl.col("LENGTH")).round()
    ended = (pl.coalesce(end, pl.lit(0.0)) - pl.col("LAG")).round()
    frame = frame.with_columns(
        end.alias("DAYS_CREDIT_ENDDATE"),
        pl.when(pl.col("CREDIT_ACTIVE") != "Active")
        .then(pl.max_horizontal(pl.min_horizontal(ended, pl.lit(0.0)), "DAYS_CREDIT"))
        .alias("DAYS_ENDDATE_FACT"),
        (pl.col("INDEBTED") * pl.col("AMT_CREDIT_SUM")).round(1).alias("AMT_CREDIT_SUM_DEBT"),
    ).with_columns(
        (pl.coalesce("DAYS_ENDDATE_FACT", pl.lit(0.0)) + pl.col("SINCE"))
        .clip(upper_bound=0.0)
        .pipe(lambda day: pl.max_horizontal(day, "DAYS_CREDIT"))
        .fill_null(0.0)
        .alias("DAYS_CREDIT_UPDATE")
    )
    amounts = (
        "AMT_CREDIT_SUM",
        "AMT_CREDIT_SUM_LIMIT",
        "AMT_CREDIT_SUM_OVERDUE",
        "AMT_CREDIT_MAX_OVERDUE",
        "AMT_ANNUITY",
    )
    return (
        frame.with_columns(pl.col(amounts).round(2))
        .select(*table("bureau").columns)
        .cast(pl.Schema(table("bureau").schema))
    )


def bureau_balance_table(
    generator: np.random.Generator, applicants: Applicants, bureau: pl.DataFrame
) -> pl.DataFrame:
    """Return the monthly status of about half of the credits, from the newest month back to the opening."""
    kept = bureau.filter(pl.Series(generator.random(len(bureau)) < SHARE_WITH_MONTHS))
    lengths = np.minimum(months_ago(kept["DAYS_CREDIT"]) + 1, LONGEST_RECORD)
    credit, age = counted(lengths)
    owner = np.searchsorted(applicants.ids, kept[ID].to_numpy())
    closed_age = (
        months_ago(kept["DAYS_ENDDATE_FACT"].fill_null(1))
        * kept["DAYS_ENDDATE_FACT"].is_not_null().to_numpy()
    )
    unknown = generator.beta(0.25, 0.75, len(kept))[credit]
    lateness = mixed(generator, applicants.latent["BUREAU_LATE"][owner], 0.7)[credit]
    chance = generator.random(len(credit))
    status = np.where(chance < unknown, "X", "0").astype(object)
    late = uniform(0.8 * lateness + 0.6 * generator.standard_normal(len(credit))) > 1.0 - 0.014
    status[late] = generator.choice(
        ["1", "2", "3", "4", "5"], int(late.sum()), p=[0.79, 0.06, 0.025, 0.015, 0.11]
    )
    status[age < closed_age[credit]] = "C"
    return pl.DataFrame(
        {"SK_ID_BUREAU": kept["SK_ID_BUREAU"].to_numpy()[credit], "MONTHS_BALANCE": -age, "STATUS": status},
        schema=dict(table("bureau_balance").schema),
    )
