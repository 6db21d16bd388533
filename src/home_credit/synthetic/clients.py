"""Summaries of an applicant's histories, drawn before the rows of the histories, which depend on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from home_credit.synthetic.chain import ChainSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDER = (
    "BUREAU_CREDITS", "BUREAU_MEAN_AGE", "BUREAU_ACTIVE_SHARE", "REPORTED_MONTHLY", "PREVIOUS_APPLICATIONS",
    "PREVIOUS_MEAN_AGE", "PREVIOUS_REFUSED_SHARE", "PREVIOUS_CASH_SHARE",
)  # fmt: skip
STEPS: dict[str, float] = {
    "BUREAU_CREDITS": 1, "PREVIOUS_APPLICATIONS": 1,
    **{name: 0 for name in ORDER if name.endswith(("_AGE", "_SHARE"))},
}  # fmt: skip
SCHEMA = ChainSchema(ORDER, STEPS)


def encode(clients: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return one row per client of ``clients`` (column SK_ID_CURR), from complete histories."""
    bureau, previous = tables["bureau"], tables["previous_application"]
    reported = bureau.join(
        tables["bureau_balance"].select(pl.col("SK_ID_BUREAU").unique()), on="SK_ID_BUREAU", how="semi"
    )
    refused = pl.col("NAME_CONTRACT_STATUS") == "Refused"
    cash = pl.col("NAME_CONTRACT_TYPE") == "Cash loans"
    return (
        clients.select("SK_ID_CURR")
        .join(
            bureau.group_by("SK_ID_CURR").agg(
                BUREAU_CREDITS=pl.len().cast(pl.Float64),
                BUREAU_MEAN_AGE=pl.col("DAYS_CREDIT").mean(),
                BUREAU_ACTIVE_SHARE=(pl.col("CREDIT_ACTIVE") == "Active").mean(),
            ),
            on="SK_ID_CURR", how="left", maintain_order="left",
        )
        .join(
            previous.group_by("SK_ID_CURR").agg(
                PREVIOUS_APPLICATIONS=pl.len().cast(pl.Float64),
                PREVIOUS_MEAN_AGE=pl.col("DAYS_DECISION").mean(),
                PREVIOUS_REFUSED_SHARE=refused.mean(),
                PREVIOUS_CASH_SHARE=cash.mean(),
            ),
            on="SK_ID_CURR", how="left", maintain_order="left",
        )
        .with_columns(
            REPORTED_MONTHLY=pl.col("SK_ID_CURR").is_in(reported["SK_ID_CURR"].implode()).cast(pl.Int64)
        )
        .with_columns(pl.col("BUREAU_CREDITS", "PREVIOUS_APPLICATIONS").fill_null(0))
    )  # fmt: skip
