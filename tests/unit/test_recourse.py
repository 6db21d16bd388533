"""Recourse: what other loans there are, and that the search finds the smallest one that is approved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from home_credit.decisioning import recourse
from home_credit.decisioning.recourse.loans import (
    AFFORDABLE,
    COLUMNS,
    SMALLEST_AMOUNT,
    Loan,
    annuities,
    monthly_rate,
    smaller_amounts,
)
from home_credit.policy import Policy
from home_credit.schemas import Assessment, PredictionRequest, Recourse
from home_credit.tables.bundle import ParsedBundle, parse_bundle
from support.assessments import an_assessment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.features.rows import Numbers

APPROVED, DECLINED = 0.01, 0.5


class FakeAssessor:
    """Approves what ``likes`` says of price, credit and annuity; keeps the applications that it assessed."""

    policy = Policy(0.09, None)

    def __init__(self, likes: Callable[[float, float, float], bool]) -> None:
        self._likes = likes
        self.assessed: list[dict[str, Any]] = []

    def _probability(self, price: float, credit: float, annuity: float) -> float:
        return APPROVED if self._likes(price, credit, annuity) else DECLINED

    def assess(self, bundles: Sequence[ParsedBundle], *, simulation: bool = False) -> list[Assessment]:
        rows = [bundle.application for bundle in bundles]
        self.assessed += rows
        probabilities = [self._probability(*(row[column] for column in COLUMNS)) for row in rows]
        return [
            an_assessment(
                probability_of_default=probability,
                decision=self.policy.decide(probability),
                simulation=simulation,
            )
            for probability in probabilities
        ]

    def variants(self, _bundle: ParsedBundle, replaced: Mapping[str, Numbers]) -> Numbers:
        loans = zip(*(replaced[column].tolist() for column in COLUMNS), strict=True)
        return np.array([self._probability(*loan) for loan in loans])


def application(
    price: float | None = 450_000.0,
    credit: float = 509_400.0,
    annuity: float | None = 26_000.0,
    kind: str = "Cash loans",
) -> dict[str, Any]:
    return {
        "SK_ID_CURR": 900001,
        "NAME_CONTRACT_TYPE": kind,
        "AMT_INCOME_TOTAL": 90_000.0,
        "AMT_GOODS_PRICE": price,
        "AMT_CREDIT": credit,
        "AMT_ANNUITY": annuity,
        "DAYS_BIRTH": -14_000,
    }


def loan(**columns: Any) -> Loan:
    bundle = parse_bundle({"application": application(**columns)})
    return Loan.of(bundle.application)


def find(likes: Callable[[float, float, float], bool], **columns: Any) -> tuple[Recourse, FakeAssessor]:
    scorer = FakeAssessor(likes)
    return recourse.find(scorer, PredictionRequest(application=application(**columns))), scorer


@given(st.floats(0.001, 0.2), st.integers(2, 120))
def test_the_rate_is_found_that_repays_the_credit(rate: float, term: int) -> None:
    assert monthly_rate(annuities(rate, term), term) == pytest.approx(rate, rel=1e-9)


def test_a_loan_without_interest_is_repaid_by_its_instalments() -> None:
    assert annuities(0.0, 24) == 24
    assert monthly_rate(24.0, 24) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("term", "rate"), [(12, 0.5), (24, 0.3), (36, 0.25), (60, 0.22)])
def test_the_term_is_known_from_credit_and_annuity(term: int, rate: float) -> None:
    assert loan(annuity=509_400.0 / annuities(rate / 12, term)).term == term


@given(st.floats(1.0, 1e9))
def test_amounts_are_ones_that_an_officer_would_type(amount: float) -> None:
    amounts = smaller_amounts(amount)
    assert list(amounts) == sorted(amounts, reverse=True)
    assert all(SMALLEST_AMOUNT <= other < amount and other % 500 == 0 for other in amounts)
    assert len(amounts) <= 130


LOANS = st.builds(
    loan,
    price=st.floats(45_000, 2_250_000).map(round).map(float) | st.none(),
    credit=st.floats(45_000, 2_700_000).map(round).map(float),
    annuity=st.floats(4_000, 200_000).map(round).map(float) | st.none(),
    kind=st.sampled_from(["Cash loans", "Revolving loans"]),
)


@given(LOANS)
@settings(max_examples=60, deadline=None)
def test_every_other_loan_is_coherent(asked: Loan) -> None:
    others = asked.alternatives()
    assert len({other.columns for other in others} | {asked.columns}) == len(others) + 1
    for other in others:
        assert other.cost > 0 and other.place.levers
        amount = other.credit if other.price is None else other.price
        assert amount <= asked.amount and other.credit <= asked.credit
        assert (other.price is None, other.annuity is None) == (asked.price is None, asked.annuity is None)
        if "up_front" in other.place.levers:
            assert asked.credit > asked.amount and other.credit >= amount
        if other.annuity is not None and asked.annuity is not None:
            assert other.annuity <= max(asked.annuity, AFFORDABLE * asked.income)
            if "term" not in other.place.levers:  # the same term at the same rate
                ratio = asked.credit / asked.annuity
                assert other.annuity == pytest.approx(other.credit / ratio, abs=0.5)
            elif asked.term and other.term:  # the same rate over another term
                rate = monthly_rate(asked.credit / asked.annuity, asked.term)
                assert other.annuity == pytest.approx(other.credit / annuities(rate, other.term), abs=0.5)


def test_a_revolving_loan_changes_in_amount_alone() -> None:
    others = loan(price=225_000.0, credit=225_000.0, annuity=11_250.0, kind="Revolving loans").alternatives()
    assert {other.place.levers for other in others} == {("amount",)}
    assert all(other.annuity == pytest.approx(other.credit / 20, abs=0.5) for other in others)


@pytest.mark.parametrize("columns", [{"credit": 0.0}, {"price": 0.0}, {"annuity": 0.0}, {"credit": -5.0}])
def test_what_is_no_loan_has_no_other(columns: dict[str, float]) -> None:
    assert loan(**columns).alternatives() == []


BOUNDS = st.tuples(st.floats(40_000, 450_000), st.floats(40_000, 509_400), st.floats(5_000, 40_000))


@given(BOUNDS)
@settings(max_examples=40, deadline=None)
def test_every_option_is_approved_changes_the_loan_alone_and_none_is_smaller(
    bounds: tuple[float, float, float],
) -> None:
    def likes(*figures: float) -> bool:
        return all(figure <= bound for figure, bound in zip(figures, bounds, strict=True))

    assume(not likes(*loan().columns))  # type: ignore[arg-type]  # all three are there
    found, scorer = find(likes)
    present, *rest = scorer.assessed
    for option, row in zip(found.options, rest, strict=True):
        assert option.decision == "approved" and option.robust
        changed = {name for name in row if row[name] != present[name]}
        assert changed <= set(COLUMNS)
        assert {
            (change.field, change.old, change.new) for change in option.changes if change.unit == "currency"
        } == {(name, present[name], row[name]) for name in changed}
    approved = [other for other in loan().alternatives() if likes(*other.columns)]  # type: ignore[arg-type]  # as above
    assert found.loans_tried == len(loan().alternatives())
    costs = [option.cost for option in found.options]
    assert costs[:1] == [min(other.cost for other in approved)] if approved else not costs
    assert costs == sorted(costs)
    for index, option in enumerate(found.options):
        assert not any(set(before.levers) <= set(option.levers) for before in found.options[:index])
        assert option.cost == min(
            other.cost for other in approved if set(other.place.levers) == set(option.levers)
        )
    assert find(likes)[0] == found


def test_there_may_be_none_and_it_is_said() -> None:
    found, scorer = find(lambda *_: False)
    assert found.options == [] and found.loans_tried > 1000
    assert "No change of the loan alone" in found.text.en
    assert "Aucun changement du seul prêt" in found.text.fr
    assert len(scorer.assessed) == 1


def test_who_is_approved_needs_no_other_loan() -> None:
    found, scorer = find(lambda *_: True)
    assert (found.decision, found.options, found.loans_tried) == ("approved", [], 0)
    assert len(scorer.assessed) == 1


def test_a_lone_hole_in_the_grid_is_passed_over_while_there_is_better() -> None:
    hole, steady = 430_000.0, 300_000.0
    found, _ = find(lambda price, *_: price == hole or price <= steady)
    (option,) = found.options
    assert option.robust
    assert next(change.new for change in option.changes if change.field == "AMT_GOODS_PRICE") == steady
    (lone,) = find(lambda price, *_: price == hole)[0].options
    assert not lone.robust
    assert lone.cost == pytest.approx(1 - hole / 450_000)


def test_what_fails_when_assessed_again_is_not_told() -> None:
    class Fickle(FakeAssessor):
        def variants(self, _bundle: ParsedBundle, replaced: Mapping[str, Numbers]) -> Numbers:
            return np.full_like(replaced["AMT_CREDIT"], APPROVED)

    found = recourse.find(Fickle(lambda *_: False), PredictionRequest(application=application()))
    assert found.options == []


def test_options_are_told_in_both_languages() -> None:
    found, _ = find(lambda price, credit, _: price <= 400_000 and credit <= 430_000)
    text = found.options[0].text
    assert text.en.startswith("Ask for 390,000 instead of 450,000 and pay 13,000 up front")
    assert text.fr.startswith(
        "Demander 390\u202f000 au lieu de 450\u202f000 et régler 13\u202f000 au comptant"
    )
    assert found.options[0].cost == pytest.approx(60 / 450 + 13_000 / 509_400)


def test_a_loan_without_annuity_or_price_has_its_amount() -> None:
    found, scorer = find(lambda _price, credit, _annuity: credit <= 400_000, price=None, annuity=None)
    (option,) = found.options
    assert [change.field for change in option.changes] == ["AMT_CREDIT"]
    assert scorer.assessed[-1]["AMT_GOODS_PRICE"] is None
    assert option.text.en == "Ask for 400,000 instead of 509,400: the credit would be 400,000."
