"""Features of the instalments due and paid on earlier credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import (
    count,
    fading,
    flag,
    latest,
    mean,
    money,
    rate,
    ratio_of_sums,
    recency_rank,
    scaled_ratio,
    share,
    slope,
    standard_deviation,
    thousandths,
    total,
    weighted_mean,
    where,
    whole,
)
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import Expr, col, count_rows, lit, when
from home_credit.features.plan import scan
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "installments_payments"
DAYS_WINDOWS = (60, 90, 180, 365, 730)
LAST = (1, 3, 5, 10, 20, 50)
TREND_LAST = (5, 10, 20)
FADING_DAYS = 730
INSTALMENT = [ID, "SK_ID_PREV", "NUM_INSTALMENT_NUMBER"]
UNPAID = col("unpaid")

# One row per instalment; its lateness is that of its last payment. A payment above the amount due changes the
# calendar: the rest is due as the same instalment under a new version, and the payment is listed under both. The
# amount due is therefore the sum over versions, the amount paid that of one version. An instalment without a payment
# is late since it was due.
ROWS = (
    scan(TABLE)
    .select(
        *INSTALMENT,
        "NUM_INSTALMENT_VERSION",
        due_day=whole("DAYS_INSTALMENT"),
        paid_day=whole("DAYS_ENTRY_PAYMENT"),
        due=thousandths("AMT_INSTALMENT"),
        paid=thousandths("AMT_PAYMENT"),
    )
    .group_by(*INSTALMENT, "NUM_INSTALMENT_VERSION")
    .agg(
        due_day=col("due_day").max(),
        paid_day=col("paid_day").max(),
        due=col("due").max(),
        paid=col("paid").sum(),
        parts=count_rows(),
        unpaid=flag(col("paid").is_null()).max(),
    )
    .group_by(*INSTALMENT)
    .agg(
        age=-col("due_day").max(),
        delay=col("paid_day").max() - col("due_day").max(),
        due=col("due").sum(),
        paid=col("paid").max(),
        parts=col("parts").max(),
        unpaid=col("unpaid").max() == 1,
        version=col("NUM_INSTALMENT_VERSION").max(),
    )
    .with_columns(late=when(UNPAID).then(col("age")).otherwise(col("delay")))
    .with_columns(
        shortfall=col("due") - col("paid"),
        covered=scaled_ratio(col("paid"), col("due")),
        days_late=when(col("late") > 0).then(col("late")).otherwise(0),
        days_early=when(col("late") < 0).then(-col("late")).otherwise(0),
        overdue=flag((col("late") > 0) | UNPAID),
        rank=recency_rank(["age", *INSTALMENT[1:]]),
        fading=fading(col("age"), FADING_DAYS),
    )
)


def _feature(
    suffix: str,
    value: Expr,
    unit: str,
    en: str,
    fr: str,
    missing: Missing = Missing.NONE_IN_SCOPE,
) -> Feature:
    return Feature(f"INS_{suffix}", value, unit, en, fr, missing)


def _scope(name: str, scope: Expr, en: str, fr: str, counted: tuple[str, str]) -> Iterator[Feature]:
    """Lateness and shortfall of the instalments in one scope."""
    scoped = {key: where(scope, col(key)) for key in ("late", "days_late", "days_early", "due", "paid", "shortfall", "covered")}
    late, short = col("overdue") == 1, col("shortfall") > 0
    yield _feature(f"{name}_COUNT", count(scope), "count", *counted)
    yield _feature(f"{name}_LATE_SHARE", share(late, scope), "share", f"share paid late or not at all {en}", f"part payée en retard ou impayée {fr}")
    yield _feature(f"{name}_DAYS_LATE_MEAN", mean(scoped["days_late"]), "days", f"mean delay {en}", f"retard moyen {fr}")
    yield _feature(f"{name}_DAYS_LATE_MAX", scoped["days_late"].max(), "days", f"longest delay {en}", f"retard maximal {fr}")
    yield _feature(f"{name}_DAYS_EARLY_MEAN", mean(scoped["days_early"]), "days", f"mean time paid ahead {en}", f"avance moyenne de paiement {fr}")
    yield _feature(f"{name}_SHORT_SHARE", share(short, scope), "share", f"share not paid in full {en}", f"part payée incomplètement {fr}")
    yield _feature(f"{name}_SHORTFALL_SUM", money(total(when(short).then(col("shortfall")).otherwise(0), scope)), "currency", f"amount left unpaid {en}", f"montant resté impayé {fr}", Missing.UNKNOWN)
    yield _feature(f"{name}_PAID_TO_DUE", ratio_of_sums(scoped["paid"], scoped["due"]), "ratio", f"amount paid over amount due {en}", f"montant payé rapporté au montant dû {fr}")
    yield _feature(f"{name}_PAID_MEAN", money(mean(scoped["paid"])), "currency", f"mean payment {en}", f"paiement moyen {fr}")


def _last(k: int) -> tuple[str, str]:
    if k == 1:
        return "over the last instalment", "sur la dernière échéance"
    return f"over the last {k} instalments", f"sur les {k} dernières échéances"


def _features() -> Iterator[Feature]:
    yield from _scope("ALL", ~col(ID).is_null(), "over all instalments", "sur toutes les échéances connues", ("number of instalments", "nombre d’échéances connues"))
    for days in DAYS_WINDOWS:
        yield from _scope(str(days), col("age") <= days, f"over the instalments of the last {days} days", f"sur les échéances des {days} derniers jours", (f"number of instalments due in the last {days} days", f"nombre d’échéances dues dans les {days} derniers jours"))
    for k in LAST:
        last = col("rank") <= k
        en, fr = _last(k)
        yield _feature(f"LAST_{k}_DAYS_LATE_MEAN", mean(where(last, col("days_late"))), "days", f"mean delay {en}", f"retard moyen {fr}")
        yield _feature(f"LAST_{k}_LATE_SHARE", share(col("overdue") == 1, last), "share", f"share paid late or not at all {en}", f"part payée en retard ou impayée {fr}")
        yield _feature(f"LAST_{k}_PAID_TO_DUE", ratio_of_sums(where(last, col("paid")), where(last, col("due"))), "ratio", f"amount paid over amount due {en}", f"montant payé rapporté au montant dû {fr}")
    for k in TREND_LAST:
        last, order = col("rank") <= k, lit(k + 1) - col("rank")
        en, fr = _last(k)
        yield _feature(f"LAST_{k}_LATE_TREND", slope(where(last, col("days_late")), order), "days", f"delay gained by instalment {en}", f"hausse du retard d’une échéance à l’autre {fr}")
        yield _feature(f"LAST_{k}_COVERED_TREND", rate(slope(where(last, col("covered")), order)), "ratio", f"amount paid over amount due gained by instalment {en}", f"hausse de la part payée d’une échéance à l’autre {fr}")
    en, fr = "recent instalments weighing more", "les échéances récentes pesant plus"
    yield _feature("FADING_LATE_DAYS", weighted_mean(col("days_late"), col("fading")), "days", f"mean delay over two years, {en}", f"retard moyen sur deux ans, {fr}")
    yield _feature("FADING_LATE_SHARE", weighted_mean(col("overdue"), col("fading")), "share", f"share paid late or not at all over two years, {en}", f"part payée en retard ou impayée sur deux ans, {fr}")
    yield _feature("FADING_COVERED", rate(weighted_mean(col("covered"), col("fading"))), "ratio", f"mean amount paid over amount due over two years, {en}", f"montant payé rapporté au montant dû sur deux ans, {fr}")
    yield _feature("LATE_CHANGE", mean(where(col("rank") <= 5, col("days_late"))) - mean(col("days_late")), "days", "mean delay over the last 5 instalments less that over all", "écart du retard moyen sur les 5 dernières échéances avec le retard moyen sur toutes")
    yield _feature("LATE_SPREAD", standard_deviation(col("late")), "days", "standard deviation of the delay", "écart-type du retard ou de l’avance")
    yield _feature("COVERED_MEAN", rate(mean(col("covered"))), "ratio", "mean amount paid over amount due of each instalment", "montant payé rapporté au montant dû, en moyenne par échéance")
    yield _feature("COVERED_MIN", rate(col("covered").min()), "ratio", "lowest amount paid over amount due of an instalment", "plus petite part payée d’une échéance")
    yield _feature("PARTS_MEAN", mean(col("parts")), "count", "mean number of payments per instalment", "nombre moyen de versements par échéance")
    yield _feature("UNPAID_COUNT", count(UNPAID), "count", "instalments without a payment", "échéances sans paiement")
    yield _feature("DUE_MAX", money(col("due").max()), "currency", "largest instalment due", "plus grosse échéance due")
    yield _feature("LATEST_AGE", col("age").min(), "days", "time since the last instalment was due", "temps depuis la dernière échéance")
    yield _feature("FIRST_AGE", col("age").max(), "days", "time since the first instalment was due", "temps depuis la première échéance")
    yield _feature("LATEST_PAID", money(latest(col("paid"))), "currency", "last payment", "dernier paiement")
    yield _feature("CREDITS", col("SK_ID_PREV").n_unique(), "count", "credits with instalments on record", "crédits dont des échéances sont connues")
    yield _feature("VERSION_MAX", col("version").max(), "count", "changes of a payment calendar", "changements du calendrier de paiement")


FEATURES: tuple[Feature, ...] = tuple(_features())
