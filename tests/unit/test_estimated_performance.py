"""Performance before labels: what scores let expect, against outcomes drawn from them."""

from __future__ import annotations

import numpy as np
import pytest

from home_credit.monitoring import performance
from home_credit.monitoring.build import score_reference
from home_credit.monitoring.scores import FIGURES, HISTOGRAM, probabilities_of_bins, sums
from home_credit.policy import Costs, Policy
from home_credit.validation.auc import influence
from home_credit.validation.costs import losses_with_reviews

COSTS = Costs()
POLICY = Policy.of(COSTS)


def drawn(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw probabilities and outcomes that follow from them."""
    chance = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-chance.normal(-2.9, 1.0, size)))
    return probability, (chance.random(size) < probability).astype(np.int64)


def test_intervals_hold_the_outcomes_as_often_as_they_say() -> None:
    training, _ = drawn(60_000, 1)
    reference = score_reference(training, POLICY, auc=0.76)
    held = {"auc": 0, "default_rate": 0, "cost": 0}
    times = 300
    for seed in range(times):
        probability, target = drawn(2_000, 100 + seed)
        found = performance.estimate(reference, sums(probability, POLICY), POLICY, [])
        assert found is not None
        assert found.reliable
        realised = {
            "auc": influence(target, probability)[0],
            "default_rate": target.mean(),
            "cost": losses_with_reviews(target, probability, POLICY, COSTS).mean(),
        }
        for name, value in realised.items():
            interval = getattr(found, name)
            held[name] += interval.low <= value <= interval.high
    for name, count in held.items():
        assert 0.91 <= count / times <= 0.99, name


def test_equal_probabilities_rank_nobody() -> None:
    counts = np.zeros_like(probabilities_of_bins())
    counts[50] = 400.0
    value, variance = performance.auc(counts, probabilities_of_bins())
    assert value == pytest.approx(0.5)
    assert variance == pytest.approx(0.0)


def test_another_policy_has_other_decisions_and_the_same_probabilities() -> None:
    probability, _ = drawn(20_000, 3)
    strict = Policy.of(Costs(false_negative=30.0))
    moved = score_reference(probability, POLICY).under(strict).array
    exact = sums(probability, strict)
    for name in ("applicants", "probability", "log_odds"):
        assert moved[FIGURES.index(name)] == exact[FIGURES.index(name)]
    assert (moved[HISTOGRAM] == exact[HISTOGRAM]).all()
    for name in ("approved", "review", "declined", "cost"):
        place = FIGURES.index(name)
        assert moved[place] == pytest.approx(exact[place], rel=0.05), name
