"""The gate: how often models pass that are equal, better or worse by a known amount; clustering by person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from home_credit.policy import Costs
from home_credit.training import gate
from home_credit.validation import auc

if TYPE_CHECKING:
    from numpy.typing import NDArray


def population(
    n: int, seed: int, noise: float = 0.2
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return outcomes and two models' probabilities that differ by independent noise of one size."""
    chance = np.random.default_rng(seed)
    truth = -2.9 + 1.0 * chance.standard_normal(n)
    target = (chance.random(n) < 1 / (1 + np.exp(-truth))).astype(np.int64)
    first, second = (1 / (1 + np.exp(-(truth + noise * chance.standard_normal(n)))) for _ in range(2))
    return target, first, second


def test_the_auc_and_its_error_are_those_of_delong() -> None:
    target, score, _ = population(3_000, 1)
    area, shares = auc.influence(target, score)
    assert area == pytest.approx(roc_auc_score(target, score), abs=1e-12)
    bad, good = score[target == 1], score[target == 0]
    of_bad = np.array([(good < one).mean() + 0.5 * (good == one).mean() for one in bad])
    of_good = np.array([(bad > one).mean() + 0.5 * (bad == one).mean() for one in good])
    delong = np.sqrt(of_bad.var(ddof=1) / len(bad) + of_good.var(ddof=1) / len(good))
    assert auc.standard_error(shares) == pytest.approx(delong, rel=2e-3)


def test_rows_of_one_person_count_as_one_observation() -> None:
    target, score, _ = population(2_000, 2)
    alone = auc.standard_error(auc.influence(target, score)[1])
    twice = np.tile(target, 2), np.tile(score, 2)
    persons = np.tile(np.arange(2_000), 2)
    shares = auc.influence(*twice)[1]
    assert auc.standard_error(shares, persons) == pytest.approx(alone, rel=1e-6)
    assert auc.standard_error(shares) < 0.75 * alone


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_a_model_is_no_worse_than_itself(seed: int) -> None:
    target, score, _ = population(500, seed)
    if not 0 < target.sum() < len(target):
        return
    found = gate.compare(target, score, score, persons=np.arange(500), costs=Costs())
    assert all(difference.passed and difference.standard_error == 0 for difference in found.differences)


def test_what_is_worse_than_the_margin_passes_rarely_and_what_is_equal_often() -> None:
    passed: dict[str, list[bool]] = {"equal": [], "worse": []}
    for seed in range(60):
        target, one, other = population(10_000, seed, noise=0.1)
        worse = population(10_000, seed, noise=0.35)[2]
        for name, challenger in (("equal", other), ("worse", worse)):
            found = gate.compare(target, one, challenger, persons=np.arange(10_000), costs=Costs())
            passed[name].append(all(difference.passed for difference in found.differences))
    assert np.mean(passed["equal"]) >= 0.8
    assert np.mean(passed["worse"]) <= 0.1


def test_a_model_that_is_not_calibrated_is_refused_by_name() -> None:
    target, score, _ = population(20_000, 3)
    found = gate.compare(
        target,
        score,
        np.clip(2 * score, 0, 0.99),
        persons=np.arange(20_000),
        costs=Costs(),
    )
    assert any(refusal.startswith("observed_to_expected is 0.") for refusal in found.refusals)
