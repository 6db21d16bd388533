"""The policy: the cheapest cut-off, the band for a human, points and grades."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from home_credit import policy

COSTS = policy.Costs(10.0, 1.0, 0.85)
SCORED = st.lists(
    st.tuples(st.integers(1, 999).map(lambda n: n / 1000), st.integers(0, 1)), min_size=1, max_size=60
)


@given(SCORED)
def test_no_cut_off_is_cheaper_than_the_chosen_one(scored: list[tuple[float, int]]) -> None:
    probability = np.array([p for p, _ in scored])
    target = np.array([y for _, y in scored])
    # Ties between applicants make some cut-offs of the sorted list impossible; spread them by a hair.
    probability = probability + np.arange(len(probability)) * 1e-9
    chosen = policy.choose_cut_off(probability, target, COSTS)
    best = policy.expected_cost(probability, target, chosen, COSTS)
    for other in [0.0, *probability, 1.0]:
        assert best <= policy.expected_cost(probability, target, float(other), COSTS) + 1e-12


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_never_scores_higher_nor_grades_better(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert policy.score_points(low) >= policy.score_points(high)
    assert policy.grade(low) <= policy.grade(high)


def test_the_band_is_where_a_human_look_is_cheaper() -> None:
    band = policy.review_band(1 / 11, COSTS)
    assert band is not None
    rule = policy.Policy(1 / 11, band)
    assert [rule.decide(p) for p in (0.05, band[0], 0.12, band[1], 0.5)] == [
        "approved",
        "review",
        "review",
        "declined",
        "declined",
    ]


@given(st.floats(0.01, 0.4), st.floats(0.01, 3.0))
def test_whom_a_human_sees_is_whom_the_machine_would_cost_more(cut_off: float, review: float) -> None:
    costs = policy.Costs(10.0, 1.0, review)
    rule = policy.Policy(cut_off, policy.review_band(cut_off, costs))
    for p in np.linspace(0.0, 1.0, 201):
        machine = costs.false_negative * p if p < cut_off else costs.false_positive * (1.0 - p)
        if abs(machine - review) > 1e-9:
            assert (rule.decide(float(p)) == "review") == (machine > review)


def test_no_band_where_humans_are_dear() -> None:
    assert policy.review_band(1 / 11, policy.Costs(10.0, 1.0, 0.95)) is None
    assert policy.Policy(0.09, None).decide(0.09) == "declined"


def test_points_double_the_odds() -> None:
    assert policy.score_points(1 / 31) == 600
    assert policy.score_points(1 / 61) == 620
