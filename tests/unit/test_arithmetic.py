"""Exact arithmetic: the laws that make one applicant's features the same alone and in the table."""

from __future__ import annotations

from fractions import Fraction
from statistics import stdev
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.features import arithmetic
from home_credit.features.engines.narwhals import rows
from home_credit.features.expression import Expr, col
from home_credit.features.plan import Plan, scan
from home_credit.tables.schema import ID

if TYPE_CHECKING:
    from collections.abc import Sequence

AMOUNTS = st.lists(st.integers(0, 10**10).map(lambda cents: cents / 100), min_size=1, max_size=40)


def collect(plan: Plan, frame: pl.DataFrame) -> pl.DataFrame:
    collected: pl.DataFrame = rows(plan, {"t": nw.from_native(frame.lazy())}).to_native().collect()
    return collected


def aggregate(values: Sequence[object], expression: Expr) -> object:
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Float64()}, strict=False)
    return collect(scan("t").select(y=expression), frame)["y"][0]


@given(AMOUNTS)
def test_thousandths_of_an_amount_add_up_exactly(amounts: list[float]) -> None:
    total = aggregate(amounts, arithmetic.thousandths("x").sum())
    assert total == sum(Fraction(round(amount * 1000)) for amount in amounts)


@settings(max_examples=30)
@given(AMOUNTS, st.randoms())
def test_the_order_of_rows_never_changes_a_bit(amounts: list[float], random: object) -> None:
    shuffled = list(amounts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    thousandths = arithmetic.thousandths("x")
    plan = scan("t").select(
        mean=arithmetic.mean(thousandths),
        money=arithmetic.money(thousandths.sum()),
        deviation=arithmetic.standard_deviation(thousandths.clip(0, 2_000_000)),
    )
    one, other = (collect(plan, pl.DataFrame({"x": values})) for values in (amounts, shuffled))
    assert repr(one.row(0)) == repr(other.row(0))


@given(st.lists(st.integers(-3000, 3000), min_size=2, max_size=200))
def test_spread_is_the_standard_deviation(days: list[int]) -> None:
    found = aggregate(list(days), arithmetic.standard_deviation(arithmetic.whole("x")))
    assert found == pytest.approx(stdev(days), rel=1e-9, abs=1e-6)


def test_missing_and_empty_stay_missing() -> None:
    nothing = [None, None]
    assert aggregate(nothing, arithmetic.mean(arithmetic.thousandths("x"))) is None
    assert aggregate(nothing, arithmetic.standard_deviation(arithmetic.thousandths("x"))) is None
    assert aggregate([3.0], arithmetic.standard_deviation(arithmetic.thousandths("x"))) is None
    assert aggregate([1.0], arithmetic.ratio(col("x"), col("x") - 1.0)) is None
    assert aggregate([365243.0], arithmetic.whole("x", sentinel=365243)) is None


def test_halves_round_upwards_on_both_sides_of_zero() -> None:
    assert [aggregate([value], arithmetic.rounded(col("x"))) for value in (0.5, 1.5, 2.5, -0.5, -1.5)] == [
        1,
        2,
        3,
        0,
        -1,
    ]


def test_a_ratio_too_large_for_its_scale_is_bounded() -> None:
    ratio = arithmetic.scaled_ratio(col("a"), col("b"))
    scaled = collect(scan("t").select(y=ratio), pl.DataFrame({"a": [10**15], "b": [1]}))
    assert scaled["y"][0] == arithmetic.LARGEST_RATIO


def test_latest_is_the_row_of_rank_one_whatever_the_order() -> None:
    frame = pl.DataFrame({ID: [1, 1, 1, 2], "age": [30, 10, 20, 5], "value": ["c", "a", "b", "z"]})
    plan = (
        scan("t")
        .with_columns(rank=arithmetic.recency_rank(["age"]))
        .group_by(ID)
        .agg(value=arithmetic.latest(col("value")))
    )
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]):
        assert collect(plan, frame[order]).sort(ID)["value"].to_list() == ["a", "z"]
