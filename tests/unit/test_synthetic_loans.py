"""Loans of synthetic applicants: the price list, repayment, days past due, and days that lie in adult life."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.synthetic import prices
from home_credit.synthetic.application import CENT
from home_credit.synthetic.days import ADULT_DAYS, within_adult_life
from home_credit.synthetic.delinquency import Delinquency
from home_credit.synthetic.loans import implied_rate, outstanding
from home_credit.synthetic.statistics import load_statistics

AMOUNTS = st.integers(10, 400).map(lambda thousands: thousands * 4_500.0)
TARIFFS = tuple(
    sorted(prices.tariff(factor, months) for factor, months in ((9_606, 12), (5_430, 24), (4_108, 36)))
)
PREMIUMS = (0, 330, 440, 1_100)


@given(AMOUNTS, st.sampled_from(TARIFFS), st.sampled_from(PREMIUMS), st.sampled_from([0, 1]))
def test_what_the_price_list_makes_is_explained_by_it(
    price: float, tariff: int, premium: int, fee: int
) -> None:
    frame = pl.DataFrame({"price": [price], "tariff": [tariff], "premium": [premium]})
    months, factor = prices.months_of(pl.col("tariff")), prices.factor_of(pl.col("tariff"))
    frame = frame.with_columns(
        credit=prices.rounded(pl.col("price") * prices.insured(pl.col("premium"), months), CENT)
    ).with_columns(annuity=(pl.col("credit") * factor / CENT + 1e-6).floor() * CENT + fee * prices.FEE)
    credit, annuity = frame["credit"].to_numpy(), frame["annuity"].to_numpy()
    found, charged = prices.explain_instalments(credit, annuity, TARIFFS, CENT)
    assert (int(found[0]), int(charged[0])) == (tariff, fee)
    per_month = frame.select(prices.premium_per_month(pl.col("credit"), pl.col("price"), months)).item()
    assert per_month == premium
    assert annuity[0] * (tariff % 100) >= credit[0]


@given(
    st.lists(st.tuples(AMOUNTS, st.floats(0.0005, 0.08), st.integers(2, 72)), min_size=1, max_size=30),
)
def test_the_implied_rate_repays_the_credit(loans: list[tuple[float, float, int]]) -> None:
    credit, rate, months = (np.array(column, dtype=float) for column in zip(*loans, strict=True))
    annuity = credit * rate / (1 - (1 + rate) ** -months)
    found = implied_rate(credit, annuity, months)
    assert found == pytest.approx(rate, rel=1e-6)
    assert outstanding(annuity, found, months) == pytest.approx(credit, rel=1e-6)
    assert (outstanding(annuity, found, months - 1) < annuity * (months - 1)).all()


def test_a_loan_without_interest_has_no_rate() -> None:
    assert implied_rate(np.array([1200.0]), np.array([100.0]), np.array([12.0])) == [0]
    assert outstanding(np.array([100.0]), np.array([0.0]), np.array([5.0])) == pytest.approx(500)


@given(st.integers(7_400, 25_200), st.integers(-4_000, 0))
def test_days_are_moved_into_adult_life(age: int, day: int) -> None:
    frame = pl.DataFrame({"BIRTH": [float(-age)], "day": [float(day)]})
    moved = frame.select(within_adult_life(pl.col("day"), 2_922)).item()
    span = min(age - ADULT_DAYS, 2_922)
    assert -span < moved <= 0
    assert moved == day or day <= -span


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_days_past_due_grow_by_months(seed: int) -> None:
    random = np.random.default_rng(seed)
    statistics = load_statistics()["balances"]["loans"]["delinquency"]
    count = 500
    delinquency = Delinquency(random.standard_normal(count) + 2, statistics, random)
    everyone, before = np.arange(count), np.zeros(count, dtype=np.int64)
    residual = np.arange(count) < 20
    for month in range(24):
        owes = random.random(count) < 0.95
        past, counted = delinquency.pass_month(everyone, owes | residual, residual)
        assert (past <= before + 31).all() and ((counted == 0) | (counted == past)).all()
        assert not past[~owes & ~residual].any()
        assert (past[residual] >= 1 + 30 * month).all() and not counted[residual].any()
        before = past
    assert (before[~residual] > 0).any()
