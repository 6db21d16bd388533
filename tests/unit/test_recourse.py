"""Recourse: the alternative loans, and the search for the nearest approved one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from home_credit.decisioning import recourse
from home_credit.decisioning.recourse.loans import AFFORDABLE, COLUMNS, SMALLEST_AMOUNT, Loan, Points
from home_credit.policy import Policy
from home_credit.schemas import Assessment, PredictionRequest, Recourse
from home_credit.tables.bundle import ParsedBundle, parse_bundle
from home_credit.terms.annuity import credit_over_annuity, yearly_rate
from home_credit.terms.learning import learn
from support.assessments import an_assessment
from support.loans import price_list

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from home_credit.features.rows import Numbers

APPROVED, DECLINED = 0.01, 0.5
TERMS = learn(price_list(3_000, seed=1))
# A loan of the price list: 36 months at 24.85 %, a premium of 0.55 % a month.
PRICE, MONTHS = 450_000.0, 36
CREDIT = PRICE * (1 + 0.0055 * MONTHS)
ANNUITY = CREDIT * round(1 / credit_over_annuity(0.2485, MONTHS), 5)


class FakeAssessor:
    """Approves loans for which ``likes`` of price, credit and instalment is true; keeps the assessed applications."""

    policy = Policy(0.09, None)
    terms = TERMS

    def __init__(self, likes: Callable[[float, float, float], bool]) -> None:
        self._likes = likes
        self.assessed: list[dict[str, Any]] = []

    def _probability(self, *loan: float) -> float:
        return APPROVED if self._likes(*loan) else DECLINED

    def assess(self, bundles: Sequence[ParsedBundle], *, simulation: bool = False) -> list[Assessment]:
        rows = [bundle.application for bundle in bundles]
        self.assessed += rows
        probabilities = [self._probability(*(float(row[column] or 0) for column in COLUMNS)) for row in rows]
        return [
            an_assessment(
                probability_of_default=probability,
                decision=self.policy.decide(probability),
                simulation=simulation,
            )
            for probability in probabilities
        ]

    def variants(self, _bundle: ParsedBundle, replaced: Mapping[str, Numbers], /) -> Numbers:
        loans = zip(*(replaced[column].tolist() for column in COLUMNS), strict=True)
        return np.array([self._probability(*loan) for loan in loans])


def application(
    price: float | None = PRICE,
    credit: float = CREDIT,
    annuity: float | None = ANNUITY,
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
    return Loan.of(parse_bundle({"application": application(**columns)}).application, TERMS)


def find(likes: Callable[[float, float, float], bool], **columns: Any) -> tuple[Recourse, FakeAssessor]:
    scorer = FakeAssessor(likes)
    return recourse.find(scorer, PredictionRequest(application=application(**columns))), scorer


def test_the_term_is_that_of_the_price_list() -> None:
    assert loan().months == MONTHS
    assert loan(kind="Revolving loans").months is None
    assert loan(annuity=None).months is None


LOANS = st.builds(
    loan,
    price=st.floats(45_000, 2_250_000).map(round).map(float) | st.none(),
    credit=st.floats(45_000, 2_700_000).map(round).map(float),
    annuity=st.floats(4_000, 200_000).map(round).map(float) | st.none(),
    kind=st.sampled_from(["Cash loans", "Revolving loans"]),
)
POINTS = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0, 12, 24, 48, 60])), min_size=1, max_size=40
)


@given(LOANS, POINTS)
@settings(max_examples=100, deadline=None)
def test_every_other_loan_is_coherent(asked: Loan, drawn: list[tuple[float, float, int]]) -> None:
    assume(asked.can_change)
    months = [each if each in asked.other_terms else 0 for _, _, each in drawn]
    shares = np.array([each[:2] for each in drawn])
    points = Points(np.minimum(shares[:, 0], asked.most_given_up), shares[:, 1], np.array(months))
    others = asked.alternatives(points)
    assert (others.size > 0).all() and others.moved.any(axis=1).all()
    amount = others.credit if asked.price is None else others.price
    assert (amount <= asked.amount).all() and (amount >= min(SMALLEST_AMOUNT, asked.amount) - 1).all()
    assert np.isnan(others.annuity).all() == (asked.annuity is None) or not len(others)
    for row in range(len(others)):
        if asked.annuity is None:
            continue
        assert others.annuity[row] <= max(asked.annuity, AFFORDABLE * asked.income)
        ratio = asked.credit / asked.annuity
        if others.moved[row, 2]:  # the same rate over another term
            assert asked.months is not None
            ratio = credit_over_annuity(yearly_rate(ratio, asked.months), int(others.months[row]))
        assert others.annuity[row] == pytest.approx(others.credit[row] / ratio, abs=1.0)


def test_a_revolving_loan_changes_in_amount_alone() -> None:
    found, _ = find(
        lambda _price, credit, _annuity: credit <= 200_000,
        price=225_000.0, credit=225_000.0, annuity=11_250.0, kind="Revolving loans",
    )  # fmt: skip
    (option,) = found.options
    assert option.levers == ["amount"] and option.total is None
    assert {change.field: change.new for change in option.changes} == {
        "AMT_GOODS_PRICE": 200_000.0, "AMT_CREDIT": 200_000.0, "AMT_ANNUITY": 10_000.0,
    }  # fmt: skip
    assert "no other term was tried" in found.assumptions.en


@pytest.mark.parametrize("columns", [{"price": 0.0}, {"annuity": 0.0}, {"credit": 400_000.0}])
def test_what_is_no_loan_has_no_other(columns: dict[str, float]) -> None:
    found, _ = find(lambda *_: False, **columns)
    assert found.options == [] and found.loans_tried == 0


BOUNDS = st.tuples(st.floats(60_000, 450_000), st.floats(60_000, CREDIT), st.floats(8_000, 40_000))


@given(BOUNDS, st.integers(0, 1000))
@example((278_016.0, 321_895.0, 12_773.0), 838)
@settings(max_examples=40, deadline=None)
def test_every_option_is_approved_and_two_thousand_random_loans_find_none_nearer(
    bounds: tuple[float, float, float], seed: int
) -> None:
    def likes(*figures: float) -> bool:
        return all(figure <= bound for figure, bound in zip(figures, bounds, strict=True))

    assume(not likes(PRICE, CREDIT, ANNUITY))
    found, scorer = find(likes)
    present, *rest = scorer.assessed
    for option, row in zip(found.options, rest, strict=True):
        assert option.decision == "approved" and option.robust
        changed = {name for name in row if row[name] != present[name]}
        assert changed <= set(COLUMNS)
        assert {
            (change.field, change.old, change.new) for change in option.changes if change.unit == "currency"
        } == {(name, present[name], row[name]) for name in changed}
    chance, asked = np.random.default_rng(seed), loan()
    tried = asked.alternatives(
        Points(
            chance.uniform(0, asked.most_given_up, 2_000),
            chance.random(2_000) * chance.integers(0, 2, 2_000),
            chance.choice([0, *asked.other_terms], 2_000),
        )
    )
    approved = tried.where(scorer.variants(None, tried.columns) < 0.09)  # type: ignore[arg-type]  # the fake reads no bundle
    if len(approved):
        assert found.options[0].cost <= 1.02 * approved.size.min()
    assert [option.cost for option in found.options] == sorted(option.cost for option in found.options)
    assert find(likes)[0] == found


def test_there_may_be_none_and_it_is_told() -> None:
    found, scorer = find(lambda *_: False)
    assert found.options == [] and found.loans_tried > 500
    assert "No change of the loan alone" in found.text.en
    assert "Aucun changement du seul prêt" in found.text.fr
    assert len(scorer.assessed) == 1


def test_who_is_approved_needs_no_other_loan() -> None:
    found, scorer = find(lambda *_: True)
    assert (found.decision, found.options, found.loans_tried) == ("approved", [], 0)
    assert len(scorer.assessed) == 1


def test_an_island_of_approval_is_told_as_fragile() -> None:
    found, _ = find(lambda price, *_: 428_000 <= price <= 430_000)
    assert found.options[0].cost == pytest.approx(1 - 430_000 / PRICE, rel=0.02)
    assert not found.options[0].robust


def test_what_fails_when_assessed_again_is_not_told() -> None:
    class Fickle(FakeAssessor):
        def variants(self, _bundle: ParsedBundle, replaced: Mapping[str, Numbers], /) -> Numbers:
            return np.full_like(replaced["AMT_CREDIT"], APPROVED)

    found = recourse.find(Fickle(lambda *_: False), PredictionRequest(application=application()))
    assert found.options == []


def test_options_are_told_in_both_languages_with_what_they_cost_in_all() -> None:
    found, _ = find(lambda price, *_: price <= 400_000)
    option = next(option for option in found.options if option.levers == ["amount"])
    assert option.total is not None
    assert option.total.old == pytest.approx(ANNUITY * MONTHS)
    assert option.total.change == pytest.approx(400 / 450 - 1, abs=0.001)
    assert option.text.en.startswith("Ask for 400,000 instead of 450,000: the credit would be 479,200,")
    assert option.text.en.endswith("(−11.1\u00a0%).")
    assert option.text.fr.startswith(
        "Demander 400\u202f000 au lieu de 450\u202f000\u00a0: le crédit serait de"
    )
    assert "mensualité" in option.text.fr and "35%" in found.assumptions.en


def test_a_longer_term_is_told_with_its_higher_cost() -> None:
    found, _ = find(lambda _price, _credit, annuity: annuity <= 0.8 * ANNUITY)
    option = next((option for option in found.options if "term" in option.levers), None)
    assert option is not None and option.total is not None
    assert option.total.change > 0
    assert "instead of 36" in option.text.en


def test_a_loan_without_instalment_or_price_has_its_amount() -> None:
    found, scorer = find(lambda _price, credit, _annuity: credit <= 400_000, price=None, annuity=None)
    (option,) = found.options
    assert [change.field for change in option.changes] == ["AMT_CREDIT"]
    assert scorer.assessed[-1]["AMT_GOODS_PRICE"] is None
    assert option.text.en == f"Ask for 400,000 instead of {CREDIT:,.0f}: the credit would be 400,000."
