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

    yield feature("CREDITS", count_rows(), "count", "credits with other lenders with monthly records", "crédits auprès d’autres prêteurs suivis chaque mois")
    yield feature("MONTHS", col("MONTHS_ALL").sum(), "months", "months on record over all credits with other lenders", "mois connus, tous les crédits auprès d’autres prêteurs")
    yield feature("MONTHS_MEAN", mean(col("MONTHS_ALL")), "months", "mean months on record of each credit with other lenders", "mois connus en moyenne par crédit auprès d’autres prêteurs")
    yield feature("LATE_CREDITS", count(col("LATE_ALL") > 0), "count", "credits with other lenders ever past due", "crédits auprès d’autres prêteurs ayant connu un retard")
    yield feature("LATE_CREDITS_SHARE", mean(flag(col("LATE_ALL") > 0)), "share", "share of credits with other lenders ever past due", "part des crédits auprès d’autres prêteurs ayant connu un retard")
    yield feature("WORST", col("worst").max(), "code", "worst status of any credit with other lenders (0 to 5)", "pire statut des crédits auprès d’autres prêteurs (0 à 5)")
    yield feature("WORST_MEAN", mean(col("worst")), "code", "mean of the worst status of each credit with other lenders (0 to 5)", "moyenne du pire statut de chaque crédit auprès d’autres prêteurs (0 à 5)")
    yield feature("LATE_AGE", col("late_age").min(), "months", "time since a credit with other lenders was last past due", "temps depuis le dernier retard auprès d’autres prêteurs")
    yield feature("NEWEST", col("newest").min(), "months", "time since the newest monthly record of other lenders", "temps depuis le dernier relevé mensuel d’autres prêteurs")
    for months, window in WINDOWS.items():
        en_window = f"in the last {months} months" if months < 100 else "over all months"
        fr_window = f"sur les {months} derniers mois" if months < 100 else "sur tous les mois"
        total = col(f"MONTHS_{window}").sum()
        for state, (en, fr, _) in STATES.items():
            number = col(f"{state}_{window}").sum()
            yield feature(f"{state}_{window}_SHARE", ratio(number, total), "share", f"share of the credit months with other lenders {en} {en_window}", f"part des mois de crédit auprès d’autres prêteurs {fr} {fr_window}")
            if state in ("LATE", "SERIOUS"):
                yield feature(f"{state}_{window}", number, "months", f"credit months with other lenders {en} {en_window}", f"mois de crédit auprès d’autres prêteurs {fr} {fr_window}")


FEATURES: tuple[Feature, ...] = tuple(_features())
