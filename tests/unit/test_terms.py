"""Laws of the model of the term: alone as in a batch, independent of the loan's size, and accurate on known terms."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.terms.annuity import credit_over_annuity, yearly_rate
from home_credit.terms.columns import COLUMNS, SOURCES, term_columns
from home_credit.terms.frames import earlier_loans, with_terms
from home_credit.terms.learning import learn
from home_credit.terms.model import TermModel
from support.loans import TERMS, price_list

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def model() -> TermModel:
    return learn(price_list(3_000, seed=1))


amounts = st.one_of(st.none(), st.floats(-10.0, 5e6), st.integers(1, 10**9).map(lambda cents: cents / 1000))


@given(st.lists(st.tuples(amounts, amounts, amounts), min_size=1, max_size=30))
@settings(max_examples=300, deadline=None)
def test_a_loan_alone_equals_the_same_loan_in_a_batch(
    model: TermModel, loans: list[tuple[float | None, float | None, float | None]]
) -> None:
    columns = np.array(loans, dtype=np.float64).T
    together = model.terms(*columns)
    for place, loan in enumerate(loans):
        alone = model.term(*loan)
        if alone is None:
            assert all(isnan(values[place]) for values in together)
        else:
            assert alone == tuple(values[place] for values in together)


@given(
    st.floats(0.001, 1.499),
    st.sampled_from(TERMS),
    st.floats(0.0, 0.01),
    st.floats(1e4, 1e6),
    st.floats(0.1, 10),
)
@settings(max_examples=200, deadline=None)
def test_the_term_repays_the_loan_at_the_rate_told_and_does_not_hang_on_its_size(
    model: TermModel, rate: float, months: int, premium: float, goods: float, times: float
) -> None:
    credit = goods * (1 + premium * months)
    annuity = credit / credit_over_annuity(rate, months)
    term = model.term(credit, annuity, goods)
    assert term is not None
    assert term.months * annuity > credit * (1 - 1e-9)
    assert abs(yearly_rate(credit / annuity, term.months) - term.yearly_rate) < 0.000501
    other = model.term(credit * times, annuity * times, goods * times)
    # Multiplied amounts are rounded: the ratios may fall into a neighbouring bin, and then the rates differ by one.
    assert other is not None
    assert abs(other.yearly_rate - term.yearly_rate) < 0.00101 or other.months != term.months


def test_where_prices_are_few_the_term_is_told(model: TermModel) -> None:
    others = price_list(3_000, seed=2)
    told = model.terms(others.credit, others.annuity, others.goods)
    right = told.months == others.months
    assert right.mean() > 0.98
    assert right[told.sure == 1].mean() > 0.995
    assert (told.sure == 1).mean() > 0.9


def test_a_loan_that_no_term_repays_has_none(model: TermModel) -> None:
    assert model.term(100_000.0, 1_000.0, 100_000.0) is None
    assert model.term(100_000.0, 0.0, 100_000.0) is None
    assert model.term(None, 5_000.0, 100_000.0) is None
    assert model.term(60_000.0, 5_609.0, None) is not None


def test_without_loans_nothing_is_known() -> None:
    nothing = learn(price_list(0, seed=1))
    assert nothing.term(100_000.0, 9_000.0, 90_000.0) is None
    assert np.isnan(nothing.terms(*np.array([[1e5], [9e3], [9e4]])).months).all()
    assert TermModel.from_plain(nothing.to_plain()).digest == nothing.digest


def test_the_plain_form_holds_all_of_it(model: TermModel) -> None:
    again = TermModel.from_plain(model.to_plain())
    assert again.digest == model.digest
    assert again.term(100_000.0, 5_000.0, 90_000.0) == model.term(100_000.0, 5_000.0, 90_000.0)
    assert learn(price_list(3_000, seed=3)).digest != model.digest


def test_a_frame_of_applications_gets_the_columns_of_each(model: TermModel) -> None:
    loans = price_list(50, seed=4)
    kinds = ["Cash loans", "Revolving loans"]
    rows = pl.DataFrame(
        {
            "NAME_CONTRACT_TYPE": [kinds[place % 7 == 0] for place in range(50)],
            "AMT_CREDIT": loans.credit,
            "AMT_ANNUITY": [None if place % 11 == 0 else each for place, each in enumerate(loans.annuity)],
            "AMT_GOODS_PRICE": [None if place % 5 == 0 else each for place, each in enumerate(loans.goods)],
        }
    )
    made = with_terms(rows.lazy(), model).collect()
    assert made.columns == [*SOURCES, *COLUMNS]
    assert made.select(COLUMNS).rows(named=True) == [
        term_columns(model, row) for row in rows.rows(named=True)
    ]
    assert made["TERM_MONTHS"].null_count() < 20


@given(st.floats(0.0, 1.5), st.integers(1, 72))
def test_the_rate_is_the_one_that_repays(rate: float, months: int) -> None:
    ratio = credit_over_annuity(rate, months)
    payments = [1.0 / (1.0 + rate / 12) ** month for month in range(1, months + 1)]
    assert ratio == pytest.approx(sum(payments), rel=1e-12)
    assert yearly_rate(ratio, months) == pytest.approx(rate, abs=1e-9)


@pytest.mark.real_rows
def test_the_term_of_real_loans_is_told_of_people_never_seen(real_tables: Path) -> None:
    previous = pl.scan_parquet(real_tables / "previous_application.parquet")
    person = pl.col("SK_ID_CURR").hash(seed=1) % 5
    right = sure = right_and_sure = loans = 0.0
    for fold in range(5):
        model = learn(earlier_loans(previous.filter(person != fold)))
        unseen = earlier_loans(previous.filter(person == fold, pl.col("NAME_CONTRACT_STATUS") == "Approved"))
        told = model.terms(unseen.credit, unseen.annuity, unseen.goods)
        correct = told.months == unseen.months
        loans += len(correct)
        right += correct.sum()
        sure += (told.sure == 1).sum()
        right_and_sure += correct[told.sure == 1].sum()
    assert right / loans >= 0.95
    assert sure / loans >= 0.85
    assert right_and_sure / sure >= 0.99
