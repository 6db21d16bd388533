"""The statistics that synthetic applicants are drawn from: no number of them can be one person's."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.synthetic import fitting as fit
from home_credit.synthetic.building import OTHERS

if TYPE_CHECKING:
    from pathlib import Path

committed: dict[str, Any] = json.loads(
    files("home_credit.synthetic").joinpath("statistics.json").read_text(encoding="utf-8")
)
VARIABLES = [
    variable
    for chain in ("application", "clients", "bureau", "previous")
    for variable in committed[chain]["variables"]
]
few = st.integers(1, fit.LEAST - 1)


@given(few, st.text(min_size=1, max_size=5))
def test_a_category_of_few_is_not_told(count: int, name: str) -> None:
    many = ["common"] * 40 + ["other"] * 25
    target = np.zeros(len(many) + count)
    told = fit.shares_of(pl.Series("x", [*many, *[f"rare {name}"] * count]), target)
    assert set(told["values"]) == {"common", "other"}


@given(st.lists(st.floats(1e3, 1e12), min_size=fit.LEAST, max_size=fit.LEAST), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_the_outermost_rows_say_nothing(extremes: list[float], seed: int) -> None:
    rest = np.random.default_rng(seed).normal(size=500)
    knots = [
        fit.grid_of("x", np.concatenate([rest, top]), 0, 21, 0.02)["value"]
        for top in (np.array(extremes), np.full(len(extremes), 1e15) + np.arange(len(extremes)))
    ]
    assert knots[0] == knots[1]
    assert max(knots[0]) <= rest.max()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_a_knot_is_no_row_unless_many_share_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = np.concatenate([random.normal(size=600), np.full(fit.LEAST, 0.25), np.full(fit.LEAST - 1, 0.75)])
    facts = fit.grid_of("x", values, 0, 41, 0)
    assert 0.25 in facts["value"]
    assert 0.75 not in facts["value"]
    assert not set(fit.quantiles_of(values[:600], np.linspace(0, 1, 41))) & set(values)
    assert facts["value"] == sorted(facts["value"])
    assert sum(facts["share"]) + sum(facts["favourite"]) == 100_000


@given(st.lists(st.lists(st.integers(0, 60), min_size=5, max_size=5), min_size=1, max_size=4))
def test_a_share_in_a_leaf_rests_on_many_rows(nodes: list[list[int]]) -> None:
    path = [np.sum(nodes[depth:], axis=0) for depth in range(len(nodes))]
    if path[0].max() < fit.LEAST:
        return
    shares = fit.supported_shares(path)
    assert shares.sum() == pytest.approx(1)
    assert not (shares[path[0] < fit.LEAST]).any()
    # Who is rare in the leaf cannot be seen: exchanging the rare levels' rows changes nothing.
    rare = np.flatnonzero(path[-1] < fit.LEAST)
    exchanged = [*path[:-1], path[-1].copy()]
    if len(path) > 1 and len(rare) > 1:
        exchanged[-1][rare] = np.roll(exchanged[-1][rare], 1)
        assert np.array_equal(shares, fit.supported_shares(exchanged))


def test_remainders_are_means_of_many() -> None:
    values = np.random.default_rng(1).normal(size=400)
    quantiles = fit.remainders_of(values)
    assert (np.diff(quantiles) >= 0).all()
    assert not set(quantiles) & set(values)
    outlier = values.copy()
    outlier[outlier.argmax()] += 1
    assert np.abs(fit.remainders_of(outlier) - quantiles).max() <= 2 / fit.LEAST


def test_the_file_is_compact_and_holds_no_rows() -> None:
    assert len(json.dumps(committed)) < 500_000
    assert not [each["name"] for each in VARIABLES if each["name"].startswith("SK_ID")]
    assert set(committed) == {
        "least_rows", "split", "application", "clients", "bureau", "previous", "lateness", "balances",
        "drivers", "risk",
    }  # fmt: skip
    assert committed["least_rows"] == fit.LEAST


@pytest.mark.parametrize("each", VARIABLES, ids=lambda each: each["name"])
def test_a_variable_tells_no_more_than_its_rows_allow(each: dict[str, Any]) -> None:
    if "values" in each:
        assert len(each["leaves"]) <= 250
        assert all(max(leaf[::2]) < len(each["values"]) for leaf in each["leaves"])
    else:
        assert len(each["value"]) <= 600
        assert all(len(leaf) == len(fit.LEVELS) for leaf in each["leaves"])


@pytest.mark.real_rows
def test_the_committed_values_are_shared_by_many_real_rows(real_tables: Path) -> None:
    frame = fit.read(real_tables)["application"]
    for each in committed["application"]["variables"]:
        if each["name"] not in frame.columns or each["name"] in OTHERS:
            continue
        values = frame[each["name"]].drop_nulls()
        if "values" in each:
            told = [value for value in each["values"] if value is not None]
        elif "favourite" in each:
            flat = [value for value, share in zip(each["value"], each["favourite"], strict=True) if share > 2]
            told = [round(value * each["step"], 6) if each["step"] else value for value in flat]
        else:
            continue
        if each.get("step"):
            values = values.round(6)  # some real numbers carry the dust of an earlier division
        held = dict(values.value_counts().iter_rows())
        assert min(held.get(value, 0) for value in told) >= fit.LEAST, each["name"]
