"""The curves and weights that training stores with a model say what its metrics and its policy say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from home_credit.policy import Costs
from home_credit.validation import costs as priced
from home_credit.validation import curves
from home_credit.validation.importance import SHOWN, importance

SEEDS = st.integers(0, 2**32 - 1)


def applicants(
    seed: int, count: int, digits: int = 9
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Draw outcomes by their probabilities; few digits give many equal probabilities."""
    chance = np.random.default_rng(seed)
    probability = np.round(chance.beta(1.0, 9.0, count), digits)
    target = (chance.random(count) < probability).astype(np.int64)
    target[:2] = 0, 1
    return target, probability


@given(SEEDS, st.integers(300, 20_000), st.sampled_from([1, 2, 9]))
def test_the_area_under_the_stored_curve_is_the_auc(seed: int, count: int, digits: int) -> None:
    target, probability = applicants(seed, count, digits)
    points = curves.roc(target, probability)
    x = np.array([point["false_positive_rate"] for point in points])
    y = np.array([point["true_positive_rate"] for point in points])
    assert len(points) <= curves.POINTS
    assert (x[0], y[0], x[-1], y[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    assert np.trapezoid(y, x) == pytest.approx(roc_auc_score(target, probability), abs=1e-3)


@pytest.mark.parametrize("right", [True, False])
def test_a_perfect_and_a_contrary_score_have_their_corner(right: bool) -> None:
    probability = np.linspace(0.001, 0.999, 5_000)
    target = ((probability > 0.9) == right).astype(np.int64)
    points = curves.roc(target, probability)
    corner = {"false_positive_rate": 0.0, "true_positive_rate": 1.0} if right else None
    assert (corner in points) == right
    assert len(points) <= curves.POINTS


@given(SEEDS, st.integers(50, 2_000), st.sampled_from([1, 2, 9]), st.floats(0.2, 50.0))
def test_each_point_costs_what_decisions_at_that_cut_off_cost(
    seed: int, count: int, digits: int, ratio: float
) -> None:
    target, probability = applicants(seed, count, digits)
    costs = replace(Costs(), false_negative=ratio)
    best = priced.optimal_cut_off(target, probability, costs)
    points = {each["cut_off"]: each for each in curves.cost(target, probability, costs, best)}
    assert len(points) <= curves.POINTS
    assert {costs.cut_off, best} <= set(points)
    for cut_off, point in points.items():
        expected = priced.cost_per_applicant(target, probability, cut_off, costs)
        assert point["cost"] == pytest.approx(expected, abs=1e-12)
        assert point["approved"] == (probability < cut_off).mean()
    assert min(point["cost"] for point in points.values()) == points[best]["cost"]
    assert points[0.0]["cost"] == pytest.approx(costs.false_positive * (target == 0).mean())


@given(SEEDS, st.integers(1, 60))
def test_features_are_weighed_by_their_mean_absolute_contribution(seed: int, count: int) -> None:
    chance = np.random.default_rng(seed)
    names = [f"feature {number}" for number in range(count)]
    contributions = chance.normal(size=(20, count)) * chance.exponential(size=count)
    gain = np.where(chance.random(count) < 0.5, chance.random(count), 0.0) + np.eye(1, count)[0]
    weighed = importance(names, contributions, gain)
    listed = weighed["features"]
    assert isinstance(listed, list)
    means = dict(zip(names, np.abs(contributions).mean(axis=0), strict=True))
    assert [each["feature"] for each in listed] == sorted(names, key=lambda name: -means[name])[:SHOWN]
    assert all(each["importance"] == means[each["feature"]] for each in listed)
    assert weighed["share"] == pytest.approx(sum(each["importance"] for each in listed) / sum(means.values()))
    assert weighed["used"] == np.count_nonzero(gain)
    assert sum(each["gain"] for each in listed) <= 1.0 + 1e-12
