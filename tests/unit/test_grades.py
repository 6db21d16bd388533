"""Calibration by grade: true probabilities pass and low ones fail at the stated rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit import policy
from home_credit.validation.grades import LEVEL, by_grade, jeffreys_p_value, reliability

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNTS = st.integers(1, 2_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
SCORED = st.lists(
    st.tuples(st.integers(1, 999).map(lambda n: n / 1000), st.integers(0, 1)), min_size=1, max_size=80
)


def applicants(n: int, seed: int, *, factor: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return probabilities over all grades, and targets drawn at ``factor`` times these."""
    random = np.random.default_rng(seed)
    probability = np.exp(random.uniform(np.log(0.008), np.log(0.45), n))
    return probability, (random.random(n) < probability * factor).astype(np.int64)


def test_p_value_is_that_of_a_published_example() -> None:
    # Rösch and Scheule, "Deep Credit Risk": two defaults of six at an estimate of 3.67 %.
    assert jeffreys_p_value(2, 6, 0.0367) == pytest.approx(0.0044, abs=5e-5)


@given(COUNTS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_estimate_is_never_more_surely_too_low(
    counted: tuple[int, int], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert jeffreys_p_value(*counted, low) <= jeffreys_p_value(*counted, high)


@given(SCORED)
def test_grades_and_bins_hold_every_applicant_once_in_any_order(scored: list[tuple[float, int]]) -> None:
    probability, target = np.array([p for p, _ in scored]), np.array([y for _, y in scored])
    for rows, again in (
        (by_grade(probability, target), by_grade(probability[::-1], target[::-1])),
        (reliability(probability, target), reliability(probability[::-1], target[::-1])),
    ):
        assert sum(row["applicants"] for row in rows) == len(scored)
        assert sum(row["defaults"] for row in rows) == target.sum()
        assert [row["defaults"] for row in rows] == [row["defaults"] for row in again]
        for row in rows:
            assert row["low"] <= row["observed_rate"] <= row["high"]
    assert [row["grade"] for row in by_grade(probability, target)] == sorted(
        {policy.grade(value) for value in probability.tolist()}
    )


def test_true_probabilities_fail_as_rarely_as_promised() -> None:
    samples = [by_grade(*applicants(4_000, seed)) for seed in range(150)]
    single = np.mean(
        [
            jeffreys_p_value(row["defaults"], row["applicants"], row["mean_probability"]) < LEVEL
            for rows in samples
            for row in rows
        ]
    )
    too_low = np.mean([any(row["verdict"] == "fail" for row in rows) for rows in samples])
    too_high = np.mean([any(row["too_high"] for row in rows) for rows in samples])
    assert 0.02 < single < 0.08
    assert too_low < 0.11
    assert too_high < 0.11
    assert {len(rows) for rows in samples} == {len(policy.GRADES)}


def test_probabilities_that_are_too_low_are_caught() -> None:
    rows = by_grade(*applicants(20_000, 1, factor=1.4))
    assert {row["verdict"] for row in rows} == {"fail"}
    assert not any(row["too_high"] for row in rows)
    bins = reliability(*applicants(20_000, 1, factor=1.4))
    assert all(bin_["mean_probability"] < bin_["observed_rate"] for bin_ in bins)
    assert sum(bin_["mean_probability"] < bin_["low"] for bin_ in bins) >= 6


def test_probabilities_that_are_too_high_pass_and_are_marked() -> None:
    rows = by_grade(*applicants(20_000, 1, factor=0.6))
    assert {row["verdict"] for row in rows} == {"pass"}
    assert all(row["too_high"] for row in rows)


def test_bins_are_quantiles_and_ties_share_one() -> None:
    assert [bin_["applicants"] for bin_ in reliability(*applicants(1_000, 3))] == [100] * 10
    tied = reliability(np.repeat([0.1, 0.2], [900, 100]), np.zeros(1_000, dtype=np.int64))
    assert [bin_["applicants"] for bin_ in tied] == [900, 100]
