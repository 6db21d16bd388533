"""The history features in plain pandas, float arithmetic, as a data scientist would write them.

    python benchmarks/pandas_features.py --tables DIR --out FILE

The other side of benchmarks/features_full_size.py: the same names, windows and definitions as
home_credit.features, so that the two matrices can be compared.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from home_credit.features import (
    bureau,
    bureau_balance,
    credit_card,
    installments,
    pos_cash,
    previous_application,
)

ID = "SK_ID_CURR"


class Rows:
    """Aggregates of masked columns by applicant."""

    def __init__(self, frame: pd.DataFrame, key: str = ID) -> None:
        self.frame, self.codes = frame, frame[key].to_numpy()
        self.out: dict[str, pd.Series] = {}

    def group(self, values: pd.Series) -> Any:
        return pd.Series(values.to_numpy()).groupby(self.codes)

    def masked(self, name: str, mask: Any = None) -> pd.Series:
        return self.frame[name] if mask is None else self.frame[name].where(mask)

    def count(self, mask: pd.Series) -> pd.Series:
        return self.group(mask.fillna(False).astype("int64")).sum()

    def sum(self, name: str, mask: Any = None) -> pd.Series:
        return self.group(self.masked(name, mask)).sum()

    def mean(self, name: str, mask: Any = None) -> pd.Series:
        return self.group(self.masked(name, mask)).mean()

    def max(self, name: str, mask: Any = None) -> pd.Series:
        return self.group(self.masked(name, mask)).max()

    def min(self, name: str, mask: Any = None) -> pd.Series:
        return self.group(self.masked(name, mask)).min()

    def std(self, name: str, mask: Any = None) -> pd.Series:
        return self.group(self.masked(name, mask)).std()

    def nunique(self, name: str) -> pd.Series:
        return self.group(self.frame[name]).nunique()

    def size(self) -> pd.Series:
        return pd.Series(1, index=range(len(self.codes))).groupby(self.codes).sum()

    def share(self, mask: pd.Series, among: pd.Series) -> pd.Series:
        return ratio(self.count(mask & among), self.count(among))

    def first(self, name: str) -> pd.Series:
        return self.frame[self.frame["rank"] == 1].set_index(ID)[name]

    def frame_out(self, prefix: str) -> pd.DataFrame:
        return pd.DataFrame(self.out).add_prefix(prefix)


def ratio(one: Any, other: Any) -> Any:
    return one / other.where(other != 0) if isinstance(other, pd.Series) else one / other


def ranked(frame: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    frame = frame.sort_values([ID, *order], kind="stable").reset_index(drop=True)
    frame["rank"] = frame.groupby(ID).cumcount() + 1
    return frame


def bureau_features(tables: Path) -> pd.DataFrame:
    b = pd.read_parquet(tables / "bureau.parquet")
    b["age"] = -b.DAYS_CREDIT
    b["end"] = b.DAYS_CREDIT_ENDDATE.where(b.DAYS_CREDIT_ENDDATE.abs() < bureau.CENTURY)
    b["ended"] = -b.DAYS_ENDDATE_FACT.where(b.DAYS_ENDDATE_FACT > -bureau.CENTURY)
    b["updated"] = -b.DAYS_CREDIT_UPDATE
    b = b.rename(
        columns={
            "AMT_CREDIT_SUM": "credit",
            "AMT_CREDIT_SUM_DEBT": "debt",
            "AMT_CREDIT_SUM_LIMIT": "limit",
            "AMT_CREDIT_SUM_OVERDUE": "overdue",
            "AMT_CREDIT_MAX_OVERDUE": "worst_overdue",
            "AMT_ANNUITY": "annuity",
        }
    )
    b["indebted"] = ratio(b.debt, b.credit)
    b["length"], b["early"] = b.end + b.age, b.end + b.ended
    b = ranked(b, ["age", "SK_ID_BUREAU"])
    r, o = Rows(b), {}
    active, closed, everything = b.CREDIT_ACTIVE == "Active", b.CREDIT_ACTIVE == "Closed", b.age == b.age
    for name, m in (("ALL", everything), ("ACTIVE", active), ("CLOSED", closed)):
        o[f"{name}_COUNT"] = r.count(m)
        o |= {
            f"{name}_AGE_MEAN": r.mean("age", m),
            f"{name}_AGE_MIN": r.min("age", m),
            f"{name}_AGE_MAX": r.max("age", m),
        }
        o |= {
            f"{name}_CREDIT_SUM": r.sum("credit", m),
            f"{name}_CREDIT_MEAN": r.mean("credit", m),
            f"{name}_CREDIT_MAX": r.max("credit", m),
        }
        o |= {f"{name}_DEBT_SUM": r.sum("debt", m), f"{name}_DEBT_MAX": r.max("debt", m)}
        o[f"{name}_DEBT_TO_CREDIT"] = ratio(r.sum("debt", m), r.sum("credit", m & b.debt.notna()))
        o |= {
            f"{name}_INDEBTED_MEAN": r.mean("indebted", m),
            f"{name}_LIMIT_SUM": r.sum("limit", m),
            f"{name}_OVERDUE_SUM": r.sum("overdue", m),
        }
        o |= {
            f"{name}_WORST_OVERDUE_MAX": r.max("worst_overdue", m),
            f"{name}_WORST_OVERDUE_MEAN": r.mean("worst_overdue", m),
        }
        o |= {
            f"{name}_ANNUITY_SUM": r.sum("annuity", m),
            f"{name}_UPDATED_MEAN": r.mean("updated", m),
            f"{name}_LENGTH_MEAN": r.mean("length", m),
        }
    o |= {
        "ACTIVE_SHARE": r.share(active, everything),
        "SOLD_COUNT": r.count(~active & ~closed),
        "AGE_SPREAD": r.std("age"),
    }
    o |= {
        "END_MAX": r.max("end", active),
        "END_MEAN": r.mean("end", active),
        "PAST_END_COUNT": r.count(active & (b.end < 0)),
    }
    o |= {"ENDED_MIN": r.min("ended"), "ENDED_MEAN": r.mean("ended"), "EARLY_MEAN": r.mean("early", closed)}
    o |= {
        "OVERDUE_DAYS_MAX": r.max("CREDIT_DAY_OVERDUE"),
        "OVERDUE_COUNT": r.count(b.CREDIT_DAY_OVERDUE > 0),
        "EVER_OVERDUE_COUNT": r.count(b.worst_overdue > 0),
    }
    o |= {
        "PROLONGED_SUM": r.sum("CNT_CREDIT_PROLONG"),
        "TYPE_COUNT": r.nunique("CREDIT_TYPE"),
        "LATEST_CREDIT": r.first("credit"),
        "LATEST_INDEBTED": r.first("indebted"),
        "LATEST_TYPE": r.first("CREDIT_TYPE"),
    }
    for code, (value, _, _) in bureau.TYPES.items():
        kind = b.CREDIT_TYPE == value
        o |= {
            f"{code}_COUNT": r.count(kind),
            f"{code}_ACTIVE_COUNT": r.count(kind & active),
            f"{code}_DEBT": r.sum("debt", kind),
        }
    for days in bureau.WINDOWS:
        o |= {
            f"OPENED_{days}": r.count(b.age <= days),
            f"OPENED_{days}_CREDIT": r.sum("credit", b.age <= days),
        }
    o["OPENING_GAP"] = ratio(r.max("age") - r.min("age"), r.size() - 1)
    r.out = o
    return r.frame_out("BUR_")


def bureau_balance_features(tables: Path) -> pd.DataFrame:
    months = pd.read_parquet(tables / "bureau_balance.parquet")
    months["age"] = -months.MONTHS_BALANCE
    months["severity"] = pd.to_numeric(months.STATUS, errors="coerce").fillna(0.0)
    r, per = Rows(months, "SK_ID_BUREAU"), {}
    for window, name in bureau_balance.WINDOWS.items():
        within = months.age < window
        per[f"MONTHS_{name}"] = r.count(within)
        for state, (_, _, codes) in bureau_balance.STATES.items():
            per[f"{state}_{name}"] = r.count(within & months.STATUS.isin(codes))
    per |= {"worst": r.max("severity"), "late_age": r.min("age", months.severity > 0), "newest": r.min("age")}
    credits_held = pd.read_parquet(tables / "bureau.parquet", columns=[ID, "SK_ID_BUREAU"])
    b = credits_held.merge(pd.DataFrame(per), left_on="SK_ID_BUREAU", right_index=True)
    b["was_late"] = (b.LATE_ALL > 0).astype(float)
    r = Rows(b)
    o = {
        "CREDITS": r.size(),
        "MONTHS": r.sum("MONTHS_ALL"),
        "MONTHS_MEAN": r.mean("MONTHS_ALL"),
        "LATE_CREDITS": r.sum("was_late"),
        "LATE_CREDITS_SHARE": r.mean("was_late"),
    }
    o |= {
        "WORST": r.max("worst"),
        "WORST_MEAN": r.mean("worst"),
        "LATE_AGE": r.min("late_age"),
        "NEWEST": r.min("newest"),
    }
    for name in bureau_balance.WINDOWS.values():
        for state in bureau_balance.STATES:
            o[f"{state}_{name}_SHARE"] = ratio(r.sum(f"{state}_{name}"), r.sum(f"MONTHS_{name}"))
            if state in ("LATE", "SERIOUS"):
                o[f"{state}_{name}"] = r.sum(f"{state}_{name}")
    r.out = o
    return r.frame_out("BB_")


def previous_features(tables: Path) -> pd.DataFrame:
    p = pd.read_parquet(tables / "previous_application.parquet")
    p["age"] = -p.DAYS_DECISION
    p = p.rename(
        columns={
            "AMT_ANNUITY": "annuity",
            "AMT_APPLICATION": "asked",
            "AMT_CREDIT": "credit",
            "AMT_DOWN_PAYMENT": "down",
            "AMT_GOODS_PRICE": "goods",
            "RATE_DOWN_PAYMENT": "down_rate",
            "CNT_PAYMENT": "term",
            "NFLAG_INSURED_ON_APPROVAL": "insured",
            "HOUR_APPR_PROCESS_START": "hour",
            "SELLERPLACE_AREA": "seller_area",
        }
    )
    for name, column in (
        ("first_due", "DAYS_FIRST_DUE"),
        ("last_due", "DAYS_LAST_DUE"),
        ("planned_end", "DAYS_LAST_DUE_1ST_VERSION"),
        ("ended", "DAYS_TERMINATION"),
    ):
        p[name] = p[column].where(p[column] != previous_application.SENTINEL_DAYS)
    p["granted"] = ratio(p.credit, p.asked)
    p["interest"] = ratio(p.annuity * p.term - p.credit, p.credit)
    p["over"] = p.last_due - p.planned_end
    p = ranked(p, ["age", "SK_ID_PREV"])
    approved, refused, everything = (
        p.NAME_CONTRACT_STATUS == "Approved",
        p.NAME_CONTRACT_STATUS == "Refused",
        p.age == p.age,
    )
    running = approved & p.last_due.isna() & p.first_due.notna()
    p["approved_rank"] = approved.astype(int).groupby(p[ID]).cumsum()
    r = Rows(p)
    o: dict[str, Any] = {"COUNT": r.size()}
    for code, (value, _, _) in previous_application.STATUSES.items():
        m = p.NAME_CONTRACT_STATUS == value
        o |= {
            f"{code}_COUNT": r.count(m),
            f"{code}_SHARE": r.share(m, everything),
            f"{code}_AGE_MIN": r.min("age", m),
            f"{code}_AGE_MEAN": r.mean("age", m),
        }
    for k in previous_application.LAST:
        o |= {
            f"LAST_{k}_REFUSED_SHARE": r.share(refused, p["rank"] <= k),
            f"LAST_{k}_APPROVED_SHARE": r.share(approved, p["rank"] <= k),
        }
    for days in previous_application.WINDOWS:
        o |= {f"COUNT_{days}": r.count(p.age <= days), f"REFUSED_{days}": r.count((p.age <= days) & refused)}
    for code in previous_application.REFUSALS:
        o[f"REJECT_{code}_COUNT"] = r.count(p.CODE_REJECT_REASON == code)
    for code, (value, _, _) in previous_application.CONTRACTS.items():
        m = p.NAME_CONTRACT_TYPE == value
        o |= {f"{code}_COUNT": r.count(m), f"{code}_REFUSED_SHARE": r.share(refused, m)}
    for name, m in (("APPROVED", approved), ("REFUSED", refused)):
        for column in ("annuity", "credit", "down", "down_rate", "term", "granted", "interest"):
            o[f"{name}_{column.upper()}_MEAN"] = r.mean(column, m)
        for column in ("annuity", "credit", "down_rate", "term", "interest"):
            o[f"{name}_{column.upper()}_MAX"] = r.max(column, m)
        o |= {f"{name}_CREDIT_SUM": r.sum("credit", m), f"{name}_GRANTED_MIN": r.min("granted", m)}
    o |= {
        "AGE_SPREAD": r.std("age"),
        "AGE_MAX": r.max("age"),
        "RUNNING_COUNT": r.count(running),
        "RUNNING_ANNUITY": r.sum("annuity", running),
        "RUNNING_CREDIT": r.sum("credit", running),
    }
    o |= {
        "ENDED_MAX": r.max("ended"),
        "LAST_DUE_MAX": r.max("last_due"),
        "PLANNED_END_MAX": r.max("planned_end", approved),
        "EXTENDED_MEAN": r.mean("over"),
        "FIRST_DUE_MIN": r.min("first_due"),
    }
    o |= {
        "INSURED_SHARE": r.mean("insured", approved),
        "HOUR_MEAN": r.mean("hour"),
        "SELLER_AREA_MEAN": r.mean("seller_area"),
    }
    for column in previous_application.LATEST_CATEGORIES:
        o[f"LATEST_{column}"] = r.first(column)
    for name, m in (("LATEST", p["rank"] == 1), ("LATEST_APPROVED", approved & (p.approved_rank == 1))):
        for column in ("annuity", "credit", "down", "down_rate", "granted", "interest", "term"):
            o[f"{name}_{column.upper()}"] = r.max(column, m)
    for k in (3, 5):
        for column in ("interest", "down_rate", "credit", "age"):
            o[f"LAST_{k}_{column.upper()}_MEAN"] = r.mean(column, p["rank"] <= k)
    o["GAP_MEAN"] = ratio(r.max("age") - r.min("age"), r.size() - 1)
    r.out = o
    return r.frame_out("PREV_")


def pos_features(tables: Path) -> pd.DataFrame:
    s = pd.read_parquet(tables / "POS_CASH_balance.parquet")
    s["age"] = -s.MONTHS_BALANCE
    s = s.rename(
        columns={
            "CNT_INSTALMENT": "term",
            "CNT_INSTALMENT_FUTURE": "left",
            "SK_DPD": "late",
            "SK_DPD_DEF": "late_tolerant",
        }
    )
    s = ranked(s, ["age", "SK_ID_PREV", "left", "term", "late"])
    s["done"] = (s.NAME_CONTRACT_STATUS == "Completed").astype(float)
    r, status = Rows(s), s.NAME_CONTRACT_STATUS
    o = {
        "MONTHS": r.size(),
        "LOANS": r.nunique("SK_ID_PREV"),
        "AGE_MIN": r.min("age"),
        "AGE_MAX": r.max("age"),
        "COMPLETED": r.count(status == "Completed"),
    }
    o |= {
        "DEMAND": r.count(status == "Demand"),
        "RETURNED": r.count(status == "Returned to the store"),
        "TERM_MEAN": r.mean("term"),
        "TERM_MAX": r.max("term"),
        "LEFT_MEAN": r.mean("left"),
    }
    o |= {
        "LATEST_LEFT": r.first("left"),
        "LATEST_TERM": r.first("term"),
        "RECENT_LEFT_SUM": r.sum("left", s.age <= 1),
        "LATE_AGE": r.min("age", s.late > 0),
        "LATE_TOLERANT_AGE": r.min("age", s.late_tolerant > 0),
    }
    for months, w in pos_cash.WINDOWS.items():
        m = s.age <= months
        o |= {
            f"LATE_{w}_SHARE": r.share(s.late > 0, m),
            f"LATE_{w}_MAX": r.max("late", m),
            f"TOLERANT_{w}_SHARE": r.share(s.late_tolerant > 0, m),
        }
        o |= {
            f"TOLERANT_{w}_MAX": r.max("late_tolerant", m),
            f"LATE_{w}_MEAN": r.mean("late", m),
            f"DONE_{w}_SHARE": r.mean("done", m),
        }
    r.out = o
    return r.frame_out("POS_")


def instalment_features(tables: Path) -> pd.DataFrame:
    raw = pd.read_parquet(tables / "installments_payments.parquet")
    raw["no_payment"] = raw.AMT_PAYMENT.isna()
    i = (
        raw.groupby(installments.INSTALMENT, sort=False)
        .agg(
            due_day=("DAYS_INSTALMENT", "max"),
            paid_day=("DAYS_ENTRY_PAYMENT", "max"),
            due=("AMT_INSTALMENT", "max"),
            paid=("AMT_PAYMENT", "sum"),
            parts=("AMT_INSTALMENT", "size"),
            unpaid=("no_payment", "any"),
        )
        .reset_index()
    )
    i["age"], i["late"] = -i.due_day, i.paid_day - i.due_day
    i["shortfall"] = (i.due - i.paid).round(2)
    i["covered"] = ratio(i.paid, i.due)
    i["days_late"], i["days_early"] = i.late.clip(lower=0).fillna(0), (-i.late).clip(lower=0).fillna(0)
    i = ranked(i, ["age", *installments.INSTALMENT[1:]])
    r, o, late, short = Rows(i), {}, i.late > 0, i.shortfall > 0
    i["short_by"] = i.shortfall.where(short)
    for name, m in (
        ("ALL", i.age == i.age),
        *((str(days), i.age <= days) for days in installments.DAYS_WINDOWS),
    ):
        o |= {
            f"{name}_COUNT": r.count(m),
            f"{name}_LATE_SHARE": r.share(late, m),
            f"{name}_DAYS_LATE_MEAN": r.mean("days_late", m),
            f"{name}_DAYS_LATE_MAX": r.max("days_late", m),
            f"{name}_DAYS_EARLY_MEAN": r.mean("days_early", m),
        }
        o |= {
            f"{name}_SHORT_SHARE": r.share(short, m),
            f"{name}_SHORTFALL_SUM": r.sum("short_by", m),
            f"{name}_PAID_TO_DUE": ratio(r.sum("paid", m), r.sum("due", m)),
            f"{name}_PAID_MEAN": r.mean("paid", m),
        }
    for k in installments.LAST:
        m = i["rank"] <= k
        o |= {
            f"LAST_{k}_DAYS_LATE_MEAN": r.mean("days_late", m),
            f"LAST_{k}_LATE_SHARE": r.share(late, m),
            f"LAST_{k}_PAID_TO_DUE": ratio(r.sum("paid", m), r.sum("due", m)),
        }
    o |= {
        "LATE_SPREAD": r.std("late"),
        "COVERED_MEAN": r.mean("covered"),
        "COVERED_MIN": r.min("covered"),
        "PARTS_MEAN": r.mean("parts"),
        "UNPAID_COUNT": r.count(i.unpaid),
        "DUE_MAX": r.max("due"),
    }
    o |= {
        "LATEST_AGE": r.min("age"),
        "FIRST_AGE": r.max("age"),
        "LATEST_PAID": r.first("paid"),
        "CREDITS": r.nunique("SK_ID_PREV"),
        "VERSION_MAX": r.max("NUM_INSTALMENT_VERSION"),
    }
    r.out = o
    return r.frame_out("INS_")


def card_features(tables: Path) -> pd.DataFrame:
    c = pd.read_parquet(tables / "credit_card_balance.parquet")
    c["age"] = -c.MONTHS_BALANCE
    c = c.rename(
        columns={
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
            "SK_DPD_DEF": "late_tolerant",
        }
    )
    c["used"] = ratio(c.balance, c.limit)
    c = ranked(c, ["age", "SK_ID_PREV"])
    r = Rows(c)
    o = {
        "MONTHS": r.size(),
        "CARDS": r.nunique("SK_ID_PREV"),
        "AGE_MIN": r.min("age"),
        "LIMIT_MAX": r.max("limit"),
        "LATEST_BALANCE": r.first("balance"),
        "LATEST_LIMIT": r.first("limit"),
        "LATEST_USED": r.first("used"),
    }
    o |= {
        "USED_SPREAD": r.std("used", c.used.abs() < 3),
        "LATE_AGE": r.min("age", c.late > 0),
        "INSTALMENTS_MAX": r.max("instalments"),
    }
    for months, w in credit_card.WINDOWS.items():
        m = c.age <= months
        o |= {
            f"{w}_USED_MEAN": r.mean("used", m),
            f"{w}_USED_MAX": r.max("used", m),
            f"{w}_BALANCE_MEAN": r.mean("balance", m),
            f"{w}_DRAWN_MEAN": r.mean("drawn", m),
        }
        o |= {
            f"{w}_DRAWN_ATM_SHARE": ratio(r.sum("drawn_atm", m), r.sum("drawn", m)),
            f"{w}_DRAWINGS_MEAN": r.mean("drawings", m),
            f"{w}_DRAWINGS_ATM_MEAN": r.mean("drawings_atm", m),
        }
        o |= {
            f"{w}_PAID_TO_MINIMUM": ratio(r.sum("paid", m), r.sum("minimum", m)),
            f"{w}_PAID_TO_BALANCE": ratio(r.sum("paid", m), r.sum("balance", m)),
            f"{w}_UNDER_MINIMUM": r.count(m & (c.paid < c.minimum)),
        }
        o |= {
            f"{w}_LATE_SHARE": r.share(c.late > 0, m),
            f"{w}_LATE_MAX": r.max("late", m),
            f"{w}_TOLERANT_MAX": r.max("late_tolerant", m),
        }
    r.out = o
    return r.frame_out("CC_")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    ids = [
        pd.read_parquet(path, columns=[ID])[ID]
        for name in ("application_train", "application_test")
        if (path := arguments.tables / f"{name}.parquet").exists()
    ]
    matrix = pd.DataFrame(index=np.sort(pd.concat(ids).to_numpy()))
    for part in (
        bureau_features,
        bureau_balance_features,
        previous_features,
        pos_features,
        instalment_features,
        card_features,
    ):
        matrix = matrix.join(part(arguments.tables))
    matrix.rename_axis(ID).reset_index().to_parquet(arguments.out)
    print(f"{len(matrix)} applicants, {matrix.shape[1]} features of the histories")


if __name__ == "__main__":
    main()
