"""Checks the texts of reasons against the raw rows, independently of the features.

Conditions on features choose the statements of reason codes. Here each statement is evaluated a second time, in plain
Python on the applicant's raw rows, so that a wrong feature, a wrong condition and a wrong word are all found. The
facts behind a reason are computed a second time for the columns of the application and for the counts, shares,
extremes and sums of the histories that most reasons show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from home_credit.default_risk.reasons.codes import reason_codes
from home_credit.tables.schema import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from home_credit.schemas import Reason

Fact = float | str | None
Row = Mapping[str, Fact]
Rows = Mapping[str, Row | Sequence[Row] | None]

NOT_EMPLOYED = 365243
MISMATCHES = (
    "REG_REGION_NOT_LIVE_REGION",
    "REG_REGION_NOT_WORK_REGION",
    "LIVE_REGION_NOT_WORK_REGION",
    "REG_CITY_NOT_LIVE_CITY",
    "REG_CITY_NOT_WORK_CITY",
    "LIVE_CITY_NOT_WORK_CITY",
)


def false_statements(rows: Rows, reasons: Sequence[Reason]) -> Iterator[str]:
    """Yield one line for each reason whose text or value the rows contradict.

    ``rows`` are one applicant's raw rows by table, ``reasons`` those given to the applicant.
    """
    applicant = Applicant(rows)
    for reason in reasons:
        statement = _statement(reason)
        if statement is not None and not STATEMENTS[statement](applicant):
            yield f"{reason.code}: {statement!r} is not true"
        yield from _false_fact(applicant, reason)


def can_judge(reason: Reason) -> bool:
    """Return whether the value of a reason can be computed a second time here."""
    return reason.feature in FACTS


def _statement(reason: Reason) -> str | None:
    """Return the statement that the text begins with, ``None`` where it has only a topic and a value."""
    told = reason.text.en.split(" – ")[0]
    return next((each.en for each in reason_codes()[reason.code].statements if each.en == told), None)


def _false_fact(applicant: Applicant, reason: Reason) -> Iterator[str]:
    compute = FACTS.get(reason.feature)
    if compute is None:
        return
    true = compute(applicant)
    if true is None or reason.value is None or isinstance(true, str):
        same = true == reason.value
    else:
        same = math.isclose(float(true), float(reason.value), rel_tol=1e-6, abs_tol=1e-6)
    if not same:
        yield f"{reason.code}: {reason.feature} is {true!r}, not {reason.value!r}"


class Applicant:
    """One applicant's rows, with the queries that statements need."""

    def __init__(self, rows: Rows) -> None:
        application = rows[APPLICATION]
        assert isinstance(application, Mapping)  # noqa: S101  # for mypy: the one table that is a single row
        self.application: Row = application
        self._histories = {name: table for name, table in rows.items() if isinstance(table, Sequence)}

    def table(self, name: str) -> list[Row]:
        """Return the rows of one history."""
        found = self._histories.get(name, ())
        return [row for row in found if name != "bureau_balance" or row["SK_ID_BUREAU"] in self._credits]

    @property
    def _credits(self) -> set[Fact]:
        return {row["SK_ID_BUREAU"] for row in self._histories.get("bureau", ())}

    def instalments(self) -> list[list[Row]]:
        """Return the payments of each instalment."""
        found: dict[tuple[Fact, ...], list[Row]] = {}
        for row in self.table("installments_payments"):
            key = (row["SK_ID_PREV"], row["NUM_INSTALMENT_NUMBER"], row.get("DAYS_INSTALMENT"))
            found.setdefault(key, []).append(row)
        return list(found.values())

    def any(self, table: str, test: Callable[[Row], bool]) -> bool:
        """Return whether a row of the table passes the test."""
        return any(test(row) for row in self.table(table))


def _number(row: Row, column: str) -> float:
    value = row.get(column)
    return 0.0 if value is None else float(value)


def _known(row: Row, column: str) -> bool:
    return row.get(column) is not None


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
    paid = [_number(row, "DAYS_ENTRY_PAYMENT") for row in payments if _known(row, "DAYS_ENTRY_PAYMENT")]
    due = max(_number(row, "DAYS_INSTALMENT") for row in payments)
    return any(day > due for day in paid)


def _unpaid(payments: Sequence[Row]) -> bool:
    return any(not _known(row, "AMT_PAYMENT") for row in payments)


def _short(payments: Sequence[Row]) -> bool:
    due = max(_number(row, "AMT_INSTALMENT") for row in payments)
    return sum(_number(row, "AMT_PAYMENT") for row in payments) < due - 0.001


def _overdue(row: Row) -> bool:
    return _number(row, "CREDIT_DAY_OVERDUE") > 0 or _number(row, "AMT_CREDIT_SUM_OVERDUE") > 0


def _ever_overdue(row: Row) -> bool:
    return _number(row, "AMT_CREDIT_MAX_OVERDUE") > 0


def _late_month(row: Row) -> bool:
    return row.get("STATUS") in {"1", "2", "3", "4", "5"}


def _recent(row: Row) -> bool:
    return _number(row, "DAYS_CREDIT") >= -365


def _refused(row: Row) -> bool:
    return row.get("NAME_CONTRACT_STATUS") == "Refused"


NO_PREVIOUS = _none("previous_application")
NO_POS = _none("POS_CASH_balance")
NO_CARD = _none("credit_card_balance")
NO_INSTALMENT = _none("installments_payments")

STATEMENTS: Mapping[str, Callable[[Applicant], bool]] = {
    "No external credit score is known": lambda applicant: (
        not any(_known(applicant.application, f"EXT_SOURCE_{number}") for number in (1, 2, 3))
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
        _known(applicant.application, "DAYS_EMPLOYED")
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
        not _known(applicant.application, "AMT_REQ_CREDIT_BUREAU_YEAR")
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
        "bureau", lambda row: row.get("CREDIT_ACTIVE") == "Active" and _number(row, "AMT_CREDIT_SUM_DEBT") > 0
    ),
    "No debt with other lenders is known": _never(
        "bureau", lambda row: _number(row, "AMT_CREDIT_SUM_DEBT") > 0
    ),
    "No earlier application with us is known": NO_PREVIOUS,
    "Earlier applications with us were refused": _some("previous_application", _refused),
    "No earlier application with us was refused": _never("previous_application", _refused),
    "No earlier credit with us is known": _none("previous_application", "POS_CASH_balance"),
    "No monthly record of an earlier loan with us is known": NO_POS,
    "An earlier loan with us was past due": _some("POS_CASH_balance", lambda row: _number(row, "SK_DPD") > 0),
    "No earlier loan with us was past due": _never(
        "POS_CASH_balance", lambda row: _number(row, "SK_DPD") > 0
    ),
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


def _given(column: str) -> Callable[[Applicant], Fact]:
    return lambda applicant: applicant.application.get(column)


def _ratio(numerator: str, denominator: str) -> Callable[[Applicant], float | None]:
    def compute(applicant: Applicant) -> float | None:
        bottom = _number(applicant.application, denominator)
        if not _known(applicant.application, numerator) or not bottom:
            return None
        return _number(applicant.application, numerator) / bottom

    return compute


def _within(column: str, days: int) -> Callable[[Row], bool]:
    return lambda row: _number(row, column) >= -days


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
        numbers = [sign * _number(row, column) for row in applicant.table(table) if _known(row, column)]
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
        sum(_known(applicant.application, f"EXT_SOURCE_{number}") for number in (1, 2, 3))
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
    "PREV_REFUSED_COUNT": _count("previous_application", _refused),
    "PREV_REFUSED_SHARE": _share("previous_application", _refused),
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
