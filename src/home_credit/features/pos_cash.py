"""Features of the monthly balances of earlier point-of-sale and cash loans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import (
    count,
    flag,
    latest,
    mean,
    recency_rank,
    share,
    total,
    where,
    whole,
)
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import Expr, col, count_rows
from home_credit.features.plan import scan
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "POS_CASH_balance"
WINDOWS = {3: "3M", 6: "6M", 12: "12M", 24: "24M", 100: "ALL"}


# One row per loan and month with the integers that the features aggregate.
ROWS = (
    scan(TABLE)
    .select(
        ID,
        "SK_ID_PREV",
        "NAME_CONTRACT_STATUS",
        age=-whole("MONTHS_BALANCE"),
        term=whole("CNT_INSTALMENT"),
        left=whole("CNT_INSTALMENT_FUTURE"),
        late=whole("SK_DPD"),
        late_tolerant=whole("SK_DPD_DEF"),
    )
    .with_columns(
        rank=recency_rank(["age", "SK_ID_PREV", "left", "term", "late"]),
        done=flag(col("NAME_CONTRACT_STATUS") == "Completed"),
    )
)


def _features() -> Iterator[Feature]:
    def feature(suffix: str, value: Expr, unit: str, en: str, fr: str, missing: Missing = Missing.NONE_IN_SCOPE) -> Feature:
        return Feature(f"POS_{suffix}", value, unit, en, fr, missing)

    status = col("NAME_CONTRACT_STATUS")
    yield feature("MONTHS", count_rows(), "months", "months on record of earlier loans", "mois enregistrés des prêts antérieurs")
    yield feature("LOANS", col("SK_ID_PREV").n_unique(), "count", "earlier loans on record", "prêts antérieurs enregistrés")
    yield feature("AGE_MIN", col("age").min(), "months", "time since the newest record of a loan", "temps depuis le dernier enregistrement d’un prêt")
    yield feature("AGE_MAX", col("age").max(), "months", "time since the oldest record of a loan", "temps depuis le premier enregistrement d’un prêt")
    yield feature("COMPLETED", count(status == "Completed"), "count", "loans completed", "prêts soldés")
    yield feature("DEMAND", count(status == "Demand"), "months", "months in formal demand", "mois en mise en demeure")
    yield feature("RETURNED", count(status == "Returned to the store"), "months", "months with goods returned", "mois avec bien retourné")
    yield feature("TERM_MEAN", mean(col("term")), "months", "mean term of earlier loans by month", "durée moyenne des prêts antérieurs, par mois")
    yield feature("TERM_MAX", col("term").max(), "months", "longest term of earlier loans", "plus longue durée des prêts antérieurs")
    yield feature("LEFT_MEAN", mean(col("left")), "count", "mean instalments left by month", "échéances restantes en moyenne, par mois")
    yield feature("LATEST_LEFT", latest(col("left")), "count", "instalments left at the newest record", "échéances restantes au dernier enregistrement")
    yield feature("LATEST_TERM", latest(col("term")), "months", "term at the newest record", "durée au dernier enregistrement")
    yield feature("RECENT_LEFT_SUM", total(col("left"), col("age") <= 1), "count", "instalments left over all loans last month", "échéances restantes de tous les prêts au dernier mois", Missing.UNKNOWN)
    yield feature("LATE_AGE", where(col("late") > 0, col("age")).min(), "months", "time since a loan was last past due", "temps depuis le dernier retard sur un prêt")
    yield feature("LATE_TOLERANT_AGE", where(col("late_tolerant") > 0, col("age")).min(), "months", "time since a loan was last seriously past due", "temps depuis le dernier retard notable sur un prêt")
    for months, window in WINDOWS.items():
        within = col("age") <= months
        en = f"in the last {months} months" if months < 100 else "over all months"
        fr = f"sur les {months} derniers mois" if months < 100 else "sur tous les mois"
        yield feature(f"LATE_{window}_SHARE", share(col("late") > 0, within), "share", f"share of loan months past due {en}", f"part des mois de prêt en retard {fr}")
        yield feature(f"LATE_{window}_MAX", where(within, col("late")).max(), "days", f"longest arrears on a loan {en}", f"retard maximal sur un prêt {fr}")
        yield feature(f"TOLERANT_{window}_SHARE", share(col("late_tolerant") > 0, within), "share", f"share of loan months seriously past due {en}", f"part des mois de prêt en retard notable {fr}")
        yield feature(f"TOLERANT_{window}_MAX", where(within, col("late_tolerant")).max(), "days", f"longest serious arrears on a loan {en}", f"retard notable maximal sur un prêt {fr}")
        yield feature(f"LATE_{window}_MEAN", mean(where(within, col("late"))), "days", f"mean arrears on loans {en}", f"retard moyen sur les prêts {fr}")
        yield feature(f"DONE_{window}_SHARE", mean(where(within, col("done"))), "share", f"share of loan months that complete a loan {en}", f"part des mois soldant un prêt {fr}")


FEATURES: tuple[Feature, ...] = tuple(_features())
