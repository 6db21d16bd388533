"""Features that compare the history of an applicant with the present application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import ratio
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import FLOAT, Expr, col, when

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "combined"


def _features() -> Iterator[Feature]:
    def feature(suffix: str, value: Expr, unit: str, en: str, fr: str) -> Feature:
        return Feature(f"MIX_{suffix}", value, unit, en, fr, Missing.UNDEFINED)

    income, annuity, credit = col("AMT_INCOME_TOTAL"), col("AMT_ANNUITY"), col("AMT_CREDIT")
    # Without a record at the bureau there is no debt to count; debts on record may still be of unknown size.
    debt = when(col("BUR_ALL_COUNT").is_null()).then(0.0).otherwise(col("BUR_ACTIVE_DEBT_SUM"))
    yield feature("DEBT_TO_INCOME", ratio(col("BUR_ACTIVE_DEBT_SUM"), income), "ratio", "debt with other lenders over monthly income", "dette auprès d’autres prêteurs rapportée au revenu mensuel")
    yield feature("DEBT_WITH_CREDIT_TO_INCOME", ratio(debt + credit, income), "ratio", "debt with other lenders and this credit over monthly income", "dette auprès d’autres prêteurs et crédit demandé, rapportés au revenu mensuel")
    yield feature("DEBT_TO_CREDIT", ratio(col("BUR_ACTIVE_DEBT_SUM"), credit), "ratio", "debt with other lenders over this credit", "dette auprès d’autres prêteurs rapportée au crédit demandé")
    yield feature("BUREAU_ANNUITY_TO_INCOME", ratio(col("BUR_ACTIVE_ANNUITY_SUM"), income), "ratio", "monthly instalments with other lenders over monthly income", "mensualités auprès d’autres prêteurs rapportées au revenu mensuel")
    yield feature("OPENING_TO_AGE", ratio(col("BUR_ALL_AGE_MAX"), col("DAYS_BIRTH").cast(FLOAT)), "ratio", "age of the oldest credit with other lenders over age", "ancienneté du plus vieux crédit auprès d’autres prêteurs rapportée à l’âge")
    yield feature("RUNNING_ANNUITY_TO_INCOME", ratio(col("PREV_RUNNING_ANNUITY") + annuity, income), "ratio", "running monthly instalments and this one over monthly income", "mensualités en cours et celle-ci rapportées au revenu mensuel")
    yield feature("ANNUITY_TO_PAST", ratio(annuity, col("PREV_APPROVED_ANNUITY_MEAN")), "ratio", "monthly instalment over the mean of approved applications", "mensualité rapportée à la moyenne des demandes acceptées")
    yield feature("ANNUITY_TO_PAST_MAX", ratio(annuity, col("PREV_APPROVED_ANNUITY_MAX")), "ratio", "monthly instalment over the largest of approved applications", "mensualité rapportée à la plus grosse des demandes acceptées")
    yield feature("CREDIT_TO_PAST", ratio(credit, col("PREV_APPROVED_CREDIT_MEAN")), "ratio", "credit over the mean of approved applications", "crédit rapporté à la moyenne des demandes acceptées")
    yield feature("CREDIT_TO_PAST_MAX", ratio(credit, col("PREV_APPROVED_CREDIT_MAX")), "ratio", "credit over the largest of approved applications", "crédit rapporté au plus gros des demandes acceptées")
    yield feature("CREDIT_TO_REFUSED", ratio(credit, col("PREV_REFUSED_CREDIT_MAX")), "ratio", "credit over the largest refused", "crédit rapporté au plus gros crédit refusé")
    yield feature("ANNUITY_TO_INSTALMENT_MAX", ratio(annuity, col("INS_DUE_MAX")), "ratio", "monthly instalment over the largest instalment ever due", "mensualité rapportée à la plus grosse échéance")
    # As the approximate yearly rates of earlier applications are computed: interest on a debt that falls to nothing.
    months = col("APP_IMPLIED_TERM")
    yearly = ratio((annuity * months - credit) * 24.0, credit * (months + 1.0))
    yield feature("RATE_LESS_PAST", yearly - col("PREV_APPROVED_YEARLY_RATE_MEAN"), "rate", "approximate yearly rate less the mean of approved applications", "taux annuel approché moins la moyenne des demandes acceptées")
    yield feature("RATE_LESS_LATEST", yearly - col("PREV_LATEST_APPROVED_YEARLY_RATE"), "rate", "approximate yearly rate less that of the last approved application", "taux annuel approché moins celui de la dernière demande acceptée")
    for days in (60, 90, 180, 365, 730):
        paid = col(f"INS_{days}_PAID_MEAN") * col(f"INS_{days}_COUNT").cast(FLOAT)
        yield feature(f"PAID_{days}_TO_ANNUITY", ratio(paid, annuity), "ratio", f"paid in the last {days} days over monthly instalment", f"payé dans les {days} derniers jours rapporté à la mensualité")
    yield feature("PAID_TO_ANNUITY", ratio(col("INS_ALL_PAID_MEAN"), annuity), "ratio", "mean payment over monthly instalment", "paiement moyen rapporté à la mensualité")
    yield feature("CARD_BALANCE_TO_INCOME", ratio(col("CC_LATEST_BALANCE"), income), "ratio", "card balance over monthly income", "solde de carte rapporté au revenu mensuel")
    yield feature("CARD_LIMIT_TO_INCOME", ratio(col("CC_LIMIT_MAX"), income), "ratio", "card limit over monthly income", "plafond de carte rapporté au revenu mensuel")
    yield feature("CARD_DRAWN_TO_INCOME", ratio(col("CC_12M_DRAWN_MEAN"), income), "ratio", "monthly card drawings over monthly income", "retraits mensuels par carte rapportés au revenu mensuel")


FEATURES: tuple[Feature, ...] = tuple(_features())
