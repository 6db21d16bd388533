"""Features of the monthly status of the bureau credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import count, flag, mean, ratio, whole
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import INTEGER, Expr, col, count_rows, when
from home_credit.features.plan import Plan, scan
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "bureau_balance"
WINDOWS = {3: "3M", 6: "6M", 12: "12M", 24: "24M", 100: "ALL"}
STATES = {
    "LATE": ("past due", "en retard", ("1", "2", "3", "4", "5")),
    "SERIOUS": ("more than 30 days past due", "en retard de plus de 30 jours", ("2", "3", "4", "5")),
    "CLOSED": ("closed", "clos", ("C",)),
    "UNKNOWN": ("of unknown status", "de statut inconnu", ("X",)),
}


def _rows() -> Plan:
    """Return one row per bureau credit with the counts of its months by status and window."""
    status, age = col("STATUS"), col("age")
    severity = when(status.is_in(("1", "2", "3", "4", "5"))).then(status).otherwise("0")
    months = {f"MONTHS_{window}": count(age < months) for months, window in WINDOWS.items()}
    counts = {
        f"{state}_{window}": count((age < months) & status.is_in(codes))
        for months, window in WINDOWS.items()
        for state, (_, _, codes) in STATES.items()
    }
    by_credit = (
        scan(TABLE)
        .select("SK_ID_BUREAU", "STATUS", age=-whole("MONTHS_BALANCE"))
        .with_columns(severity=severity.cast(INTEGER))
        .group_by("SK_ID_BUREAU")
        .agg(
            {**months, **counts},
            worst=col("severity").max(),
            late_age=when(col("severity") > 0).then(age).min(),
            newest=age.min(),
        )
    )
    return scan("bureau").select(ID, "SK_ID_BUREAU").join(by_credit, on="SK_ID_BUREAU", how="inner")


ROWS = _rows()


def _features() -> Iterator[Feature]:
    def feature(suffix: str, value: Expr, unit: str, en: str, fr: str) -> Feature:
        return Feature(f"BB_{suffix}", value, unit, en, fr, Missing.NONE_IN_SCOPE)

    yield feature("CREDITS", count_rows(), "count", "bureau credits with monthly records", "crédits du bureau suivis mensuellement")
    yield feature("MONTHS", col("MONTHS_ALL").sum(), "months", "months on record over all bureau credits", "mois enregistrés, tous crédits du bureau")
    yield feature("MONTHS_MEAN", mean(col("MONTHS_ALL")), "months", "mean months on record per bureau credit", "mois enregistrés en moyenne par crédit du bureau")
    yield feature("LATE_CREDITS", count(col("LATE_ALL") > 0), "count", "bureau credits ever past due", "crédits du bureau ayant connu un retard")
    yield feature("LATE_CREDITS_SHARE", mean(flag(col("LATE_ALL") > 0)), "share", "share of bureau credits ever past due", "part des crédits du bureau ayant connu un retard")
    yield feature("WORST", col("worst").max(), "code", "worst status of any bureau credit (0 to 5)", "pire statut, tous crédits du bureau (0 à 5)")
    yield feature("WORST_MEAN", mean(col("worst")), "code", "mean of the worst status of each bureau credit", "moyenne du pire statut de chaque crédit du bureau")
    yield feature("LATE_AGE", col("late_age").min(), "months", "months since a bureau credit was last past due", "mois depuis le dernier retard au bureau")
    yield feature("NEWEST", col("newest").min(), "months", "months since the newest bureau record", "mois depuis le dernier enregistrement au bureau")
    for months, window in WINDOWS.items():
        en_window = f"in the last {months} months" if months < 100 else "over all months"
        fr_window = f"sur les {months} derniers mois" if months < 100 else "sur tous les mois"
        total = col(f"MONTHS_{window}").sum()
        for state, (en, fr, _) in STATES.items():
            number = col(f"{state}_{window}").sum()
            yield feature(f"{state}_{window}_SHARE", ratio(number, total), "share", f"share of bureau months {en} {en_window}", f"part des mois du bureau {fr} {fr_window}")
            if state in ("LATE", "SERIOUS"):
                yield feature(f"{state}_{window}", number, "months", f"bureau months {en} {en_window}", f"mois du bureau {fr} {fr_window}")


FEATURES: tuple[Feature, ...] = tuple(_features())
