"""Costs of decisions on known outcomes, and the optimal cut-off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.policy import Costs, Policy
from home_credit.validation.costs import cost_per_applicant, losses, losses_with_reviews, optimal_cut_off

COSTS = Costs(10.0, 1.0)
SCORED = st.lists(
    st.tuples(st.integers(1, 999).map(lambda n: n / 1000), st.integers(0, 1)), min_size=1, max_size=60
)


@given(SCORED)
def test_no_cut_off_is_cheaper_than_the_optimal_one(scored: list[tuple[float, int]]) -> None:
    probability = np.array([p for p, _ in scored])
    target = np.array([y for _, y in scored])
    best = cost_per_applicant(target, probability, optimal_cut_off(target, probability, COSTS), COSTS)
    for other in [0.0, *probability, 1.0]:
        assert best <= cost_per_applicant(target, probability, float(other), COSTS) + 1e-12


def test_who_is_approved_and_defaults_costs_ten_times_who_is_declined_and_pays() -> None:
    target, probability = np.array([1, 1, 0, 0]), np.array([0.05, 0.2, 0.05, 0.2])
    assert losses(target, probability, 0.1, COSTS).tolist() == [10.0, 0.0, 0.0, 1.0]


def test_a_referral_costs_the_review_and_the_reviewers_mistakes() -> None:
    policy = Policy.of(COSTS)
    target, probability = np.array([1, 0, 1, 0]), np.array([0.1, 0.1, 0.01, 0.9])
    assert losses_with_reviews(target, probability, policy, COSTS).tolist() == pytest.approx(
        [0.4 + 0.2 * 10, 0.4 + 0.2 * 1, 10.0, 1.0]
    )


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_expected_cost_is_what_calibrated_probabilities_cost(seed: int) -> None:
    chance = np.random.default_rng(seed)
    probability = chance.beta(1.0, 10.0, size=2_000)
    target = (chance.random(2_000) < probability).astype(np.int64)
    policy = Policy.of(COSTS)
    expected = np.array([policy.expected_cost(p) for p in probability.tolist()], dtype=np.float64)
    paid = losses_with_reviews(target, probability, policy, COSTS)
    assert abs(paid.mean() - expected.mean()) < 5 * paid.std() / np.sqrt(len(paid))
