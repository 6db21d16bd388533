"""The statements of reason codes, evaluated on raw rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.validation.reason_checks.rows import MISMATCHES, NOT_EMPLOYED, known, number, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.validation.reason_checks.rows import Applicant, Row


def _is(column: str, value: object) -> Callable[[Applicant], bool]:
    return lambda applicant: applicant.application.get(column) == value


def _none(*tables: str) -> Callable[[Applicant], bool]:
    return lambda applicant: not any(applicant.table(table) for table in tables)


def _some(table: str, test: Callable[[Row], bool]) -> Callable[[Applicant], bool]:
    return lambda applicant: applicant.any(table, test)


def _never(table: str, test: Callable[[Row], bool]) -> Callable[[Applicant], bool]:
    return lambda applicant: bool(applicant.table(table)) and not applicant.any(table, test)


def _compared_with_goods(test: Callable[[float, float], bool]) -> Callable[[Applicant], bool]:
    def judge(applicant: Applicant) -> bool:
        credit, goods = (applicant.application.get(column) for column in ("AMT_CREDIT", "AMT_GOODS_PRICE"))
        return isinstance(credit, int | float) and isinstance(goods, int | float) and test(credit, goods)

    return judge


def _mismatch(applicant: Applicant) -> bool:
    return any(applicant.application.get(column) for column in MISMATCHES)


def _late(payments: Sequence[Row]) -> bool:
    paid = [number(row, "DAYS_ENTRY_PAYMENT") for row in payments if known(row, "DAYS_ENTRY_PAYMENT")]
    due = max(number(row, "DAYS_INSTALMENT") for row in payments)
    return any(day > due for day in paid)


def _unpaid(payments: Sequence[Row]) -> bool:
    return any(not known(row, "AMT_PAYMENT") for row in payments)


def _short(payments: Sequence[Row]) -> bool:
    due = max(number(row, "AMT_INSTALMENT") for row in payments)
    return sum(number(row, "AMT_PAYMENT") for row in payments) < due - 0.001


def _overdue(row: Row) -> bool:
    return number(row, "CREDIT_DAY_OVERDUE") > 0 or number(row, "AMT_CREDIT_SUM_OVERDUE") > 0


def _ever_overdue(row: Row) -> bool:
    return number(row, "AMT_CREDIT_MAX_OVERDUE") > 0


def _late_month(row: Row) -> bool:
    return row.get("STATUS") in {"1", "2", "3", "4", "5"}


def _recent(row: Row) -> bool:
    return number(row, "DAYS_CREDIT") >= -365


NO_PREVIOUS = _none("previous_application")
NO_POS = _none("POS_CASH_balance")
NO_CARD = _none("credit_card_balance")
NO_INSTALMENT = _none("installments_payments")

STATEMENTS: Mapping[str, Callable[[Applicant], bool]] = {
    "No external credit score is known": lambda applicant: (
        not any(known(applicant.application, f"EXT_SOURCE_{number}") for number in (1, 2, 3))
    ),
    "The credit is larger than the price of the goods": _compared_with_goods(
        lambda credit, goods: credit > goods
    ),
    "The credit is smaller than the price of the goods": _compared_with_goods(
        lambda credit, goods: credit < goods
    ),
    "The credit equals the price of the goods": _compared_with_goods(lambda credit, goods: credit == goods),
    "No earlier credit with us is known to compare this one with": _none(
        "previous_application", "installments_payments"
    ),
    "No present employment is declared": _is("DAYS_EMPLOYED", NOT_EMPLOYED),
    "A present employment is declared": lambda applicant: (
        known(applicant.application, "DAYS_EMPLOYED")
        and applicant.application["DAYS_EMPLOYED"] != NOT_EMPLOYED
    ),
    "No car of the applicant’s own is declared": _is("FLAG_OWN_CAR", "N"),
    "A car of the applicant’s own is declared": _is("FLAG_OWN_CAR", "Y"),
    "No house or flat of the applicant’s own is declared": _is("FLAG_OWN_REALTY", "N"),
    "A house or flat of the applicant’s own is declared": _is("FLAG_OWN_REALTY", "Y"),
    "The registered, contact and work addresses do not all agree": _mismatch,
    "The registered, contact and work addresses are in the same city and region": lambda applicant: (
        not _mismatch(applicant)
    ),
    "It is not known how often the credit bureau was asked": lambda applicant: (
        not known(applicant.application, "AMT_REQ_CREDIT_BUREAU_YEAR")
    ),
    "No credit history with other lenders is known": _none("bureau"),
    "Credits were taken with other lenders in the last year": _some("bureau", _recent),
    "No credit was taken with other lenders in the last year": _never("bureau", _recent),
    "A credit with another lender is past due": _some("bureau", _overdue),
    "A credit with another lender was past due": _some("bureau", _ever_overdue),
    "A credit with another lender was past due in some month": _some("bureau_balance", _late_month),
    "No arrears with other lenders are known": lambda applicant: (
        not (
            applicant.any("bureau", _overdue)
            or applicant.any("bureau", _ever_overdue)
            or applicant.any("bureau_balance", _late_month)
        )
    ),
    "Debts with other lenders are still to be repaid": _some(
        "bureau", lambda row: row.get("CREDIT_ACTIVE") == "Active" and number(row, "AMT_CREDIT_SUM_DEBT") > 0
    ),
    "No debt with other lenders is known": _never(
        "bureau", lambda row: number(row, "AMT_CREDIT_SUM_DEBT") > 0
    ),
    "No earlier application with us is known": NO_PREVIOUS,
    "Earlier applications with us were refused": _some("previous_application", refused),
    "No earlier application with us was refused": _never("previous_application", refused),
    "No earlier credit with us is known": _none("previous_application", "POS_CASH_balance"),
    "No monthly record of an earlier loan with us is known": NO_POS,
    "An earlier loan with us was past due": _some("POS_CASH_balance", lambda row: number(row, "SK_DPD") > 0),
    "No earlier loan with us was past due": _never("POS_CASH_balance", lambda row: number(row, "SK_DPD") > 0),
    "No instalment of an earlier credit with us is known": NO_INSTALMENT,
    "Instalments of earlier credits were not paid in full": lambda applicant: any(
        _short(payments) for payments in applicant.instalments()
    ),
    "All instalments known of earlier credits were paid in full": lambda applicant: (
        not any(_short(payments) or _unpaid(payments) for payments in applicant.instalments())
    ),
    "Instalments of earlier credits were paid late or not at all": lambda applicant: any(
        _late(payments) or _unpaid(payments) for payments in applicant.instalments()
    ),
    "No instalment of an earlier credit was paid late": lambda applicant: (
        not any(_late(payments) or _unpaid(payments) for payments in applicant.instalments())
    ),
    "No credit card with us is known": NO_CARD,
}
