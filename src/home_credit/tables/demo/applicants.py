"""Made-up applicants: correlated draws for one block, and the application table that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.demo.statistics import statistics, uniform
from home_credit.tables.schema import APPLICATION, ID, TARGET, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FIRST_ID = 100_001
TRAIN_SHARE = 307_511 / 356_255  # of the complete tables
SENTINEL_DAYS = 365243
NOT_EMPLOYED_ORGANISATION = "XNA"

# Drawn in place of columns that follow from others: ratios keep amounts that belong together together.
DERIVED: dict[str, pl.Expr] = {
    "CREDIT_TO_GOODS": pl.col("AMT_CREDIT") / pl.col("AMT_GOODS_PRICE"),
    "TERM": pl.col("AMT_CREDIT") / pl.col("AMT_ANNUITY"),
    "EMPLOYED_SHARE": pl.when(pl.col("DAYS_EMPLOYED") != SENTINEL_DAYS).then(
        pl.col("DAYS_EMPLOYED") / pl.col("DAYS_BIRTH")
    ),
    "EXTRA_MEMBERS": pl.col("CNT_FAM_MEMBERS") - pl.col("CNT_CHILDREN"),
}
STRUCTURAL = ("AMT_CREDIT", "AMT_ANNUITY", "DAYS_EMPLOYED", "CNT_FAM_MEMBERS", "FLAG_EMP_PHONE")


@dataclass(frozen=True, slots=True)
class Applicants:
    """One block: ids, which of them are in application_train, and their latent variables."""

    ids: NDArray[np.int64]
    in_train: NDArray[np.bool_]
    latent: Mapping[str, NDArray[np.float64]]

    def history(self, name: str) -> NDArray[np.float64]:
        """Return each applicant's summary of a history, such as the number of bureau credits."""
        return np.asarray(statistics().history[name].at(uniform(self.latent[name])), dtype=np.float64)


def draw_applicants(generator: np.random.Generator, first: int, count: int) -> Applicants:
    """Draw ``count`` applicants with ids from ``first``."""
    latent = statistics().latent(generator, count)
    ids = np.arange(first, first + count, dtype=np.int64)
    return Applicants(ids, generator.random(count) < TRAIN_SHARE, latent)


def application_table(generator: np.random.Generator, applicants: Applicants) -> pl.DataFrame:
    """Return the application of each applicant in the schema's columns, and TARGET (drawn for all)."""
    drawn = {name: _column(generator, applicants, name) for name in statistics().application["train"]}
    frame = pl.DataFrame({ID: applicants.ids, **drawn}, strict=False)
    risk = uniform(applicants.latent[TARGET])
    frame = frame.with_columns(pl.Series(TARGET, (risk > 1.0 - statistics().default_rate).astype(np.int64)))
    employed = pl.col("EMPLOYED_SHARE").is_not_null()
    revolving = pl.col("NAME_CONTRACT_TYPE") == "Revolving loans"
    income_type, organisation = pl.col("NAME_INCOME_TYPE"), pl.col("ORGANIZATION_TYPE")
    frame = frame.with_columns(
        pl.when(revolving).then(1.0).otherwise(pl.col("CREDIT_TO_GOODS").clip(1.0)).alias("CREDIT_TO_GOODS"),
        pl.when(revolving).then(20.0).otherwise(pl.col("TERM")).alias("TERM"),
        pl.when(employed & (income_type == "Pensioner"))
        .then(pl.lit("Working"))
        .when(~employed)
        .then(pl.lit("Pensioner"))
        .otherwise(income_type)
        .alias("NAME_INCOME_TYPE"),
        pl.when(~employed)
        .then(pl.lit(NOT_EMPLOYED_ORGANISATION))
        .when(organisation == NOT_EMPLOYED_ORGANISATION)
        .then(pl.lit("Business Entity Type 3"))
        .otherwise(organisation)
        .alias("ORGANIZATION_TYPE"),
        pl.when(employed).then(pl.col("OCCUPATION_TYPE")).alias("OCCUPATION_TYPE"),
        pl.when(pl.col("FLAG_OWN_CAR") == "Y").then(pl.col("OWN_CAR_AGE")).alias("OWN_CAR_AGE"),
        employed.cast(pl.Int64).alias("FLAG_EMP_PHONE"),
        (pl.col("CNT_CHILDREN") + pl.col("EXTRA_MEMBERS")).alias("CNT_FAM_MEMBERS"),
        pl.when(employed)
        .then((pl.col("EMPLOYED_SHARE") * pl.col("DAYS_BIRTH")).round())
        .otherwise(float(SENTINEL_DAYS))
        .alias("DAYS_EMPLOYED"),
        pl.max_horizontal("DAYS_REGISTRATION", "DAYS_BIRTH").alias("DAYS_REGISTRATION"),
    )
    credit = ((pl.col("AMT_GOODS_PRICE") * pl.col("CREDIT_TO_GOODS")) / 4.5).round() * 4.5
    frame = frame.with_columns(credit.alias("AMT_CREDIT"))
    frame = frame.with_columns(
        ((pl.col("AMT_CREDIT") / pl.col("TERM") / 4.5).round() * 4.5).alias("AMT_ANNUITY")
    )
    schema = table(APPLICATION).schema
    return frame.select(ID, TARGET, *(name for name in schema if name != ID)).cast(
        dict(schema.items()), strict=False
    )


def _column(generator: np.random.Generator, applicants: Applicants, name: str) -> pl.Series:
    """Draw one column; both splits share the latent variable and differ in their distribution."""
    level = uniform(applicants.latent[name])
    absent = applicants.latent.get(f"{name}?")
    absence = generator.random(len(level)) if absent is None else uniform(absent)
    parts = []
    for split, chosen in (("train", applicants.in_train), ("test", ~applicants.in_train)):
        marginal = statistics().application[split][name]
        values = pl.Series(name, marginal.at(level[chosen]), strict=False)
        there = absence[chosen] < 1.0 - marginal.missing
        parts.append(pl.DataFrame({"place": np.flatnonzero(chosen), name: values, "there": there}))
    joined = pl.concat(parts, how="vertical_relaxed").sort("place")
    return joined.select(pl.when(pl.col("there")).then(pl.col(name)).alias(name))[name]
