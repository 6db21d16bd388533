"""A sample of the features in plain pandas, for comparison.

    python benchmarks/pandas_features.py --tables DIR --out FILE.parquet

:data:`SAMPLE` has every kind of aggregate over every table: counts, sums, means, extremes, standard deviations and
shares, the newest row and the last few, ratios of sums and means of ratios, slopes, weighted means, aggregates of
aggregates, and histories against the application. Floats instead of exact integers: only the columns needed are read,
each scope is filtered and grouped once, and everything runs in pandas' compiled aggregations. Nothing is checked.
``DIR`` holds Parquet files.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from home_credit.features import application, credit_card, installments, previous_application

SAMPLE = (
    "AMT_CREDIT", "NAME_INCOME_TYPE", "DAYS_EMPLOYED", "APP_EXT_MEAN", "APP_CREDIT_TO_INCOME", "APP_DOCUMENTS",
    "BUR_ALL_COUNT", "BUR_ACTIVE_COUNT", "BUR_ALL_CREDIT_SUM", "BUR_ALL_CREDIT_MEAN", "BUR_ALL_CREDIT_MAX",
    "BUR_ALL_AGE_MIN", "BUR_ALL_DEBT_TO_CREDIT", "BUR_ALL_INDEBTED_MEAN", "BUR_ACTIVE_DEBT_SUM", "BUR_ACTIVE_SHARE",
    "BUR_AGE_SPREAD", "BUR_TYPE_COUNT", "BUR_OPENED_365", "BUR_LATEST_CREDIT", "BUR_LATEST_TYPE",
    "BB_CREDITS", "BB_WORST_MEAN", "BB_LATE_AGE", "BB_LATE_ALL_SHARE",
    "PREV_COUNT", "PREV_REFUSED_SHARE", "PREV_LAST_3_REFUSED_SHARE", "PREV_FADING_REFUSED_SHARE", "PREV_LATEST_CREDIT",
    "POS_MONTHS", "POS_LATE_ALL_SHARE", "POS_LATE_12M_SHARE", "POS_PAID_MEAN", "POS_DONE_LOANS_SHARE",
    "INS_ALL_LATE_SHARE", "INS_ALL_PAID_MEAN", "INS_ALL_PAID_TO_DUE", "INS_365_DAYS_LATE_MEAN",
    "INS_LAST_5_LATE_SHARE", "INS_LAST_10_LATE_TREND",
    "CC_MONTHS", "CC_12M_USED_MEAN", "CC_6M_USED_TREND", "CC_FADING_USED",
    "MIX_DEBT_TO_INCOME", "MIX_PAID_TO_ANNUITY",
)  # fmt: skip
ID = "SK_ID_CURR"
SENTINEL_DAYS = 365243
LARGEST_RATIO = 1e6


@dataclass(frozen=True)
class Tables:
    """The Parquet files of a portfolio."""

    directory: Path

    def read(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """Return the named columns of a table, all where none are named."""
        return pd.read_parquet(self.directory / f"{name}.parquet", columns=columns)


def ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Return numerator / denominator, missing where the denominator is zero."""
    return numerator / denominator.where(denominator != 0)


def bounded_ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Return the ratio of single rows, bounded as the features bound it before they aggregate."""
    return ratio(numerator, denominator).clip(-LARGEST_RATIO, LARGEST_RATIO)


def aggregate(
    rows: pd.DataFrame, applicants: pd.Index, prefix: str, **features: tuple[str, str]
) -> pd.DataFrame:
    """Aggregate ``NAME=(column, function)`` by applicant; sums and counts are 0 where no row is in scope.

    A "total" is a sum that is missing where rows are in scope but none is known.
    """
    totals = {name: column for name, (column, function) in features.items() if function == "total"}
    grouped = rows.groupby(ID)
    others = {name: how for name, how in features.items() if name not in totals}
    result = grouped.agg(**others) if others else pd.DataFrame(index=grouped.size().index)
    if totals:
        known = grouped[list(set(totals.values()))].sum(min_count=1)
        result[list(totals)] = known[list(totals.values())].to_numpy()
    outside = ~applicants.isin(result.index)
    result = result.reindex(applicants)
    additive = [name for name, (_, function) in features.items() if function in {"size", "sum"}]
    result[additive] = result[additive].fillna(0)
    result.loc[outside, list(totals)] = 0.0
    return result.add_prefix(f"{prefix}_")


def slopes(
    rows: pd.DataFrame, applicants: pd.Index, order: pd.Series, columns: dict[str, str]
) -> pd.DataFrame:
    """Return the least-squares slopes of ``{column: NAME}`` on ``order`` by applicant."""
    made = {}
    for column, name in columns.items():
        known = rows[column].notna()
        x, y = order[known].astype(float), rows.loc[known, column].astype(float)
        sums = pd.DataFrame({"n": 1.0, "x": x, "y": y, "xx": x * x, "xy": x * y}).groupby(rows.loc[known, ID]).sum()
        made[name] = ratio(sums["n"] * sums["xy"] - sums["x"] * sums["y"], sums["n"] * sums["xx"] - sums["x"] ** 2)
    return pd.DataFrame(made).reindex(applicants)


def weighted_means(
    rows: pd.DataFrame, applicants: pd.Index, weight: pd.Series, columns: dict[str, str]
) -> pd.DataFrame:
    """Return the means of ``{column: NAME}`` by ``weight`` and applicant."""
    made = {}
    for column, name in columns.items():
        known = rows[column].notna()
        sums = pd.DataFrame({"value": rows[column] * weight, "weight": weight})[known].groupby(rows.loc[known, ID]).sum()
        made[name] = ratio(sums["value"], sums["weight"])
    return pd.DataFrame(made).reindex(applicants)


def newest(rows: pd.DataFrame, ties: list[str]) -> pd.DataFrame:
    """Return each applicant's newest row, the first by ``ties`` where several have the same age."""
    youngest = rows[rows["age"] == rows.groupby(ID)["age"].transform("min")]
    return youngest.sort_values(ties, na_position="first").drop_duplicates(ID).set_index(ID)


def application_features(tables: Tables) -> pd.DataFrame:
    """Return features of the applications by SK_ID_CURR, with the columns that combined features need."""
    given = ["AMT_CREDIT", "AMT_ANNUITY", "AMT_INCOME_TOTAL", "NAME_INCOME_TYPE", "DAYS_EMPLOYED"]
    columns = [ID, *given, *application.EXTERNAL, *application.DOCUMENTS]
    app = pd.concat(
        [tables.read(name, columns) for name in ("application_train", "application_test")], ignore_index=True
    )
    app = app.set_index(ID).sort_index()
    made = app[given].copy()
    made["DAYS_EMPLOYED"] = app["DAYS_EMPLOYED"].where(app["DAYS_EMPLOYED"] != SENTINEL_DAYS)
    made["APP_EXT_MEAN"] = app[list(application.EXTERNAL)].mean(axis=1)
    made["APP_CREDIT_TO_INCOME"] = ratio(app["AMT_CREDIT"], app["AMT_INCOME_TOTAL"])
    made["APP_DOCUMENTS"] = app[list(application.DOCUMENTS)].sum(axis=1, skipna=False)
    return made


def bureau_features(tables: Tables) -> pd.DataFrame:
    """Return features of credits at the bureau."""
    names = {"AMT_CREDIT_SUM": "credit", "AMT_CREDIT_SUM_DEBT": "debt", "DAYS_CREDIT": "age"}
    rows = tables.read("bureau", [ID, "SK_ID_BUREAU", "CREDIT_ACTIVE", "CREDIT_TYPE", *names]).rename(columns=names)
    rows["age"] = -rows["age"]
    rows["active"] = rows["CREDIT_ACTIVE"] == "Active"
    rows["indebted"] = bounded_ratio(rows["debt"], rows["credit"])
    rows["credit_in_debt"] = rows["credit"].where(rows["debt"].notna())
    rows["debt_of_credit"] = rows["debt"].where(rows["credit"].notna())
    applicants = pd.Index(np.sort(rows[ID].unique()), name=ID)
    everything = aggregate(
        rows, applicants, "BUR",
        ALL_COUNT=("age", "size"), ALL_CREDIT_SUM=("credit", "total"), ALL_CREDIT_MEAN=("credit", "mean"),
        ALL_CREDIT_MAX=("credit", "max"), ALL_AGE_MIN=("age", "min"), ALL_INDEBTED_MEAN=("indebted", "mean"),
        ACTIVE_SHARE=("active", "mean"), AGE_SPREAD=("age", "std"), TYPE_COUNT=("CREDIT_TYPE", "nunique"),
        debt=("debt_of_credit", "sum"), of_credit=("credit_in_debt", "sum"),
    )  # fmt: skip
    everything["BUR_ALL_DEBT_TO_CREDIT"] = ratio(everything.pop("BUR_debt"), everything.pop("BUR_of_credit"))
    opened = aggregate(rows[rows["age"] <= 365], applicants, "BUR", OPENED_365=("age", "size"))
    active = {"COUNT": ("age", "size"), "DEBT_SUM": ("debt", "total")}
    latest = newest(rows, ["SK_ID_BUREAU"])[["credit", "CREDIT_TYPE"]]
    return pd.concat(
        [
            everything,
            opened,
            aggregate(rows[rows["active"]], applicants, "BUR_ACTIVE", **active),
            latest.set_axis(["BUR_LATEST_CREDIT", "BUR_LATEST_TYPE"], axis=1),
        ],
        axis=1,
    )


def bureau_balance_features(tables: Tables) -> pd.DataFrame:
    """Return features of the months of bureau credits: by credit first, then by applicant."""
    months = tables.read("bureau_balance")
    months["age"] = -months.pop("MONTHS_BALANCE")
    months["late"] = months["STATUS"].isin(list("12345"))
    months["worst"] = pd.to_numeric(months.pop("STATUS").where(months["late"], "0")).astype("int8")
    months["late_age"] = months["age"].where(months["late"])
    by_credit = months.groupby("SK_ID_BUREAU").agg(
        worst=("worst", "max"), late_age=("late_age", "min"), late=("late", "sum"), months=("age", "size")
    )
    owners = tables.read("bureau", [ID, "SK_ID_BUREAU"])
    held = owners.merge(by_credit, left_on="SK_ID_BUREAU", right_index=True)
    applicants = pd.Index(np.sort(held[ID].unique()), name=ID)
    made = aggregate(
        held, applicants, "BB",
        CREDITS=("months", "size"), WORST_MEAN=("worst", "mean"), LATE_AGE=("late_age", "min"),
        late=("late", "sum"), months=("months", "sum"),
    )  # fmt: skip
    made["BB_LATE_ALL_SHARE"] = ratio(made.pop("BB_late"), made.pop("BB_months"))
    return made


def previous_application_features(tables: Tables) -> pd.DataFrame:
    """Return features of earlier applications."""
    columns = [ID, "SK_ID_PREV", "NAME_CONTRACT_STATUS", "DAYS_DECISION", "AMT_CREDIT"]
    rows = tables.read("previous_application", columns)
    rows["age"] = -rows.pop("DAYS_DECISION")
    rows = rows.sort_values([ID, "age", "SK_ID_PREV"], ignore_index=True)
    rows["rank"] = rows.groupby(ID).cumcount() + 1
    rows["refused"] = rows.pop("NAME_CONTRACT_STATUS") == "Refused"
    applicants = pd.Index(rows[ID].unique(), name=ID)
    share = {"REFUSED_SHARE": ("refused", "mean")}
    weight = (previous_application.FADING_DAYS - rows["age"]).clip(lower=0)
    latest = rows[rows["rank"] == 1].set_index(ID)["AMT_CREDIT"].rename("PREV_LATEST_CREDIT")
    return pd.concat(
        [
            aggregate(rows, applicants, "PREV", COUNT=("age", "size"), **share),
            aggregate(rows[rows["rank"] <= 3], applicants, "PREV_LAST_3", **share),
            weighted_means(rows, applicants, weight, {"refused": "PREV_FADING_REFUSED_SHARE"}),
            latest,
        ],
        axis=1,
    )


def pos_cash_features(tables: Tables) -> pd.DataFrame:
    """Return features of monthly balances of loans: of all months, and of each loan as its months leave it."""
    names = {"CNT_INSTALMENT": "term", "CNT_INSTALMENT_FUTURE": "left", "SK_DPD": "late", "MONTHS_BALANCE": "age"}
    rows = tables.read("POS_CASH_balance", [ID, "SK_ID_PREV", "NAME_CONTRACT_STATUS", *names]).rename(columns=names)
    rows["age"] = -rows["age"]
    rows["done"] = rows.pop("NAME_CONTRACT_STATUS") == "Completed"
    rows["is_late"] = rows["late"] > 0
    applicants = pd.Index(np.sort(rows[ID].unique()), name=ID)
    order = ["SK_ID_PREV", "age", "left", "term", "late", "done"]
    newest_first = rows.sort_values(order, na_position="first", kind="stable")
    last = newest_first.drop_duplicates("SK_ID_PREV").set_index("SK_ID_PREV")
    loans = rows.groupby("SK_ID_PREV").agg(first_term=("term", "max"), done=("done", "any"))
    loans[ID] = last[ID]
    loans["paid"] = bounded_ratio(last["term"] - last["left"], loans["first_term"])
    share = {"SHARE": ("is_late", "mean")}
    return pd.concat(
        [
            aggregate(rows, applicants, "POS", MONTHS=("age", "size")),
            aggregate(rows, applicants, "POS_LATE_ALL", **share),
            aggregate(rows[rows["age"] <= 12], applicants, "POS_LATE_12M", **share),
            aggregate(loans, applicants, "POS", PAID_MEAN=("paid", "mean"), DONE_LOANS_SHARE=("done", "mean")),
        ],
        axis=1,
    )


def installments_features(tables: Tables) -> pd.DataFrame:
    """Return features of instalments due and paid: payments to instalments first, then by applicant."""
    raw = tables.read("installments_payments")
    raw["unpaid"] = raw["AMT_PAYMENT"].isna()
    by_version = raw.groupby([*installments.INSTALMENT, "NUM_INSTALMENT_VERSION"], as_index=False).agg(
        due_day=("DAYS_INSTALMENT", "max"), paid_day=("DAYS_ENTRY_PAYMENT", "max"), due=("AMT_INSTALMENT", "max"),
        paid=("AMT_PAYMENT", "sum"), unpaid=("unpaid", "any"),
    )  # fmt: skip
    del raw
    rows = by_version.groupby(installments.INSTALMENT, as_index=False).agg(
        due_day=("due_day", "max"), paid_day=("paid_day", "max"), due=("due", "sum"), paid=("paid", "max"),
        unpaid=("unpaid", "any"),
    )  # fmt: skip
    rows["age"] = -rows.pop("due_day")
    late = (rows.pop("paid_day") + rows["age"]).where(~rows["unpaid"], rows["age"])
    rows["days_late"] = late.clip(lower=0).fillna(0)
    rows["is_late"] = (late > 0) | rows["unpaid"]
    # Grouping has sorted the rows: a stable sort by age keeps that order among equal ages.
    rows["rank"] = rows[[ID, "age"]].sort_values("age", kind="stable").groupby(ID).cumcount() + 1
    applicants = pd.Index(rows[ID].unique(), name=ID)
    share = {"LATE_SHARE": ("is_late", "mean")}
    made = aggregate(
        rows, applicants, "INS_ALL", PAID_MEAN=("paid", "mean"), paid=("paid", "sum"), due=("due", "sum"), **share
    )
    made["INS_ALL_PAID_TO_DUE"] = ratio(made.pop("INS_ALL_paid"), made.pop("INS_ALL_due"))
    last = rows[rows["rank"] <= 10]
    return pd.concat(
        [
            made,
            aggregate(rows[rows["age"] <= 365], applicants, "INS_365", DAYS_LATE_MEAN=("days_late", "mean")),
            aggregate(rows[rows["rank"] <= 5], applicants, "INS_LAST_5", **share),
            slopes(last, applicants, -last["rank"], {"days_late": "INS_LAST_10_LATE_TREND"}),
        ],
        axis=1,
    )


def credit_card_features(tables: Tables) -> pd.DataFrame:
    """Return features of monthly balances of cards."""
    columns = [ID, "MONTHS_BALANCE", "AMT_BALANCE", "AMT_CREDIT_LIMIT_ACTUAL"]
    rows = tables.read("credit_card_balance", columns)
    rows["age"] = -rows.pop("MONTHS_BALANCE")
    rows["used"] = bounded_ratio(rows["AMT_BALANCE"], rows["AMT_CREDIT_LIMIT_ACTUAL"])
    rows["used_within"] = rows["used"].where(rows["used"].abs() < 3)
    applicants = pd.Index(np.sort(rows[ID].unique()), name=ID)
    half = rows[rows["age"] <= 6]
    weight = (credit_card.FADING_MONTHS - rows["age"]).clip(lower=0)
    return pd.concat(
        [
            aggregate(rows, applicants, "CC", MONTHS=("age", "size")),
            aggregate(rows[rows["age"] <= 12], applicants, "CC_12M", USED_MEAN=("used", "mean")),
            slopes(half, applicants, -half["age"], {"used_within": "CC_6M_USED_TREND"}),
            weighted_means(rows, applicants, weight, {"used_within": "CC_FADING_USED"}),
        ],
        axis=1,
    )


def feature_matrix(tables: Tables) -> pd.DataFrame:
    """Return :data:`SAMPLE` of every applicant of both splits, in ascending SK_ID_CURR, numbers as floats."""
    own = application_features(tables)
    histories = (
        bureau_features, bureau_balance_features, previous_application_features, pos_cash_features,
        installments_features, credit_card_features,
    )  # fmt: skip
    features = pd.concat([own, *(history(tables).reindex(own.index) for history in histories)], axis=1)
    features["MIX_DEBT_TO_INCOME"] = ratio(features["BUR_ACTIVE_DEBT_SUM"], features["AMT_INCOME_TOTAL"])
    features["MIX_PAID_TO_ANNUITY"] = ratio(features["INS_ALL_PAID_MEAN"], features["AMT_ANNUITY"])
    features = features[list(SAMPLE)]
    numbers = features.select_dtypes(["number", "bool"]).columns
    return features.astype(dict.fromkeys(numbers, "float64"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    features = feature_matrix(Tables(arguments.tables))
    features.to_parquet(arguments.out)
    print(f"{len(features)} applicants, {features.shape[1]} features written to {arguments.out}")


if __name__ == "__main__":
    main()
