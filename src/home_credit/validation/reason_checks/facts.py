"""The values of features that reasons show, computed from raw rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.validation.reason_checks.rows import MISMATCHES, NOT_EMPLOYED, known, number, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from home_credit.validation.reason_checks.rows import Applicant, Fact, Row


def _given(column: str) -> Callable[[Applicant], Fact]:
    return lambda applicant: applicant.application.get(column)


def _ratio(numerator: str, denominator: str) -> Callable[[Applicant], float | None]:
    def compute(applicant: Applicant) -> float | None:
        bottom = number(applicant.application, denominator)
        if not known(applicant.application, numerator) or not bottom:
            return None
        return number(applicant.application, numerator) / bottom

    return compute


def _within(column: str, days: int) -> Callable[[Row], bool]:
    return lambda row: number(row, column) >= -days


def _count(
    table: str, test: Callable[[Row], bool] = lambda _row: True
) -> Callable[[Applicant], float | None]:
    def compute(applicant: Applicant) -> float | None:
        rows = applicant.table(table)
        return float(sum(test(row) for row in rows)) if rows else None

    return compute


def _share(table: str, test: Callable[[Row], bool]) -> Callable[[Applicant], float | None]:
    def compute(applicant: Applicant) -> float | None:
        rows = applicant.table(table)
        return sum(test(row) for row in rows) / len(rows) if rows else None

    return compute


def _extreme(
    table: str, column: str, choose: Callable[[list[float]], float], sign: float = 1.0
) -> Callable[[Applicant], float | None]:
    def compute(applicant: Applicant) -> float | None:
        numbers = [sign * number(row, column) for row in applicant.table(table) if known(row, column)]
        return choose(numbers) if numbers else None

    return compute


_AS_GIVEN = [
    "NAME_CONTRACT_TYPE",
    "AMT_CREDIT",
    "AMT_GOODS_PRICE",
    "AMT_ANNUITY",
    "AMT_INCOME_TOTAL",
    "NAME_INCOME_TYPE",
    "OCCUPATION_TYPE",
    "ORGANIZATION_TYPE",
    "NAME_EDUCATION_TYPE",
    "FLAG_OWN_CAR",
    "OWN_CAR_AGE",
    "FLAG_OWN_REALTY",
    "NAME_HOUSING_TYPE",
    "DAYS_REGISTRATION",
    "DAYS_ID_PUBLISH",
    "DAYS_LAST_PHONE_CHANGE",
    "FLAG_EMP_PHONE",
    "FLAG_WORK_PHONE",
    "FLAG_CONT_MOBILE",
    "FLAG_PHONE",
    "FLAG_EMAIL",
    "NAME_TYPE_SUITE",
    "HOUR_APPR_PROCESS_START",
    "EXT_SOURCE_1",
    "EXT_SOURCE_2",
    "EXT_SOURCE_3",
    "AMT_REQ_CREDIT_BUREAU_YEAR",
    "AMT_REQ_CREDIT_BUREAU_QRT",
    "AMT_REQ_CREDIT_BUREAU_MON",
    "TOTALAREA_MODE",
    "APARTMENTS_AVG",
    "FLAG_DOCUMENT_3",
    "FLAG_DOCUMENT_6",
    "FLAG_DOCUMENT_8",
]

FACTS: Mapping[str, Callable[[Applicant], Fact]] = {
    **{column: _given(column) for column in (*_AS_GIVEN, *MISMATCHES)},
    "APP_EXT_PRESENT": lambda applicant: float(
        sum(known(applicant.application, f"EXT_SOURCE_{number}") for number in (1, 2, 3))
    ),
    "DAYS_EMPLOYED": lambda applicant: (
        None
        if applicant.application.get("DAYS_EMPLOYED") in {None, NOT_EMPLOYED}
        else applicant.application["DAYS_EMPLOYED"]
    ),
    "APP_NOT_EMPLOYED": lambda applicant: float(applicant.application.get("DAYS_EMPLOYED") == NOT_EMPLOYED),
    "APP_CREDIT_TO_GOODS": _ratio("AMT_CREDIT", "AMT_GOODS_PRICE"),
    "APP_ANNUITY_TO_INCOME": _ratio("AMT_ANNUITY", "AMT_INCOME_TOTAL"),
    "APP_CREDIT_TO_INCOME": _ratio("AMT_CREDIT", "AMT_INCOME_TOTAL"),
    "APP_GOODS_TO_INCOME": _ratio("AMT_GOODS_PRICE", "AMT_INCOME_TOTAL"),
    "APP_TERM": _ratio("AMT_CREDIT", "AMT_ANNUITY"),
    "BUR_ALL_COUNT": _count("bureau"),
    "BUR_ACTIVE_COUNT": _count("bureau", lambda row: row.get("CREDIT_ACTIVE") == "Active"),
    "BUR_ACTIVE_SHARE": _share("bureau", lambda row: row.get("CREDIT_ACTIVE") == "Active"),
    "BUR_ALL_AGE_MIN": _extreme("bureau", "DAYS_CREDIT", min, -1.0),
    "BUR_ALL_AGE_MAX": _extreme("bureau", "DAYS_CREDIT", max, -1.0),
    "BUR_OVERDUE_DAYS_MAX": _extreme("bureau", "CREDIT_DAY_OVERDUE", max),
    "BUR_ALL_CREDIT_MAX": _extreme("bureau", "AMT_CREDIT_SUM", max),
    "BUR_ALL_WORST_OVERDUE_MAX": _extreme("bureau", "AMT_CREDIT_MAX_OVERDUE", max),
    **{f"BUR_OPENED_{days}": _count("bureau", _within("DAYS_CREDIT", days)) for days in (90, 180, 365, 730)},
    "PREV_COUNT": _count("previous_application"),
    "PREV_REFUSED_COUNT": _count("previous_application", refused),
    "PREV_REFUSED_SHARE": _share("previous_application", refused),
    "PREV_APPROVED_COUNT": _count(
        "previous_application", lambda row: row.get("NAME_CONTRACT_STATUS") == "Approved"
    ),
    "PREV_AGE_MAX": _extreme("previous_application", "DAYS_DECISION", max, -1.0),
    **{
        f"PREV_COUNT_{days}": _count("previous_application", _within("DAYS_DECISION", days))
        for days in (90, 180, 365, 730)
    },
    "POS_MONTHS": _count("POS_CASH_balance"),
    "POS_LATE_ALL_MAX": _extreme("POS_CASH_balance", "SK_DPD", max),
    "CC_MONTHS": _count("credit_card_balance"),
    "CC_LIMIT_MAX": _extreme("credit_card_balance", "AMT_CREDIT_LIMIT_ACTUAL", max),
    "CC_ALL_LATE_MAX": _extreme("credit_card_balance", "SK_DPD", max),
}
