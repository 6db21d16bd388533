"""Features that set the history of an applicant against the present application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import ratio
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import FLOAT, Expr, col

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "combined"


def _features() -> Iterator[Feature]:
    def feature(suffix: str, value: Expr, unit: str, reason: str, en: str, fr: str) -> Feature:
        return Feature(f"MIX_{suffix}", value, unit, reason, en, fr, Missing.UNDEFINED)

    income, annuity, credit = col("AMT_INCOME_TOTAL"), col("AMT_ANNUITY"), col("AMT_CREDIT")
    yield feature("DEBT_TO_INCOME", ratio(col("BUR_ACTIVE_DEBT_SUM"), income), "ratio", "BUREAU_DEBT", "bureau debt over income", "dette au bureau rapportée au revenu")
    yield feature("DEBT_WITH_CREDIT_TO_INCOME", ratio(col("BUR_ACTIVE_DEBT_SUM").fill_null(0.0) + credit, income), "ratio", "CREDIT_BURDEN", "bureau debt and this credit over income", "dette au bureau et ce crédit rapportés au revenu")
    yield feature("DEBT_TO_CREDIT", ratio(col("BUR_ACTIVE_DEBT_SUM"), credit), "ratio", "BUREAU_DEBT", "bureau debt over this credit", "dette au bureau rapportée à ce crédit")
    yield feature("BUREAU_ANNUITY_TO_INCOME", ratio(col("BUR_ACTIVE_ANNUITY_SUM"), income), "ratio", "BUREAU_DEBT", "bureau annuities over income", "annuités au bureau rapportées au revenu")
    yield feature("OPENING_TO_AGE", ratio(col("BUR_ALL_AGE_MAX"), col("DAYS_BIRTH").cast(FLOAT)), "ratio", "BUREAU_EXPERIENCE", "age of the oldest bureau credit over age", "ancienneté au bureau rapportée à l’âge")
    yield feature("RUNNING_ANNUITY_TO_INCOME", ratio(col("PREV_RUNNING_ANNUITY") + annuity, income), "ratio", "CREDIT_BURDEN", "running annuities and this one over income", "annuités en cours et celle-ci rapportées au revenu")
    yield feature("ANNUITY_TO_PAST", ratio(annuity, col("PREV_APPROVED_ANNUITY_MEAN")), "ratio", "LOAN_TERMS", "annuity over the mean of approved applications", "annuité rapportée à la moyenne des demandes acceptées")
    yield feature("ANNUITY_TO_PAST_MAX", ratio(annuity, col("PREV_APPROVED_ANNUITY_MAX")), "ratio", "LOAN_TERMS", "annuity over the largest of approved applications", "annuité rapportée à la plus grosse des demandes acceptées")
    yield feature("CREDIT_TO_PAST", ratio(credit, col("PREV_APPROVED_CREDIT_MEAN")), "ratio", "LOAN_TERMS", "credit over the mean of approved applications", "crédit rapporté à la moyenne des demandes acceptées")
    yield feature("CREDIT_TO_PAST_MAX", ratio(credit, col("PREV_APPROVED_CREDIT_MAX")), "ratio", "LOAN_TERMS", "credit over the largest of approved applications", "crédit rapporté au plus gros des demandes acceptées")
    yield feature("CREDIT_TO_REFUSED", ratio(credit, col("PREV_REFUSED_CREDIT_MAX")), "ratio", "LOAN_TERMS", "credit over the largest refused", "crédit rapporté au plus gros refusé")
    yield feature("ANNUITY_TO_INSTALMENT_MAX", ratio(annuity, col("INS_DUE_MAX")), "ratio", "LOAN_TERMS", "annuity over the largest instalment ever due", "annuité rapportée à la plus grosse échéance")
    for days in (60, 90, 180, 365, 730):
        paid = col(f"INS_{days}_PAID_MEAN") * col(f"INS_{days}_COUNT").cast(FLOAT)
        yield feature(f"PAID_{days}_TO_ANNUITY", ratio(paid, annuity), "ratio", "PAYMENT_EXPERIENCE", f"paid in the last {days} days over annuity", f"payé dans les {days} derniers jours rapporté à l’annuité")
    yield feature("PAID_TO_ANNUITY", ratio(col("INS_ALL_PAID_MEAN"), annuity), "ratio", "PAYMENT_EXPERIENCE", "mean payment over annuity", "paiement moyen rapporté à l’annuité")
    yield feature("CARD_BALANCE_TO_INCOME", ratio(col("CC_LATEST_BALANCE"), income), "ratio", "CARD_USE", "card balance over income", "solde de carte rapporté au revenu")
    yield feature("CARD_LIMIT_TO_INCOME", ratio(col("CC_LIMIT_MAX"), income), "ratio", "CARD_USE", "card limit over income", "plafond de carte rapporté au revenu")
    yield feature("CARD_DRAWN_TO_INCOME", ratio(col("CC_12M_DRAWN_MEAN"), income), "ratio", "CARD_DRAWINGS", "monthly card drawings over income", "retraits mensuels par carte rapportés au revenu")


FEATURES: tuple[Feature, ...] = tuple(_features())
