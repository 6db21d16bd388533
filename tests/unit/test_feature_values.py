"""Feature values of rows that can be computed by hand."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.examples import BUNDLE
from home_credit.features.request import NAMES, RequestFeatures
from home_credit.terms.learning import Loans, learn

APPLICANT = 100_001


def one_price(months: int = 24, factor: float = 0.05584) -> Loans:
    """Return thirty loans of one price: the factor is what each unit of credit costs a month."""
    credit = np.linspace(45_000.0, 450_000.0, 30)
    return Loans(credit, credit * factor, credit, np.full(30, float(months)), np.full(30, 100.0))


FEATURES = RequestFeatures(learn(one_price()))


def values(application: dict[str, Any] | None = None, **tables: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the features of one applicant by name, with rows of history tables that lack what is not given."""
    columns: dict[str, dict[str, list[Any]]] = {}
    for table, rows in tables.items():
        names = {name for row in rows for name in row}
        columns[table] = {name: [row.get(name) for row in rows] for name in names} | {
            "SK_ID_CURR": [APPLICANT] * len(rows)
        }
    given_ = {**BUNDLE["application"], "SK_ID_CURR": APPLICANT, **(application or {})}
    return dict(zip(NAMES, FEATURES.compute(given_, columns), strict=True))


def credit(number: int, **columns: Any) -> dict[str, Any]:
    return {"SK_ID_BUREAU": number, "CREDIT_ACTIVE": "Active", "DAYS_CREDIT": -100, **columns}


def instalment(number: int, due: int, paid: int | None, **columns: Any) -> dict[str, Any]:
    return {
        "SK_ID_PREV": 1,
        "NUM_INSTALMENT_VERSION": 1.0,
        "NUM_INSTALMENT_NUMBER": number,
        "DAYS_INSTALMENT": float(due),
        "DAYS_ENTRY_PAYMENT": paid,
        "AMT_INSTALMENT": 1000.0,
        "AMT_PAYMENT": None if paid is None else 1000.0,
        **columns,
    }


def test_a_sum_of_unknown_amounts_is_missing_and_a_sum_of_no_credits_is_zero() -> None:
    unknown = values(bureau=[credit(1), credit(2)])
    assert isnan(unknown["BUR_ACTIVE_ANNUITY_SUM"])
    assert unknown["BUR_CLOSED_ANNUITY_SUM"] == 0.0
    assert isnan(unknown["MIX_DEBT_WITH_CREDIT_TO_INCOME"])
    partly = values(bureau=[credit(1, AMT_ANNUITY=50.0), credit(2)])
    assert partly["BUR_ACTIVE_ANNUITY_SUM"] == 50.0
    none = values()
    assert isnan(none["BUR_ACTIVE_ANNUITY_SUM"])
    assert none["MIX_DEBT_WITH_CREDIT_TO_INCOME"] == none["APP_CREDIT_TO_INCOME"]


def test_an_instalment_counts_once_whatever_the_version_of_its_calendar() -> None:
    paid_ahead = {"AMT_PAYMENT": 5000.0}
    rows = [
        instalment(1, -60, -62, **paid_ahead),
        instalment(1, -60, -62, NUM_INSTALMENT_VERSION=2.0, AMT_INSTALMENT=4000.0, **paid_ahead),
        instalment(2, -30, -30),
    ]
    found = values(installments_payments=rows)
    assert found["INS_ALL_COUNT"] == 2.0
    assert found["INS_ALL_PAID_TO_DUE"] == 1.0
    assert found["INS_ALL_SHORT_SHARE"] == found["INS_ALL_LATE_SHARE"] == 0.0
    assert found["INS_VERSION_MAX"] == 2.0


def test_an_instalment_that_was_not_paid_is_late_since_it_was_due() -> None:
    found = values(installments_payments=[instalment(1, -60, -61), instalment(2, -30, None)])
    assert found["INS_ALL_LATE_SHARE"] == 0.5
    assert found["INS_ALL_DAYS_LATE_MAX"] == 30.0
    assert found["INS_UNPAID_COUNT"] == 1.0
    assert found["INS_ALL_PAID_TO_DUE"] == 0.5


@given(st.lists(st.integers(-40, 90), min_size=2, max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_trend_is_the_slope_of_the_least_squares_line(late: list[int]) -> None:
    rows = [
        instalment(number, -30 * (20 - number), -30 * (20 - number) + days)
        for number, days in enumerate(late)
    ]
    found = values(installments_payments=rows)
    last = np.maximum(late[-5:], 0)
    slope = np.polyfit(np.arange(len(last)), last, 1)[0]
    assert found["INS_LAST_5_LATE_TREND"] == pytest.approx(slope, abs=1e-9)
    ages = np.array([30 * (20 - number) for number in range(len(late))])
    weights = np.maximum(730 - ages, 0)
    assert found["INS_FADING_LATE_DAYS"] == pytest.approx(np.average(np.maximum(late, 0), weights=weights))


def test_loans_are_followed_to_their_end() -> None:
    def month(loan: int, months_ago: int, term: int, left: int, status: str = "Active") -> dict[str, Any]:
        return {
            "SK_ID_PREV": loan,
            "MONTHS_BALANCE": -months_ago,
            "CNT_INSTALMENT": float(term),
            "CNT_INSTALMENT_FUTURE": float(left),
            "NAME_CONTRACT_STATUS": status,
            "SK_DPD": 0,
            "SK_DPD_DEF": 0,
        }

    ahead = [month(1, 30, 12, 12), month(1, 25, 6, 0, "Completed")]
    running = [month(2, 3, 24, 20), month(2, 1, 24, 18)]
    found = values(POS_CASH_balance=[*ahead, *running])
    assert (found["POS_OPEN_COUNT"], found["POS_OPEN_LEFT_SUM"]) == (1.0, 18.0)
    assert found["POS_OPEN_PAID_MEAN"] == 0.25
    assert (found["POS_DONE_LOANS_SHARE"], found["POS_DONE_AHEAD_MEAN"]) == (0.5, 6.0)


def test_the_use_of_a_card_has_a_trend() -> None:
    months = [
        {
            "SK_ID_PREV": 1,
            "MONTHS_BALANCE": -age,
            "AMT_BALANCE": 100.0 * (7 - age),
            "AMT_CREDIT_LIMIT_ACTUAL": 1000,
        }
        for age in range(1, 7)
    ]
    found = values(credit_card_balance=months)
    assert found["CC_6M_USED_TREND"] == pytest.approx(0.1)
    assert found["CC_USED_CHANGE"] == pytest.approx(0.5 - 0.35)


def test_the_loan_asked_for_has_the_term_that_its_amounts_tell() -> None:
    loan = {"NAME_CONTRACT_TYPE": "Cash loans", "AMT_CREDIT": 300_000.0, "AMT_GOODS_PRICE": 300_000.0}
    told = values({**loan, "AMT_ANNUITY": 300_000.0 * 0.05584})
    assert told["APP_IMPLIED_TERM"] == 24.0
    assert told["APP_IMPLIED_RATE"] == pytest.approx(0.2985)
    assert told["APP_IMPLIED_INTEREST"] == pytest.approx(24 * 0.05584 - 1)
    revolving = values({**loan, "NAME_CONTRACT_TYPE": "Revolving loans", "AMT_ANNUITY": 15_000.0})
    assert all(
        isnan(revolving[name]) for name in ("APP_IMPLIED_TERM", "APP_IMPLIED_RATE", "APP_PREMIUM_RATE")
    )
