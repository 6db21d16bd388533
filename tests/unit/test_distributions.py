"""Distributions of figures: the percentile is that of the exact rank to within one, whatever the values are."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.applicants.distributions import STEPS, Distribution
from home_credit.applicants.figures import FIGURES, OF_APPLICATION, compute
from home_credit.features.catalogue import CATALOGUE
from home_credit.features.lineage import lineage
from home_credit.schemas.comparisons import Figure
from home_credit.tables.schema import APPLICATION

# Few different values, so that many are equal, and any others.
values = st.integers(-3, 3).map(float) | st.floats(-(2.0**90), 2.0**90, width=32)
samples = st.lists(values, min_size=1, max_size=300)


def _distribution(sample: list[float]) -> Distribution:
    return Distribution.of(np.sort(np.array(sample, np.float32)))


@given(sample=samples, value=values)
def test_a_percentile_is_the_exact_rank_to_within_one(sample: list[float], value: float) -> None:
    lower = sum(each < value for each in sample)
    equal = sum(each == value for each in sample)
    exact = 100 * (lower + equal / 2) / len(sample)
    percentile = _distribution(sample).percentile(value)
    assert percentile is not None
    assert exact - 1 < percentile <= exact


@given(sample=samples)
def test_quantiles_are_the_inverse_of_the_distribution_function(sample: list[float]) -> None:
    found = _distribution(sample).quantiles
    ascending = sorted(np.array(sample, np.float32).tolist())
    assert found[0] == ascending[0]
    for level, quantile in enumerate(found.tolist()):
        assert sum(each <= quantile for each in ascending) * STEPS >= level * len(ascending)
        if level:
            assert sum(each < quantile for each in ascending) * STEPS < level * len(ascending)


def test_without_a_value_there_is_no_percentile() -> None:
    nobody = Distribution.of(np.empty(0, np.float32))
    assert nobody.percentile(1.0) is None
    assert nobody.digits() == []


def test_figures_are_numbers_that_need_no_model() -> None:
    assert len(set(FIGURES)) == len(FIGURES) >= 20
    assert get_args(Figure) == FIGURES
    assert all(CATALOGUE[name].kind == "number" for name in FIGURES)
    with_histories = {name for name in FIGURES if set(lineage(name)) - {APPLICATION}}
    assert with_histories.isdisjoint(OF_APPLICATION)
    given_nothing = compute()({}, [np.nan] * 10_000)
    assert len(given_nothing) == len(FIGURES)


@pytest.mark.parametrize("value", [1e300, -1e300, 0.1])
def test_a_value_beyond_single_precision_is_the_largest(value: float) -> None:
    percentile = Distribution.of(np.array([-1.0, 1.0], np.float32)).percentile(value)
    assert percentile == (100.0 if value > 1 else 0.0 if value < -1 else 50.0)
