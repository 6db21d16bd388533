"""The statistics that synthetic applicants are drawn from: no number of them can be one person's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.synthetic.building import OTHERS
from home_credit.synthetic.chain.variables import RESIDUAL_SHARES
from home_credit.synthetic.fitting.marginals import (
    MIN_ROWS,
    levels_of,
    quantile_function,
    quantiles_of,
    residual_quantiles,
    supported_shares,
)
from home_credit.synthetic.fitting.tables import read_tables
from home_credit.synthetic.statistics import VariableStatistics, load_statistics

if TYPE_CHECKING:
    from pathlib import Path

committed = load_statistics()
VARIABLES = [
    variable
    for chain in (committed["application"], committed["clients"], committed["bureau"], committed["previous"])
    for variable in chain["variables"]
]
few = st.integers(1, MIN_ROWS - 1)


@given(few, st.text(min_size=1, max_size=5))
def test_a_category_of_few_rows_is_left_out(count: int, name: str) -> None:
    many = ["common"] * 40 + ["other"] * 25
    target = np.zeros(len(many) + count)
    levels = levels_of(pl.Series("x", [*many, *[f"rare {name}"] * count]), target)
    assert set(levels["values"]) == {"common", "other"}


@given(st.lists(st.floats(1e3, 1e12), min_size=MIN_ROWS, max_size=MIN_ROWS), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_the_outermost_rows_do_not_count(extremes: list[float], seed: int) -> None:
    rest = np.random.default_rng(seed).normal(size=500)
    knots = [
        quantile_function("x", np.concatenate([rest, top]), step=0, knots=21, atom=0.02)["value"]
        for top in (np.array(extremes), np.full(len(extremes), 1e15) + np.arange(len(extremes)))
    ]
    assert knots[0] == knots[1]
    assert max(knots[0]) <= rest.max()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_a_knot_is_no_row_unless_many_share_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = np.concatenate([random.normal(size=600), np.full(MIN_ROWS, 0.25), np.full(MIN_ROWS - 1, 0.75)])
    facts = quantile_function("x", values, step=0, knots=41, atom=0)
    assert 0.25 in facts["value"]
    assert 0.75 not in facts["value"]
    assert not set(quantiles_of(values[:600], np.linspace(0, 1, 41))) & set(values)
    assert facts["value"] == sorted(facts["value"])
    assert sum(facts["share"]) + sum(facts["atom"]) == 100_000


@given(st.lists(st.lists(st.integers(0, 60), min_size=5, max_size=5), min_size=1, max_size=4))
def test_a_share_in_a_leaf_rests_on_many_rows(nodes: list[list[int]]) -> None:
    path = [np.sum(nodes[depth:], axis=0) for depth in range(len(nodes))]
    if path[0].max() < MIN_ROWS:
        return
    shares = supported_shares(path)
    assert shares.sum() == pytest.approx(1)
    assert not (shares[path[0] < MIN_ROWS]).any()
    # Who is rare in the leaf cannot be seen: exchanging the rare levels' rows changes nothing.
    rare = np.flatnonzero(path[-1] < MIN_ROWS)
    exchanged = [*path[:-1], path[-1].copy()]
    if len(path) > 1 and len(rare) > 1:
        exchanged[-1][rare] = np.roll(exchanged[-1][rare], 1)
        assert np.array_equal(shares, supported_shares(exchanged))


def test_residual_quantiles_are_means_of_many() -> None:
    values = np.random.default_rng(1).normal(size=400)
    quantiles = residual_quantiles(values)
    assert (np.diff(quantiles) >= 0).all()
    assert not set(quantiles) & set(values)
    outlier = values.copy()
    outlier[outlier.argmax()] += 1
    assert np.abs(residual_quantiles(outlier) - quantiles).max() <= 2 / MIN_ROWS


def test_the_file_is_compact_and_holds_no_rows() -> None:
    assert len(json.dumps(committed)) < 500_000
    assert not [each["name"] for each in VARIABLES if each["name"].startswith("SK_ID")]
    assert set(committed) == {
        "min_rows", "split", "application", "clients", "bureau", "previous", "lateness", "balances",
        "drivers", "risk",
    }  # fmt: skip
    assert committed["min_rows"] == MIN_ROWS


@pytest.mark.parametrize("each", VARIABLES, ids=lambda each: each["name"])
def test_a_variable_has_no_more_numbers_than_its_rows_allow(each: VariableStatistics) -> None:
    if "values" in each:
        assert len(each["leaves"]) <= 250
        assert all(max(leaf[::2]) < len(each["values"]) for leaf in each["leaves"])
    else:
        assert len(each["value"]) <= 600
        assert all(len(leaf) == len(RESIDUAL_SHARES) for leaf in each["leaves"])


@pytest.mark.real_rows
def test_the_committed_values_are_shared_by_many_real_rows(real_tables: Path) -> None:
    frame = read_tables(real_tables)["application"]
    for each in committed["application"]["variables"]:
        if each["name"] not in frame.columns or each["name"] in OTHERS:
            continue
        values = frame[each["name"]].drop_nulls()
        if "values" in each:
            kept = [value for value in each["values"] if value is not None]
        elif "atom" in each:
            flat = [value for value, share in zip(each["value"], each["atom"], strict=True) if share > 2]
            kept = [round(value * each["step"], 6) if each["step"] else value for value in flat]
        else:
            continue
        if each.get("step"):
            values = values.round(6)  # some real numbers carry the dust of an earlier division
        held = dict(values.value_counts().iter_rows())
        assert min(held.get(value, 0) for value in kept) >= MIN_ROWS, each["name"]
