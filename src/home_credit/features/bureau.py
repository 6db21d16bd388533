"""Features of the credits that other lenders reported to the credit bureau."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import (
    count,
    latest,
    mean,
    money,
    rate,
    ratio,
    ratio_of_sums,
    recency_rank,
    scaled_ratio,
    share,
    standard_deviation,
    thousandths,
    total,
    where,
    whole,
)
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import FLOAT, Expr, col
from home_credit.features.plan import scan
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "bureau"
# Dates more than a century away are data errors.
CENTURY = 36525
ACTIVE, CLOSED = col("CREDIT_ACTIVE") == "Active", col("CREDIT_ACTIVE") == "Closed"
TYPES = {
    "CONSUMER": ("Consumer credit", "consumer credits", "crédits à la consommation"),
    "CARD": ("Credit card", "credit cards", "cartes de crédit"),
    "CAR": ("Car loan", "car loans", "crédits automobiles"),
    "MORTGAGE": ("Mortgage", "mortgages", "prêts immobiliers"),
    "MICRO": ("Microloan", "microloans", "microcrédits"),
}
WINDOWS = (90, 180, 365, 730)


end, ended = whole("DAYS_CREDIT_ENDDATE"), whole("DAYS_ENDDATE_FACT")
# One row per bureau credit with the integers that the features aggregate.
ROWS = (
    scan(TABLE)
    .select(
        ID,
        "SK_ID_BUREAU",
        "CREDIT_ACTIVE",
        "CREDIT_TYPE",
        age=-whole("DAYS_CREDIT"),
        end=where((end > -CENTURY) & (end < CENTURY), end),
        ended=where(ended > -CENTURY, -ended),
        updated=-whole("DAYS_CREDIT_UPDATE"),
        overdue_days=whole("CREDIT_DAY_OVERDUE"),
        prolonged=whole("CNT_CREDIT_PROLONG"),
        credit=thousandths("AMT_CREDIT_SUM"),
        debt=thousandths("AMT_CREDIT_SUM_DEBT"),
        limit=thousandths("AMT_CREDIT_SUM_LIMIT"),
        overdue=thousandths("AMT_CREDIT_SUM_OVERDUE"),
        worst_overdue=thousandths("AMT_CREDIT_MAX_OVERDUE"),
        annuity=thousandths("AMT_ANNUITY"),
    )
    .with_columns(
        indebted=scaled_ratio(col("debt"), col("credit")),
        length=col("end") + col("age"),
        early=col("end") + col("ended"),
        rank=recency_rank(["age", "SK_ID_BUREAU"]),
    )
)


def _scope(name: str, en: str, fr: str, scope: Expr) -> Iterator[Feature]:
    """Amounts and dates of the credits in one scope."""

    def feature(suffix: str, value: Expr, unit: str, en_: str, fr_: str, missing: Missing = Missing.NONE_IN_SCOPE) -> Feature:
        return Feature(f"BUR_{name}_{suffix}", value, unit, f"{en_}, {en}", f"{fr_}, {fr}", missing)

    scoped = {key: where(scope, col(key)) for key in ("age", "end", "credit", "debt", "limit", "overdue", "worst_overdue", "annuity", "updated", "indebted", "length")}
    yield feature("COUNT", count(scope), "count", "number of credits", "nombre de crédits")
    yield feature("AGE_MEAN", mean(scoped["age"]), "days", "mean time since opening", "temps moyen depuis l’ouverture")
    yield feature("AGE_MIN", scoped["age"].min(), "days", "time since the newest opening", "temps depuis l’ouverture la plus récente")
    yield feature("AGE_MAX", scoped["age"].max(), "days", "time since the oldest opening", "temps depuis l’ouverture la plus ancienne")
    yield feature("CREDIT_SUM", money(total(col("credit"), scope)), "currency", "sum of credit granted", "somme des crédits accordés", Missing.UNKNOWN)
    yield feature("CREDIT_MEAN", money(mean(scoped["credit"])), "currency", "mean credit granted", "crédit moyen accordé")
    yield feature("CREDIT_MAX", money(scoped["credit"].max()), "currency", "largest credit granted", "plus gros crédit accordé")
    yield feature("DEBT_SUM", money(total(col("debt"), scope)), "currency", "sum still owed", "somme restant due", Missing.UNKNOWN)
    yield feature("DEBT_MAX", money(scoped["debt"].max()), "currency", "largest debt on one credit", "plus grosse dette sur un crédit")
    yield feature("DEBT_TO_CREDIT", ratio_of_sums(scoped["debt"], scoped["credit"]), "ratio", "debt over credit granted", "dette rapportée aux crédits accordés")
    yield feature("INDEBTED_MEAN", rate(mean(scoped["indebted"])), "ratio", "mean debt over credit of each", "dette rapportée au crédit, en moyenne par crédit")
    yield feature("LIMIT_SUM", money(total(col("limit"), scope)), "currency", "sum of card limits", "somme des plafonds de carte", Missing.UNKNOWN)
    yield feature("OVERDUE_SUM", money(total(col("overdue"), scope)), "currency", "sum overdue", "montant total en retard", Missing.UNKNOWN)
    yield feature("WORST_OVERDUE_MAX", money(scoped["worst_overdue"].max()), "currency", "largest amount ever overdue", "plus gros montant constaté en retard")
    yield feature("WORST_OVERDUE_MEAN", money(mean(scoped["worst_overdue"])), "currency", "mean of the largest amounts overdue", "moyenne des plus gros montants constatés en retard")
    yield feature("ANNUITY_SUM", money(total(col("annuity"), scope)), "currency", "sum of monthly instalments", "somme des mensualités", Missing.UNKNOWN)
    yield feature("UPDATED_MEAN", mean(scoped["updated"]), "days", "mean time since the last report", "temps moyen depuis la dernière déclaration")
    yield feature("LENGTH_MEAN", mean(scoped["length"]), "days", "mean planned length", "durée moyenne prévue")


def _general() -> Iterator[Feature]:
    def feature(suffix: str, value: Expr, unit: str, en: str, fr: str, missing: Missing = Missing.NONE_IN_SCOPE) -> Feature:
        return Feature(f"BUR_{suffix}", value, unit, en, fr, missing)

    everything = ~col(ID).is_null()
    yield feature("ACTIVE_SHARE", share(ACTIVE, everything), "share", "share of credits with other lenders still running", "part des crédits encore en cours auprès d’autres prêteurs")
    yield feature("SOLD_COUNT", count(~ACTIVE & ~CLOSED), "count", "bureau credits sold or written off", "crédits cédés ou passés en perte")
    yield feature("AGE_SPREAD", standard_deviation(col("age")), "days", "standard deviation of the time since opening", "écart-type du temps depuis l’ouverture")
    yield feature("END_MAX", where(ACTIVE, col("end")).max(), "days", "time until the last running credit ends", "temps restant jusqu’à la fin du dernier crédit en cours")
    yield feature("END_MEAN", mean(where(ACTIVE, col("end"))), "days", "mean time until running credits end", "temps moyen restant jusqu’à la fin des crédits en cours")
    yield feature("PAST_END_COUNT", count(ACTIVE & (col("end") < 0)), "count", "running credits past their planned end", "crédits en cours au-delà de leur fin prévue")
    yield feature("ENDED_MIN", col("ended").min(), "days", "time since a credit was last repaid", "temps depuis le dernier remboursement complet")
    yield feature("ENDED_MEAN", mean(col("ended")), "days", "mean time since credits were repaid", "temps moyen depuis les remboursements complets")
    yield feature("EARLY_MEAN", mean(where(CLOSED, col("early"))), "days", "mean time by which credits were repaid early", "avance moyenne des remboursements complets")
    yield feature("OVERDUE_DAYS_MAX", col("overdue_days").max(), "days", "longest arrears now", "plus long retard actuel")
    yield feature("OVERDUE_COUNT", count(col("overdue_days") > 0), "count", "credits now past due", "crédits actuellement en retard")
    yield feature("EVER_OVERDUE_COUNT", count(col("worst_overdue") > 0), "count", "credits ever past due", "crédits ayant connu un retard")
    yield feature("PROLONGED_SUM", total(col("prolonged"), everything), "count", "times that credits were prolonged", "nombre de prolongations", Missing.UNKNOWN)
    yield feature("TYPE_COUNT", col("CREDIT_TYPE").n_unique(), "count", "number of kinds of credit", "nombre de types de crédit")
    yield feature("LATEST_CREDIT", money(latest(col("credit"))), "currency", "amount of the newest credit", "montant du crédit le plus récent")
    yield feature("LATEST_INDEBTED", rate(latest(col("indebted"))), "ratio", "debt over credit of the newest credit", "dette rapportée au crédit, pour le crédit le plus récent")
    yield Feature("BUR_LATEST_TYPE", latest(col("CREDIT_TYPE")), "code", "kind of the newest credit", "type du crédit le plus récent", Missing.NONE_IN_SCOPE, "category")
    for code, (value, en, fr) in TYPES.items():
        kind = col("CREDIT_TYPE") == value
        yield feature(f"{code}_COUNT", count(kind), "count", f"number of {en} with other lenders", f"nombre de {fr} auprès d’autres prêteurs")
        yield feature(f"{code}_ACTIVE_COUNT", count(kind & ACTIVE), "count", f"number of active {en} with other lenders", f"nombre de {fr} en cours auprès d’autres prêteurs")
        yield feature(f"{code}_DEBT", money(total(col("debt"), kind)), "currency", f"debt on {en} with other lenders", f"dette sur les {fr} auprès d’autres prêteurs", Missing.UNKNOWN)
    for days in WINDOWS:
        recent = col("age") <= days
        yield feature(f"OPENED_{days}", count(recent), "count", f"credits opened in the last {days} days", f"crédits ouverts dans les {days} derniers jours auprès d’autres prêteurs")
        yield feature(f"OPENED_{days}_CREDIT", money(total(col("credit"), recent)), "currency", f"credit granted in the last {days} days", f"montant des crédits accordés dans les {days} derniers jours auprès d’autres prêteurs", Missing.UNKNOWN)
    yield feature("OPENING_GAP", ratio((col("age").max() - col("age").min()).cast(FLOAT), (col("age").count() - 1).cast(FLOAT)), "days", "mean time between openings", "temps moyen entre deux ouvertures de crédit")


FEATURES: tuple[Feature, ...] = (
    *_scope("ALL", "all credits with other lenders", "tous les crédits auprès d’autres prêteurs", ~col(ID).is_null()),
    *_scope("ACTIVE", "running credits with other lenders", "crédits en cours auprès d’autres prêteurs", ACTIVE),
    *_scope("CLOSED", "closed credits with other lenders", "crédits clos auprès d’autres prêteurs", CLOSED),
    *_general(),
)
