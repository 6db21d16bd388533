"""The statistics that synthetic applicants are drawn from: no number can reveal one person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.synthetic import application, bureau, previous
from home_credit.synthetic.building import OTHERS
from home_credit.synthetic.chain.tree import Tree
from home_credit.synthetic.chain.variables import RESIDUAL_SHARES
from home_credit.synthetic.fitting.marginals import (
    MIN_ROWS,
    combinations,
    is_common,
    levels_of,
    quantile_function,
    quantiles_of,
    residual_quantiles,
    supported_shares,
)
from home_credit.synthetic.fitting.prices import application_prices, loan_prices
from home_credit.synthetic.fitting.tables import COMPLETE, read_tables
from home_credit.synthetic.fitting.trees import TreeGrower
from home_credit.synthetic.statistics import Value, VariableStatistics, load_statistics
from home_credit.tables.schema import APPLICATION, ID

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
    statistics = quantile_function("x", values, step=0, knots=41, atom=0)
    assert 0.25 in statistics["value"]
    assert 0.75 not in statistics["value"]
    assert not set(quantiles_of(values[:600], np.linspace(0, 1, 41))) & set(values)
    assert statistics["value"] == sorted(statistics["value"])
    assert sum(statistics["share"]) + sum(statistics["atom"]) == 100_000


COUNTS = st.lists(st.integers(0, 60), min_size=5, max_size=5)


@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_a_share_in_a_leaf_rests_on_many_rows(nodes: list[list[int]]) -> None:
    nodes[0][0] += MIN_ROWS
    path = [np.sum(nodes[depth:], axis=0) for depth in range(len(nodes))]
    shares = supported_shares(path)
    assert shares.sum() == pytest.approx(1)
    assert not shares[path[0] < MIN_ROWS].any()


@given(st.lists(COUNTS, min_size=1, max_size=3), st.permutations(range(3)))
def test_which_rare_levels_a_leaf_has_does_not_show(above: list[list[int]], order: list[int]) -> None:
    leaf = np.array([40, 25, 1, 5, 9])
    path = [leaf + MIN_ROWS + np.sum(above[depth:], axis=0) for depth in range(len(above))]
    exchanged = np.concatenate([leaf[:2], leaf[2:][list(order)]])
    assert np.array_equal(supported_shares([*path, leaf]), supported_shares([*path, exchanged]))


@given(st.lists(st.integers(0, 30), min_size=4, max_size=4), few)
def test_combinations_of_few_rows_are_left_out(counts: list[int], rare: int) -> None:
    counts[0] += MIN_ROWS
    kinds = [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    rows = [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)] + [("a", 3)] * rare
    frame = pl.DataFrame(rows, schema=["letter", "digit"], orient="row")
    levels, numbers = combinations(frame)
    many = [kind for kind, count in zip(kinds, counts, strict=True) if count >= MIN_ROWS]
    assert levels.rows() == many
    assert is_common(frame).to_list() == [row in many for row in rows]
    drawn = [levels.row(number) for number in numbers]
    assert all(found == row for found, row in zip(drawn, rows, strict=True) if row in many)
    assert all(found[0] == row[0] for found, row in zip(drawn, rows, strict=True) if row[0] in dict(many))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_a_grown_tree_is_what_the_generator_reads(seed: int) -> None:
    random = np.random.default_rng(seed)
    bins = random.integers(0, 50, (4, 2_000)).astype(np.uint8)
    response = (bins[1] > 20).astype(np.int64) + (bins[2] > random.integers(10, 40, 2_000))
    grown = TreeGrower(bins, response, 3, ordered=False, min_rows=100).grow(8, 5)
    assert np.array_equal(Tree(grown.preorder).apply(bins, 2_000), grown.leaf)
    assert np.bincount(grown.leaf).min() >= 100
    assert len(grown.counts) > 1
    for leaf, path in enumerate(grown.counts):
        assert np.array_equal(path[-1], np.bincount(response[grown.leaf == leaf], minlength=3))
        assert np.array_equal(path[0], np.bincount(response, minlength=3))


def test_residual_quantiles_are_means_of_many() -> None:
    values = np.random.default_rng(1).normal(size=400)
    quantiles = residual_quantiles(values)
    assert (np.diff(quantiles) >= 0).all()
    assert not set(quantiles) & set(values)
    outlier = values.copy()
    outlier[outlier.argmax()] += 1
    assert np.abs(residual_quantiles(outlier) - quantiles).max() <= 2 / MIN_ROWS


def test_the_file_is_compact_and_holds_no_rows() -> None:
    assert len(json.dumps(committed, separators=(",", ":"))) < 500_000
    assert not [each["name"] for each in VARIABLES if each["name"].startswith("SK_ID")]
    assert set(committed) == {
        "min_rows", "split", "application", "clients", "bureau", "previous", "lateness", "balances",
        "drivers", "risk",
    }  # fmt: skip
    assert committed["min_rows"] == MIN_ROWS


@pytest.mark.parametrize("each", VARIABLES, ids=lambda each: each["name"])
def test_a_variable_has_no_more_numbers_than_its_rows_allow(each: VariableStatistics) -> None:
    if "of" in each:
        assert set(each["codes"]) == set(range(len(each["values"])))
    elif "values" in each:
        assert len(each["leaves"]) <= 250
        assert all(max(leaf[::2]) < len(each["values"]) for leaf in each["leaves"])
    else:
        assert len(each["value"]) <= 600
        assert all(len(leaf) == len(RESIDUAL_SHARES) for leaf in each["leaves"])


@pytest.fixture(scope="module")
def encoded(real_tables: Path) -> dict[str, pl.DataFrame]:
    """The real rows that each chain was fitted on, as its variables."""
    tables = read_tables(real_tables)
    complete = tables[COMPLETE]
    credits_, loans = (
        tables[name].join(complete, on=ID, how="semi") for name in ("bureau", "previous_application")
    )
    prices = application_prices(tables[APPLICATION], loan_prices(tables["previous_application"]))
    return {
        "application": application.encode(tables[APPLICATION], prices),
        "bureau": bureau.encode(credits_),
        "previous": previous.encode(loans, loan_prices(loans)),
    }


@pytest.mark.real_rows
@pytest.mark.parametrize("chain", ["application", "bureau", "previous"])
def test_the_committed_values_are_shared_by_many_real_rows(
    encoded: dict[str, pl.DataFrame], chain: Literal["application", "bureau", "previous"]
) -> None:
    frame = encoded[chain]
    checked = 0
    for each in committed[chain]["variables"]:
        if each["name"] not in frame.columns or each["name"] in OTHERS:
            continue
        values = frame[each["name"]].drop_nulls()
        if "values" in each:
            kept = [value for value in each["values"] if value is not None]
        elif "atom" in each:
            atoms = [value for value, share in zip(each["value"], each["atom"], strict=True) if share > 2]
            kept = [round(value * each["step"], 6) if each["step"] else value for value in atoms]
            values = (
                values.round(6) if each["step"] else values
            )  # some carry the error of an earlier division
        else:
            continue
        rows = dict(values.value_counts().iter_rows())
        assert min(rows.get(value, 0) for value in kept) >= MIN_ROWS, each["name"]
        checked += 1
    assert checked > 10


@pytest.mark.real_rows
@pytest.mark.parametrize("chain", ["application", "bureau", "previous"])
def test_the_committed_combinations_are_those_of_many_real_rows(
    encoded: dict[str, pl.DataFrame], chain: Literal["application", "bureau", "previous"]
) -> None:
    parts: dict[str, dict[str, list[Value]]] = {}
    for each in committed[chain]["variables"]:
        if "of" in each:
            levels = [each["values"][code] for code in each["codes"]]
            parts.setdefault(each["of"], {})[each["name"]] = levels
    assert parts
    for columns in parts.values():
        names = list(columns)
        rows = set(
            encoded[chain].select(names).filter(is_common(encoded[chain].select(names))).unique().rows()
        )
        assert set(zip(*columns.values(), strict=True)) <= rows
