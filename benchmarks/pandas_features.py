"""The features of ``home_credit.features`` in plain pandas: what the benchmark holds them against.

    python benchmarks/pandas_features.py --tables DIR --out FILE.parquet

Same names, floats instead of exact integers: only the columns needed are read, each scope is filtered
and grouped once, and everything runs in pandas' compiled aggregations. Nothing is checked. ``DIR`` holds
Parquet files.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from home_credit.features import (
    application,
    bureau,
    bureau_balance,
    credit_card,
    installments,
    pos_cash,
    pos_loans,
    previous_application,
)
from home_credit.terms.learning import Loans, learn

if TYPE_CHECKING:
    from home_credit.terms.model import TermModel

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


def term_model(tables: Tables) -> TermModel:
    """Return the model of the term, learnt from the earlier cash loans."""
    columns = ["AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE", "CNT_PAYMENT", "DAYS_DECISION"]
    loans = tables.read("previous_application", ["NAME_CONTRACT_TYPE", *columns])
    loans = loans[(loans["NAME_CONTRACT_TYPE"] == "Cash loans") & (loans["CNT_PAYMENT"] > 0)]
    credit, annuity, goods, months, days = (loans[column].to_numpy(float) for column in columns)
    return learn(Loans(credit, annuity, goods, months, -days))


def application_features(tables: Tables) -> pd.DataFrame:  # noqa: PLR0915  # a statement a feature
    """Return the applications' own features by SK_ID_CURR."""
    app = pd.concat(
        [tables.read("application_train").drop(columns="TARGET"), tables.read("application_test")],
        ignore_index=True,
    )
    app = app.set_index(ID).sort_index()
    as_given = [column for column in app if column not in application.NOT_A_FEATURE]
    f: dict[str, pd.Series] = {}

    scores = app[list(application.EXTERNAL)]
    present = scores.notna().sum(axis=1)
    f["APP_EXT_MEAN"] = scores.mean(axis=1)
    f["APP_EXT_SPREAD"] = scores.std(axis=1, ddof=0).where(present > 1)
    f["APP_EXT_MIN"] = scores.min(axis=1)
    f["APP_EXT_MAX"] = scores.max(axis=1)
    f["APP_EXT_PRODUCT"] = scores.prod(axis=1, skipna=False)
    f["APP_EXT_23_PRODUCT"] = scores["EXT_SOURCE_2"] * scores["EXT_SOURCE_3"]
    f["APP_EXT_WEIGHTED"] = ratio((scores * [1, 2, 3]).sum(axis=1), (scores.notna() * [1, 2, 3]).sum(axis=1))
    f["APP_EXT_PRESENT"] = present

    credit, annuity = app["AMT_CREDIT"], app["AMT_ANNUITY"]
    goods, income = app["AMT_GOODS_PRICE"], app["AMT_INCOME_TOTAL"]
    cash = app["NAME_CONTRACT_TYPE"] == "Cash loans"
    told = term_model(tables).terms(*(column.to_numpy(float) for column in (credit, annuity, goods)))
    months, yearly = (pd.Series(each, index=app.index).where(cash) for each in told[:2])
    interest = annuity * months - credit
    f["APP_TERM"] = ratio(credit, annuity)
    f["APP_IMPLIED_TERM"] = months
    f["APP_IMPLIED_INTEREST"] = ratio(interest, credit)
    f["APP_IMPLIED_RATE"] = yearly
    f["APP_PREMIUM_RATE"] = ratio(credit - goods, goods * months)
    f["APP_INTEREST_TO_INCOME"] = ratio(interest, income)
    f["APP_CREDIT_TO_GOODS"] = ratio(credit, goods)
    f["APP_GOODS_LESS_CREDIT"] = goods - credit
    f["APP_CREDIT_TO_INCOME"] = ratio(credit, income)
    f["APP_ANNUITY_TO_INCOME"] = ratio(annuity, income)
    f["APP_GOODS_TO_INCOME"] = ratio(goods, income)
    f["APP_INCOME_LESS_ANNUITY"] = income - annuity
    f["APP_INCOME_PER_CHILD"] = ratio(income, app["CNT_CHILDREN"] + 1)

    birth, phone, car = app["DAYS_BIRTH"], app["DAYS_LAST_PHONE_CHANGE"], app["OWN_CAR_AGE"]
    employed = app["DAYS_EMPLOYED"].where(app["DAYS_EMPLOYED"] != SENTINEL_DAYS)
    f["DAYS_EMPLOYED"] = employed
    f["APP_NOT_EMPLOYED"] = app["DAYS_EMPLOYED"] == SENTINEL_DAYS
    f["APP_EMPLOYED_TO_AGE"] = ratio(employed, birth)
    f["APP_AGE_AT_EMPLOYMENT"] = employed - birth
    f["APP_REGISTRATION_TO_AGE"] = ratio(app["DAYS_REGISTRATION"], birth)
    f["APP_ID_TO_AGE"] = ratio(app["DAYS_ID_PUBLISH"], birth)
    f["APP_ID_LESS_AGE"] = app["DAYS_ID_PUBLISH"] - birth
    f["APP_PHONE_TO_AGE"] = ratio(phone, birth)
    f["APP_PHONE_TO_EMPLOYED"] = ratio(phone, employed)
    f["APP_CAR_TO_AGE"] = ratio(car, birth)
    f["APP_CAR_TO_EMPLOYED"] = ratio(car, employed)
    f["APP_INCOME_TO_EMPLOYED"] = ratio(income, employed)
    f["APP_INCOME_TO_AGE"] = ratio(income, birth)
    f["APP_CHILDREN_TO_AGE"] = ratio(app["CNT_CHILDREN"], birth)

    building = [column for column in app if column.endswith(application.BUILDING_SUFFIXES)]
    enquiries = [f"AMT_REQ_CREDIT_BUREAU_{span}" for span in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")]
    mismatches = [f"{one}_NOT_{other}" for one, other in (
        ("REG_REGION", "LIVE_REGION"), ("REG_REGION", "WORK_REGION"), ("LIVE_REGION", "WORK_REGION"),
        ("REG_CITY", "LIVE_CITY"), ("REG_CITY", "WORK_CITY"), ("LIVE_CITY", "WORK_CITY"),
    )]  # fmt: skip
    contacts = [f"FLAG_{way}" for way in ("EMP_PHONE", "WORK_PHONE", "CONT_MOBILE", "PHONE", "EMAIL")]
    f["APP_DOCUMENTS"] = app[list(application.DOCUMENTS)].sum(axis=1, skipna=False)
    f["APP_BUILDING_MISSING"] = app[building].isna().sum(axis=1)
    f["APP_ENQUIRIES"] = app[enquiries].sum(axis=1)
    f["APP_ENQUIRIES_RECENT"] = app[enquiries[:4]].sum(axis=1)
    for days in (30, 60):
        bad, seen = app[f"DEF_{days}_CNT_SOCIAL_CIRCLE"], app[f"OBS_{days}_CNT_SOCIAL_CIRCLE"]
        f[f"APP_CIRCLE_DEFAULT_SHARE_{days}"] = ratio(bad, seen)
    f["APP_ADDRESS_MISMATCHES"] = app[mismatches].sum(axis=1, skipna=False)
    f["APP_CONTACTS"] = app[contacts].sum(axis=1, skipna=False)
    return pd.concat([app[as_given], pd.DataFrame(f)], axis=1)


def bureau_features(tables: Tables) -> pd.DataFrame:
    """Return the features of credits at the bureau."""
    raw = tables.read("bureau").drop(columns="CREDIT_CURRENCY")
    end, ended = raw["DAYS_CREDIT_ENDDATE"], raw["DAYS_ENDDATE_FACT"]
    rows = raw[[ID, "SK_ID_BUREAU", "CREDIT_ACTIVE", "CREDIT_TYPE"]].assign(
        age=-raw["DAYS_CREDIT"],
        end=end.where(end.abs() < bureau.CENTURY),
        ended=-ended.where(ended > -bureau.CENTURY),
        updated=-raw["DAYS_CREDIT_UPDATE"],
        overdue_days=raw["CREDIT_DAY_OVERDUE"],
        prolonged=raw["CNT_CREDIT_PROLONG"],
        credit=raw["AMT_CREDIT_SUM"],
        debt=raw["AMT_CREDIT_SUM_DEBT"],
        limit=raw["AMT_CREDIT_SUM_LIMIT"],
        overdue=raw["AMT_CREDIT_SUM_OVERDUE"],
        worst_overdue=raw["AMT_CREDIT_MAX_OVERDUE"],
        annuity=raw["AMT_ANNUITY"],
        active=raw["CREDIT_ACTIVE"] == "Active",
        closed=raw["CREDIT_ACTIVE"] == "Closed",
    )
    rows["indebted"] = bounded_ratio(rows["debt"], rows["credit"])
    rows["credit_in_debt"] = rows["credit"].where(rows["debt"].notna())
    rows["debt_of_credit"] = rows["debt"].where(rows["credit"].notna())
    rows["length"] = rows["end"] + rows["age"]
    rows["early"] = (rows["end"] + rows["ended"]).where(rows["closed"])
    rows["end_active"] = rows["end"].where(rows["active"])
    rows["past_end"] = rows["end_active"] < 0
    rows["sold"] = ~rows["active"] & ~rows["closed"]
    rows["is_overdue"] = rows["overdue_days"] > 0
    rows["ever_overdue"] = rows["worst_overdue"] > 0
    applicants = pd.Index(np.sort(rows[ID].unique()), name=ID)
    parts = []
    for name, scope in {"ALL": rows, "ACTIVE": rows[rows["active"]], "CLOSED": rows[rows["closed"]]}.items():
        part = aggregate(
            scope,
            applicants,
            f"BUR_{name}",
            COUNT=("age", "size"),
            AGE_MEAN=("age", "mean"),
            AGE_MIN=("age", "min"),
            AGE_MAX=("age", "max"),
            CREDIT_SUM=("credit", "total"),
            CREDIT_MEAN=("credit", "mean"),
            CREDIT_MAX=("credit", "max"),
            DEBT_SUM=("debt", "total"),
            debt=("debt_of_credit", "sum"),
            DEBT_MAX=("debt", "max"),
            DEBT_TO_CREDIT=("credit_in_debt", "sum"),
            INDEBTED_MEAN=("indebted", "mean"),
            LIMIT_SUM=("limit", "total"),
            OVERDUE_SUM=("overdue", "total"),
            WORST_OVERDUE_MAX=("worst_overdue", "max"),
            WORST_OVERDUE_MEAN=("worst_overdue", "mean"),
            ANNUITY_SUM=("annuity", "total"),
            UPDATED_MEAN=("updated", "mean"),
            LENGTH_MEAN=("length", "mean"),
        )
        debt_to_credit = f"BUR_{name}_DEBT_TO_CREDIT"
        part[debt_to_credit] = ratio(part.pop(f"BUR_{name}_debt"), part[debt_to_credit])
        parts.append(part)
    general = aggregate(
        rows,
        applicants,
        "BUR",
        ACTIVE_SHARE=("active", "mean"),
        SOLD_COUNT=("sold", "sum"),
        AGE_SPREAD=("age", "std"),
        END_MAX=("end_active", "max"),
        END_MEAN=("end_active", "mean"),
        PAST_END_COUNT=("past_end", "sum"),
        ENDED_MIN=("ended", "min"),
        ENDED_MEAN=("ended", "mean"),
        EARLY_MEAN=("early", "mean"),
        OVERDUE_DAYS_MAX=("overdue_days", "max"),
        OVERDUE_COUNT=("is_overdue", "sum"),
        EVER_OVERDUE_COUNT=("ever_overdue", "sum"),
        PROLONGED_SUM=("prolonged", "total"),
        TYPE_COUNT=("CREDIT_TYPE", "nunique"),
    )
    span = parts[0]["BUR_ALL_AGE_MAX"] - parts[0]["BUR_ALL_AGE_MIN"]
    general["BUR_OPENING_GAP"] = ratio(span, parts[0]["BUR_ALL_COUNT"] - 1)
    latest = newest(rows, ["SK_ID_BUREAU"])[["credit", "indebted", "CREDIT_TYPE"]]
    parts += [
        general,
        latest.set_axis(["BUR_LATEST_CREDIT", "BUR_LATEST_INDEBTED", "BUR_LATEST_TYPE"], axis=1),
    ]
    for code, (value, *_) in bureau.TYPES.items():
        scope = rows[rows["CREDIT_TYPE"] == value]
        parts.append(
            aggregate(
                scope,
                applicants,
                f"BUR_{code}",
                COUNT=("age", "size"),
                ACTIVE_COUNT=("active", "sum"),
                DEBT=("debt", "total"),
            )
        )
    for days in bureau.WINDOWS:
        opened = aggregate(
            rows[rows["age"] <= days],
            applicants,
            f"BUR_OPENED_{days}",
            COUNT=("age", "size"),
            CREDIT=("credit", "total"),
        )
        parts.append(opened.rename(columns={f"BUR_OPENED_{days}_COUNT": f"BUR_OPENED_{days}"}))
    return pd.concat(parts, axis=1)


def bureau_balance_features(tables: Tables) -> pd.DataFrame:
    """Return the features of the monthly status of bureau credits."""
    raw = tables.read("bureau_balance")
    months = pd.DataFrame({"SK_ID_BUREAU": raw["SK_ID_BUREAU"], "age": -raw["MONTHS_BALANCE"]})
    for state, (*_, codes) in bureau_balance.STATES.items():
        months[state] = raw["STATUS"].isin(codes)
    months["worst"] = pd.to_numeric(raw["STATUS"].where(months["LATE"], "0")).astype("int8")
    del raw
    months["late_age"] = months["age"].where(months["LATE"])
    by_credit = months.groupby("SK_ID_BUREAU").agg({"worst": "max", "late_age": "min", "age": "min"})
    states = list(bureau_balance.STATES)
    for window, name in bureau_balance.WINDOWS.items():
        grouped = months[months["age"] < window].groupby("SK_ID_BUREAU")
        counts = grouped[states].sum()
        counts["MONTHS"] = grouped.size()
        by_credit[[f"{column}_{name}" for column in counts]] = counts.reindex(by_credit.index, fill_value=0)
    del months

    owners = tables.read("bureau", [ID, "SK_ID_BUREAU"])
    held = owners.merge(by_credit, left_on="SK_ID_BUREAU", right_index=True)
    held["was_late"] = held["LATE_ALL"] > 0
    applicants = pd.Index(np.sort(held[ID].unique()), name=ID)
    result = aggregate(
        held,
        applicants,
        "BB",
        CREDITS=("age", "size"),
        MONTHS=("MONTHS_ALL", "sum"),
        MONTHS_MEAN=("MONTHS_ALL", "mean"),
        LATE_CREDITS=("was_late", "sum"),
        LATE_CREDITS_SHARE=("was_late", "mean"),
        WORST=("worst", "max"),
        WORST_MEAN=("worst", "mean"),
        LATE_AGE=("late_age", "min"),
        NEWEST=("age", "min"),
    )
    windows = bureau_balance.WINDOWS.values()
    totals = held.groupby(ID)[
        [f"{column}_{name}" for name in windows for column in (*states, "MONTHS")]
    ].sum()
    for name in windows:
        for state in states:
            result[f"BB_{state}_{name}_SHARE"] = ratio(totals[f"{state}_{name}"], totals[f"MONTHS_{name}"])
            if state in {"LATE", "SERIOUS"}:
                result[f"BB_{state}_{name}"] = totals[f"{state}_{name}"]
    return result


def previous_application_features(tables: Tables) -> pd.DataFrame:  # noqa: PLR0915  # as above
    """Return the features of earlier applications."""
    known = previous_application
    categories = list(known.LATEST_CATEGORIES)
    raw = tables.read(
        "previous_application",
        [
            ID, "SK_ID_PREV", "NAME_CONTRACT_TYPE", *categories, "DAYS_DECISION", "AMT_ANNUITY",
            "AMT_APPLICATION", "AMT_CREDIT", "AMT_DOWN_PAYMENT", "RATE_DOWN_PAYMENT",
            "CNT_PAYMENT", "DAYS_FIRST_DRAWING", "DAYS_FIRST_DUE", "DAYS_LAST_DUE", "DAYS_LAST_DUE_1ST_VERSION",
            "DAYS_TERMINATION", "NFLAG_INSURED_ON_APPROVAL", "HOUR_APPR_PROCESS_START", "SELLERPLACE_AREA",
        ],
    )  # fmt: skip
    days = [
        "DAYS_FIRST_DRAWING", "DAYS_FIRST_DUE", "DAYS_LAST_DUE", "DAYS_LAST_DUE_1ST_VERSION", "DAYS_TERMINATION",
    ]  # fmt: skip
    raw[days] = raw[days].where(raw[days] != SENTINEL_DAYS)
    rows = raw.rename(
        columns={
            "AMT_ANNUITY": "annuity",
            "AMT_APPLICATION": "asked",
            "AMT_CREDIT": "credit",
            "AMT_DOWN_PAYMENT": "down",
            "RATE_DOWN_PAYMENT": "down_rate",
            "CNT_PAYMENT": "term",
            "DAYS_FIRST_DRAWING": "first_drawing",
            "DAYS_FIRST_DUE": "first_due",
            "DAYS_LAST_DUE": "last_due",
            "DAYS_LAST_DUE_1ST_VERSION": "planned_end",
            "DAYS_TERMINATION": "ended",
            "NFLAG_INSURED_ON_APPROVAL": "insured",
            "HOUR_APPR_PROCESS_START": "hour",
            "SELLERPLACE_AREA": "seller_area",
        }
    )
    del raw
    rows["age"] = -rows["DAYS_DECISION"]
    rows = rows.sort_values([ID, "age", "SK_ID_PREV"], ignore_index=True)
    rows["rank"] = rows.groupby(ID).cumcount() + 1
    rows["approved"] = rows["NAME_CONTRACT_STATUS"] == "Approved"
    rows["refused"] = rows["NAME_CONTRACT_STATUS"] == "Refused"
    rows["granted"] = bounded_ratio(rows["credit"], rows["asked"])
    rows["interest"] = bounded_ratio(rows["annuity"] * rows["term"] - rows["credit"], rows["credit"])
    simple = 24 * (rows["annuity"] * rows["term"] - rows["credit"])
    rows["yearly_rate"] = bounded_ratio(simple, rows["credit"] * (rows["term"] + 1)).where(rows["term"] > 0)
    rows["drawn"] = rows["last_due"] - rows["first_drawing"]
    rows["ended_early"] = rows["planned_end"] - rows["ended"]
    rows["running"] = rows["approved"] & rows["last_due"].isna() & rows["first_due"].notna()
    rows["planned_end_approved"] = rows["planned_end"].where(rows["approved"])
    rows["insured_approved"] = rows["insured"].where(rows["approved"])
    rows["extended"] = rows["last_due"] - rows["planned_end"]
    applicants = pd.Index(rows[ID].unique(), name=ID)
    approved = rows[rows["approved"]]

    general = aggregate(
        rows,
        applicants,
        "PREV",
        COUNT=("age", "size"),
        AGE_SPREAD=("age", "std"),
        AGE_MIN=("age", "min"),
        AGE_MAX=("age", "max"),
        RUNNING_COUNT=("running", "sum"),
        ENDED_EARLY_MEAN=("ended_early", "mean"),
        DRAWN_MEAN=("drawn", "mean"),
        ENDED_MAX=("ended", "max"),
        LAST_DUE_MAX=("last_due", "max"),
        PLANNED_END_MAX=("planned_end_approved", "max"),
        EXTENDED_MEAN=("extended", "mean"),
        FIRST_DUE_MIN=("first_due", "min"),
        INSURED_SHARE=("insured_approved", "mean"),
        HOUR_MEAN=("hour", "mean"),
        SELLER_AREA_MEAN=("seller_area", "mean"),
    )
    number = general["PREV_COUNT"]
    general["PREV_GAP_MEAN"] = ratio(general["PREV_AGE_MAX"] - general.pop("PREV_AGE_MIN"), number - 1)
    running = {"ANNUITY": ("annuity", "total"), "CREDIT": ("credit", "total")}
    weight = (known.FADING_DAYS - rows["age"]).clip(lower=0)
    parts = [
        general,
        aggregate(rows[rows["running"]], applicants, "PREV_RUNNING", **running),
        weighted_means(rows, applicants, weight, {"refused": "PREV_FADING_REFUSED_SHARE"}),
    ]
    for code, (value, *_) in known.STATUSES.items():
        scope = rows[rows["NAME_CONTRACT_STATUS"] == value]
        outcome = {"COUNT": ("age", "size"), "AGE_MIN": ("age", "min"), "AGE_MEAN": ("age", "mean")}
        part = aggregate(scope, applicants, f"PREV_{code}", **outcome)
        part[f"PREV_{code}_SHARE"] = part[f"PREV_{code}_COUNT"] / number
        parts.append(part)
    for k in known.LAST:
        shares = {"REFUSED_SHARE": ("refused", "mean"), "APPROVED_SHARE": ("approved", "mean")}
        if k in {3, 5}:
            shares |= {
                f"{name.upper()}_MEAN": (name, "mean") for name in ("interest", "down_rate", "credit", "age")
            }
        parts.append(aggregate(rows[rows["rank"] <= k], applicants, f"PREV_LAST_{k}", **shares))
    for window in known.WINDOWS:
        counts = {f"COUNT_{window}": ("age", "size"), f"REFUSED_{window}": ("refused", "sum")}
        parts.append(aggregate(rows[rows["age"] <= window], applicants, "PREV", **counts))
    for code in known.REFUSALS:
        scope = rows[rows["CODE_REJECT_REASON"] == code]
        parts.append(aggregate(scope, applicants, f"PREV_REJECT_{code}", COUNT=("age", "size")))
    for code, (value, *_) in known.CONTRACTS.items():
        kinds = {"COUNT": ("age", "size"), "REFUSED_SHARE": ("refused", "mean")}
        parts.append(
            aggregate(rows[rows["NAME_CONTRACT_TYPE"] == value], applicants, f"PREV_{code}", **kinds)
        )
    for name, scope in {"APPROVED": approved, "REFUSED": rows[rows["refused"]]}.items():
        parts.append(
            aggregate(
                scope,
                applicants,
                f"PREV_{name}",
                ANNUITY_MEAN=("annuity", "mean"),
                ANNUITY_MAX=("annuity", "max"),
                CREDIT_MEAN=("credit", "mean"),
                CREDIT_MAX=("credit", "max"),
                CREDIT_SUM=("credit", "total"),
                DOWN_MEAN=("down", "mean"),
                DOWN_RATE_MEAN=("down_rate", "mean"),
                DOWN_RATE_MAX=("down_rate", "max"),
                TERM_MEAN=("term", "mean"),
                TERM_MAX=("term", "max"),
                GRANTED_MEAN=("granted", "mean"),
                GRANTED_MIN=("granted", "min"),
                INTEREST_MEAN=("interest", "mean"),
                INTEREST_MAX=("interest", "max"),
                YEARLY_RATE_MEAN=("yearly_rate", "mean"),
                YEARLY_RATE_MIN=("yearly_rate", "min"),
            )
        )
    amounts = ["annuity", "credit", "down", "down_rate", "granted", "interest", "yearly_rate", "term"]
    latest = rows[rows["rank"] == 1].set_index(ID)
    latest_approved = approved.drop_duplicates(ID).set_index(ID)[amounts]
    parts += [
        latest[categories].add_prefix("PREV_LATEST_"),
        latest[amounts].rename(columns=str.upper).add_prefix("PREV_LATEST_"),
        latest_approved.rename(columns=str.upper).add_prefix("PREV_LATEST_APPROVED_"),
    ]
    return pd.concat(parts, axis=1)


def pos_cash_features(tables: Tables) -> pd.DataFrame:
    """Return the features of monthly balances of loans."""
    rows = tables.read("POS_CASH_balance").rename(
        columns={
            "CNT_INSTALMENT": "term",
            "CNT_INSTALMENT_FUTURE": "left",
            "SK_DPD": "late",
            "SK_DPD_DEF": "tolerant",
        }
    )
    rows["age"] = -rows.pop("MONTHS_BALANCE")
    status = rows.pop("NAME_CONTRACT_STATUS")
    rows["done"] = status == "Completed"
    rows["demand"] = status == "Demand"
    rows["returned"] = status == "Returned to the store"
    rows["is_late"] = rows["late"] > 0
    rows["is_tolerant"] = rows["tolerant"] > 0
    rows["late_age"] = rows["age"].where(rows["is_late"])
    rows["tolerant_age"] = rows["age"].where(rows["is_tolerant"])
    applicants = pd.Index(np.sort(rows[ID].unique()), name=ID)
    latest = newest(rows, ["SK_ID_PREV", "left", "term", "late"])[["left", "term"]]
    parts = [
        aggregate(
            rows,
            applicants,
            "POS",
            MONTHS=("age", "size"),
            LOANS=("SK_ID_PREV", "nunique"),
            AGE_MIN=("age", "min"),
            AGE_MAX=("age", "max"),
            COMPLETED=("done", "sum"),
            DEMAND=("demand", "sum"),
            RETURNED=("returned", "sum"),
            TERM_MEAN=("term", "mean"),
            TERM_MAX=("term", "max"),
            LEFT_MEAN=("left", "mean"),
            LATE_AGE=("late_age", "min"),
            LATE_TOLERANT_AGE=("tolerant_age", "min"),
        ),
        aggregate(rows[rows["age"] <= 1], applicants, "POS_RECENT", LEFT_SUM=("left", "total")),
        latest.set_axis(["POS_LATEST_LEFT", "POS_LATEST_TERM"], axis=1),
        *_loans(rows, applicants),
    ]
    for months, name in pos_cash.WINDOWS.items():
        features = {
            f"LATE_{name}_SHARE": ("is_late", "mean"),
            f"LATE_{name}_MAX": ("late", "max"),
            f"TOLERANT_{name}_SHARE": ("is_tolerant", "mean"),
            f"TOLERANT_{name}_MAX": ("tolerant", "max"),
            f"LATE_{name}_MEAN": ("late", "mean"),
            f"DONE_{name}_SHARE": ("done", "mean"),
        }
        parts.append(aggregate(rows[rows["age"] <= months], applicants, "POS", **features))
    return pd.concat(parts, axis=1)


def _loans(rows: pd.DataFrame, applicants: pd.Index) -> list[pd.DataFrame]:
    """Return the features of each loan as its months leave it."""
    order = ["SK_ID_PREV", "age", "left", "term", "late", "done"]
    newest_first = rows.sort_values(order, na_position="first", kind="stable")
    last = newest_first.drop_duplicates("SK_ID_PREV").set_index("SK_ID_PREV")
    loans = rows.groupby("SK_ID_PREV").agg(
        age=("age", "min"),
        months=("age", "size"),
        first_term=("term", "max"),
        late=("is_late", "any"),
        late_months=("is_late", "sum"),
        done=("done", "any"),
    )
    loans[ID], loans["left"], loans["term"] = last[ID], last["left"], last["term"]
    loans["paid"] = bounded_ratio(loans["term"] - loans["left"], loans["first_term"])
    loans["ahead"] = loans["first_term"] - loans["term"]
    loans["is_ahead"] = loans["ahead"] > 0
    opened = ~loans["done"] & (loans["age"] <= pos_loans.LONG_SILENT)
    return [
        aggregate(
            loans,
            applicants,
            "POS",
            PAID_MEAN=("paid", "mean"),
            DONE_LOANS_SHARE=("done", "mean"),
            LATE_LOANS_SHARE=("late", "mean"),
            LATE_MONTHS_MEAN=("late_months", "mean"),
            MONTHS_MEAN=("months", "mean"),
        ),
        aggregate(
            loans[loans["done"]],
            applicants,
            "POS_DONE",
            AHEAD_MEAN=("ahead", "mean"),
            AHEAD_SHARE=("is_ahead", "mean"),
        ),
        aggregate(
            loans[opened],
            applicants,
            "POS_OPEN",
            COUNT=("age", "size"),
            LEFT_SUM=("left", "total"),
            PAID_MEAN=("paid", "mean"),
            PAID_MIN=("paid", "min"),
        ),
    ]


def installments_features(tables: Tables) -> pd.DataFrame:
    """Return the features of instalments due and paid."""
    raw = tables.read("installments_payments")
    raw["unpaid"] = raw["AMT_PAYMENT"].isna()
    by_version = raw.groupby([*installments.INSTALMENT, "NUM_INSTALMENT_VERSION"], as_index=False).agg(
        due_day=("DAYS_INSTALMENT", "max"),
        paid_day=("DAYS_ENTRY_PAYMENT", "max"),
        due=("AMT_INSTALMENT", "max"),
        paid=("AMT_PAYMENT", "sum"),
        parts=("AMT_PAYMENT", "size"),
        unpaid=("unpaid", "any"),
    )
    del raw
    rows = by_version.groupby(installments.INSTALMENT, as_index=False).agg(
        due_day=("due_day", "max"),
        paid_day=("paid_day", "max"),
        due=("due", "sum"),
        paid=("paid", "max"),
        parts=("parts", "max"),
        unpaid=("unpaid", "any"),
        version=("NUM_INSTALMENT_VERSION", "max"),
    )
    rows["age"] = -rows.pop("due_day")
    rows["late"] = (rows.pop("paid_day") + rows["age"]).where(~rows["unpaid"], rows["age"])
    rows["days_late"] = rows["late"].clip(lower=0).fillna(0)
    rows["days_early"] = (-rows["late"]).clip(lower=0).fillna(0)
    rows["is_late"] = (rows["late"] > 0) | rows["unpaid"]
    # To the thousandth: sums of floats would leave shortfalls of a trillionth.
    rows["shortfall"] = (rows["due"] - rows["paid"]).round(3).clip(lower=0)
    rows["is_short"] = rows["shortfall"] > 0
    rows["covered"] = bounded_ratio(rows["paid"], rows["due"])
    # Grouping has sorted the rows: a stable sort by age keeps that order among equal ages.
    rows["rank"] = rows[[ID, "age"]].sort_values("age", kind="stable").groupby(ID).cumcount() + 1
    applicants = pd.Index(rows[ID].unique(), name=ID)
    general = aggregate(
        rows,
        applicants,
        "INS",
        LATE_SPREAD=("late", "std"),
        COVERED_MEAN=("covered", "mean"),
        COVERED_MIN=("covered", "min"),
        PARTS_MEAN=("parts", "mean"),
        UNPAID_COUNT=("unpaid", "sum"),
        DUE_MAX=("due", "max"),
        LATEST_AGE=("age", "min"),
        FIRST_AGE=("age", "max"),
        CREDITS=("SK_ID_PREV", "nunique"),
        VERSION_MAX=("version", "max"),
    )
    latest = rows[rows["rank"] == 1].set_index(ID)["paid"].rename("INS_LATEST_PAID")
    parts = [general, latest]
    windows = {str(days): rows["age"] <= days for days in installments.DAYS_WINDOWS}
    for name, within in {"ALL": None, **windows}.items():
        part = aggregate(
            rows if within is None else rows[within],
            applicants,
            f"INS_{name}",
            COUNT=("age", "size"),
            LATE_SHARE=("is_late", "mean"),
            DAYS_LATE_MEAN=("days_late", "mean"),
            DAYS_LATE_MAX=("days_late", "max"),
            DAYS_EARLY_MEAN=("days_early", "mean"),
            SHORT_SHARE=("is_short", "mean"),
            SHORTFALL_SUM=("shortfall", "sum"),
            PAID_MEAN=("paid", "mean"),
            PAID_SUM=("paid", "sum"),
            DUE_SUM=("due", "sum"),
        )
        paid, due = part.pop(f"INS_{name}_PAID_SUM"), part.pop(f"INS_{name}_DUE_SUM")
        part[f"INS_{name}_PAID_TO_DUE"] = ratio(paid, due)
        parts.append(part)
    for k in installments.LAST:
        part = aggregate(
            rows[rows["rank"] <= k],
            applicants,
            f"INS_LAST_{k}",
            DAYS_LATE_MEAN=("days_late", "mean"),
            LATE_SHARE=("is_late", "mean"),
            PAID_SUM=("paid", "sum"),
            DUE_SUM=("due", "sum"),
        )
        paid, due = part.pop(f"INS_LAST_{k}_PAID_SUM"), part.pop(f"INS_LAST_{k}_DUE_SUM")
        part[f"INS_LAST_{k}_PAID_TO_DUE"] = ratio(paid, due)
        parts.append(part)
    for k in installments.TREND_LAST:
        columns = {"days_late": f"INS_LAST_{k}_LATE_TREND", "covered": f"INS_LAST_{k}_COVERED_TREND"}
        last = rows[rows["rank"] <= k]
        parts.append(slopes(last, applicants, -last["rank"], columns))
    fading = {
        "days_late": "INS_FADING_LATE_DAYS",
        "is_late": "INS_FADING_LATE_SHARE",
        "covered": "INS_FADING_COVERED",
    }
    weight = (installments.FADING_DAYS - rows["age"]).clip(lower=0)
    parts.append(weighted_means(rows, applicants, weight, fading))
    of_all = pd.concat(parts, axis=1)
    of_all["INS_LATE_CHANGE"] = of_all["INS_LAST_5_DAYS_LATE_MEAN"] - of_all["INS_ALL_DAYS_LATE_MEAN"]
    return of_all


def credit_card_features(tables: Tables) -> pd.DataFrame:
    """Return the features of monthly balances of cards."""
    names = {
        "SK_ID_PREV": "SK_ID_PREV",
        "MONTHS_BALANCE": "age",
        "AMT_BALANCE": "balance",
        "AMT_CREDIT_LIMIT_ACTUAL": "limit",
        "AMT_DRAWINGS_CURRENT": "drawn",
        "AMT_DRAWINGS_ATM_CURRENT": "drawn_atm",
        "CNT_DRAWINGS_CURRENT": "drawings",
        "CNT_DRAWINGS_ATM_CURRENT": "drawings_atm",
        "AMT_INST_MIN_REGULARITY": "minimum",
        "AMT_PAYMENT_TOTAL_CURRENT": "paid",
        "CNT_INSTALMENT_MATURE_CUM": "instalments",
        "SK_DPD": "late",
        "SK_DPD_DEF": "tolerant",
    }
    rows = tables.read("credit_card_balance", [ID, *names]).rename(columns=names)
    rows["age"] = -rows["age"]
    rows["used"] = bounded_ratio(rows["balance"], rows["limit"])
    rows["used_within"] = rows["used"].where(rows["used"].abs() < 3)
    for one, other in (("drawn", "drawn_atm"), ("paid", "minimum"), ("paid", "balance")):
        both = rows[one].notna() & rows[other].notna()
        rows[f"{one}_with_{other}"], rows[f"{other}_with_{one}"] = rows[one].where(both), rows[other].where(both)
    rows["is_late"] = rows["late"] > 0
    rows["late_age"] = rows["age"].where(rows["is_late"])
    rows["under_minimum"] = rows["paid"] < rows["minimum"]
    applicants = pd.Index(np.sort(rows[ID].unique()), name=ID)
    latest = newest(rows, ["SK_ID_PREV"])[["balance", "limit", "used"]]
    parts = [
        aggregate(
            rows,
            applicants,
            "CC",
            MONTHS=("age", "size"),
            CARDS=("SK_ID_PREV", "nunique"),
            AGE_MIN=("age", "min"),
            LIMIT_MAX=("limit", "max"),
            USED_SPREAD=("used_within", "std"),
            LATE_AGE=("late_age", "min"),
            INSTALMENTS_MAX=("instalments", "max"),
        ),
        latest.rename(columns=str.upper).add_prefix("CC_LATEST_"),
    ]
    shares = {
        "DRAWN_ATM_SHARE": ("drawn_atm_with_drawn", "drawn_with_drawn_atm"),
        "PAID_TO_MINIMUM": ("paid_with_minimum", "minimum_with_paid"),
        "PAID_TO_BALANCE": ("paid_with_balance", "balance_with_paid"),
    }
    for months, window in credit_card.WINDOWS.items():
        part = aggregate(
            rows[rows["age"] <= months],
            applicants,
            f"CC_{window}",
            USED_MEAN=("used", "mean"),
            USED_MAX=("used", "max"),
            BALANCE_MEAN=("balance", "mean"),
            DRAWN_MEAN=("drawn", "mean"),
            DRAWINGS_MEAN=("drawings", "mean"),
            DRAWINGS_ATM_MEAN=("drawings_atm", "mean"),
            UNDER_MINIMUM=("under_minimum", "sum"),
            LATE_SHARE=("is_late", "mean"),
            LATE_MAX=("late", "max"),
            TOLERANT_MAX=("tolerant", "max"),
            **{name: (name, "sum") for pair in shares.values() for name in pair},
        )
        total = {name: part.pop(f"CC_{window}_{name}") for pair in shares.values() for name in pair}
        for name, (numerator, denominator) in shares.items():
            part[f"CC_{window}_{name}"] = ratio(total[numerator], total[denominator])
        parts.append(part)
    for months in (6, 12):
        within = rows[rows["age"] <= months]
        columns = {"used_within": f"CC_{months}M_USED_TREND", "drawn": f"CC_{months}M_DRAWN_TREND"}
        parts.append(slopes(within, applicants, -within["age"], columns))
    weight = (credit_card.FADING_MONTHS - rows["age"]).clip(lower=0)
    parts.append(weighted_means(rows, applicants, weight, {"used_within": "CC_FADING_USED"}))
    made = pd.concat(parts, axis=1)
    recent = rows[rows["age"] <= 3].groupby(ID)["used"].mean().reindex(applicants)
    made["CC_USED_CHANGE"] = recent - made["CC_12M_USED_MEAN"]
    return made


def combined_features(f: pd.DataFrame) -> pd.DataFrame:
    """Return the features that set the histories against the application."""
    income, annuity, credit = f["AMT_INCOME_TOTAL"], f["AMT_ANNUITY"], f["AMT_CREDIT"]
    debt, months = f["BUR_ACTIVE_DEBT_SUM"], f["APP_IMPLIED_TERM"]
    yearly = ratio((annuity * months - credit) * 24, credit * (months + 1))
    made = {
        "DEBT_TO_INCOME": ratio(debt, income),
        "DEBT_WITH_CREDIT_TO_INCOME": ratio(debt.where(f["BUR_ALL_COUNT"].notna(), 0.0) + credit, income),
        "DEBT_TO_CREDIT": ratio(debt, credit),
        "BUREAU_ANNUITY_TO_INCOME": ratio(f["BUR_ACTIVE_ANNUITY_SUM"], income),
        "OPENING_TO_AGE": ratio(f["BUR_ALL_AGE_MAX"], f["DAYS_BIRTH"]),
        "RUNNING_ANNUITY_TO_INCOME": ratio(f["PREV_RUNNING_ANNUITY"] + annuity, income),
        "ANNUITY_TO_PAST": ratio(annuity, f["PREV_APPROVED_ANNUITY_MEAN"]),
        "ANNUITY_TO_PAST_MAX": ratio(annuity, f["PREV_APPROVED_ANNUITY_MAX"]),
        "CREDIT_TO_PAST": ratio(credit, f["PREV_APPROVED_CREDIT_MEAN"]),
        "CREDIT_TO_PAST_MAX": ratio(credit, f["PREV_APPROVED_CREDIT_MAX"]),
        "CREDIT_TO_REFUSED": ratio(credit, f["PREV_REFUSED_CREDIT_MAX"]),
        "ANNUITY_TO_INSTALMENT_MAX": ratio(annuity, f["INS_DUE_MAX"]),
        "RATE_LESS_PAST": yearly - f["PREV_APPROVED_YEARLY_RATE_MEAN"],
        "RATE_LESS_LATEST": yearly - f["PREV_LATEST_APPROVED_YEARLY_RATE"],
        "PAID_TO_ANNUITY": ratio(f["INS_ALL_PAID_MEAN"], annuity),
        "CARD_BALANCE_TO_INCOME": ratio(f["CC_LATEST_BALANCE"], income),
        "CARD_LIMIT_TO_INCOME": ratio(f["CC_LIMIT_MAX"], income),
        "CARD_DRAWN_TO_INCOME": ratio(f["CC_12M_DRAWN_MEAN"], income),
    }
    for days in installments.DAYS_WINDOWS:
        made[f"PAID_{days}_TO_ANNUITY"] = ratio(f[f"INS_{days}_PAID_MEAN"] * f[f"INS_{days}_COUNT"], annuity)
    return pd.DataFrame(made).add_prefix("MIX_")


def feature_matrix(tables: Tables) -> pd.DataFrame:
    """Return the features of every applicant of both splits, in ascending SK_ID_CURR, numbers as floats."""
    own = application_features(tables)
    histories = (
        bureau_features,
        bureau_balance_features,
        previous_application_features,
        pos_cash_features,
        installments_features,
        credit_card_features,
    )
    features = pd.concat([own, *(history(tables).reindex(own.index) for history in histories)], axis=1)
    features = pd.concat([features, combined_features(features)], axis=1)
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
