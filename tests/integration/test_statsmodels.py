"""Intervals and corrections of p-values are those of statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from home_credit.validation.grades import holm
from home_credit.validation.proportions import jeffreys, wilson

COUNTS = st.integers(1, 2_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@given(COUNTS)
def test_intervals_are_those_of_statsmodels(counted: tuple[int, int]) -> None:
    count, total = counted
    assert wilson(count, total) == pytest.approx(proportion_confint(count, total, method="wilson"), abs=1e-12)
    low, high = proportion_confint(count, total, method="jeffreys")
    assert jeffreys(count, total) == pytest.approx(
        (0.0 if count == 0 else low, 1.0 if count == total else high), abs=1e-12
    )


@settings(max_examples=20)  # statsmodels takes its time
@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_correction_is_that_of_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
