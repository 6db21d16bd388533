"""The policy: the cheapest of three decisions, points and grades."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.policy import Costs, DecisionKind, Policy, grade, score_points

PROBABILITIES = st.floats(0, 1)
COSTS = st.builds(
    Costs,
    false_negative=st.floats(0.1, 100),
    false_positive=st.floats(0.1, 100),
    review=st.floats(0, 50),
    reviewer_error_rate=st.floats(0, 1),
)


@given(COSTS, PROBABILITIES)
def test_no_decision_is_cheaper_than_the_one_taken(costs: Costs, probability: float) -> None:
    policy = Policy.of(costs)
    taken = policy.expected_cost(probability)
    assert taken is not None
    for other in get_args(DecisionKind):
        assert taken <= costs.expected(other, probability) + 1e-9


@given(COSTS)
def test_the_band_holds_the_cut_off_and_is_empty_where_a_review_never_pays(costs: Costs) -> None:
    missed, refused = costs.false_negative, costs.false_positive
    worth = (1 - 2 * costs.reviewer_error_rate) * missed * refused / (missed + refused) - costs.review
    if costs.review_band is None:
        assert worth <= 1e-9
    else:
        low, high = costs.review_band
        assert worth > -1e-9
        assert -1e-12 <= low <= costs.cut_off * (1 + 1e-9) and costs.cut_off * (1 - 1e-9) <= high <= 1 + 1e-12


def test_the_costs_as_served_move_the_cut_off() -> None:
    assert Policy.of(Costs(10, 1)).cut_off == 1 / 11
    assert Policy.of(Costs(5, 1)).cut_off == 1 / 6


def test_a_reviewer_who_errs_narrows_the_band() -> None:
    perfect = Costs(review=0.4, reviewer_error_rate=0.0).review_band
    human = Costs(review=0.4, reviewer_error_rate=0.2).review_band
    assert perfect == pytest.approx((0.04, 0.6))
    assert human == pytest.approx((0.6 / 8.2, 0.4 / 2.8))
    assert Costs(review=0.85, reviewer_error_rate=0.2).review_band is None


def test_decisions_by_the_default_policy() -> None:
    policy = Policy.of(Costs())
    assert [policy.decide(p) for p in (0.05, 0.0731, 0.0732, 0.0909, 0.142, 0.143, 0.5)] == [
        "approved", "approved", "review", "review", "review", "declined", "declined",
    ]  # fmt: skip
    assert policy.expected_cost(0.05) == 0.5
    assert policy.expected_cost(0.5) == 0.5
    assert policy.expected_cost(0.1) == pytest.approx(0.4 + 0.2 * (1.0 + 0.9))


def test_no_band_no_referral() -> None:
    assert Policy(0.09, None).decide(0.09) == "declined"
    assert Policy(0.09, None).expected_cost(0.09) is None


def test_the_version_is_that_of_the_numbers() -> None:
    assert Policy.of(Costs()).version == Policy.of(Costs(10, 1)).version
    versions = {
        Policy.of(costs).version for costs in (Costs(), Costs(5), Costs(review=0.3), Costs(review=1.0))
    }
    assert len(versions) == 4


@given(PROBABILITIES, PROBABILITIES)
def test_a_higher_probability_never_scores_higher_nor_grades_better(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert score_points(low) >= score_points(high)
    assert grade(low) <= grade(high)


def test_points_double_the_odds() -> None:
    assert score_points(1 / 31) == 600
    assert score_points(1 / 61) == 620
