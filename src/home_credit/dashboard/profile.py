"""The facts of an application that are shown beside a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import PredictionRequest

DAYS_PER_YEAR = 365.25
NOT_EMPLOYED = 365_243  # DAYS_EMPLOYED of pensioners and the unemployed

# The applicant's sex is not shown, so that it cannot influence the loan officer.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "credit": ("NAME_CONTRACT_TYPE", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE"),
    "situation": ("AMT_INCOME_TOTAL", "NAME_INCOME_TYPE", "OCCUPATION_TYPE", "DAYS_EMPLOYED"),
    "household": ("DAYS_BIRTH", "NAME_FAMILY_STATUS", "CNT_CHILDREN", "NAME_HOUSING_TYPE", "FLAG_OWN_REALTY"),
    "external": ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"),
}
HISTORIES = (
    "bureau",
    "bureau_balance",
    "previous_application",
    "POS_CASH_balance",
    "installments_payments",
    "credit_card_balance",
)


def facts(application: Mapping[str, object], group: str, translate: Texts) -> list[tuple[str, str]]:
    """Return label and value of each column of a group, formatted for display."""
    return [
        (translate(f"fields.{column}"), _written(column, application.get(column), translate))
        for column in GROUPS[group]
    ]


def history_counts(bundle: PredictionRequest, translate: Texts) -> list[tuple[str, str]]:
    """Return label and number of rows of each history table."""
    return [
        (translate(f"history.{table}"), translate.number(len(getattr(bundle, table)))) for table in HISTORIES
    ]


def years(days: float, translate: Texts) -> str:
    """Return a time that a table counts in days, as years."""
    return translate("profile.years", value=translate.number(abs(days) / DAYS_PER_YEAR, 1))


def _written(column: str, raw: object, translate: Texts) -> str:
    if not isinstance(raw, int | float | str):
        return translate("profile.missing")
    if isinstance(raw, str):
        return translate.category(raw, column)
    if column == "DAYS_EMPLOYED" and raw == NOT_EMPLOYED:
        return translate("profile.not_employed")
    if column.startswith("DAYS_"):
        return years(raw, translate)
    return translate.number(raw, 3 if column.startswith("EXT_SOURCE") else 0)
