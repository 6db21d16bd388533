"""Stability and drift, by chance and by change."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.errors import EmptyTableError, MissingColumnError
from home_credit.monitoring.bins import Bins
from home_credit.monitoring.build import reference_of
from home_credit.monitoring.columns import mean_shift
from home_credit.monitoring.page import slim
from home_credit.monitoring.reference import Reference
from home_credit.monitoring.stability import Stability, stability
from support.applications import applications
from support.windows import drift

columns = st.one_of(
    st.lists(st.none() | st.integers(-3, 400_000), min_size=1, max_size=60).map(
        lambda v: pl.Series("x", v, pl.Int64)
    ),
    st.lists(st.none() | st.floats(-1e12, 1e12), min_size=1, max_size=60).map(
        lambda v: pl.Series("x", v, pl.Float64)
    ),
    st.lists(st.none() | st.sampled_from("abcdef"), min_size=1, max_size=60).map(
        lambda v: pl.Series("x", v, pl.String)
    ),
)


def compared(reference: pl.Series, current: pl.Series) -> Stability:
    """Compare two samples in the cells of the first."""
    bins = Bins.of(reference)
    counts = [np.bincount(bins.codes(rows), minlength=bins.cells) for rows in (reference, current)]
    return stability(*counts)


@given(columns, st.data())
def test_every_value_has_a_cell_and_its_own_comes_first(reference: pl.Series, data: st.DataObject) -> None:
    bins = Bins.of(reference)
    codes = bins.codes(data.draw(columns.filter(lambda other: other.dtype == reference.dtype)))
    assert ((codes >= 0) & (codes < bins.cells)).all()
    own = np.bincount(bins.codes(reference), minlength=bins.cells)
    assert own[bins.missing] == reference.null_count()
    assert bins.rare.get("unseen") is None or own[bins.rare["unseen"]] == 0


@given(columns)
def test_statistics_are_read_back_as_they_were_written(rows: pl.Series) -> None:
    made = reference_of(pl.DataFrame({"x": rows}))
    assert Reference.model_validate_json(made.model_dump_json()) == made
    assert made.columns[0].bins == Bins.of(rows)


@given(columns, st.data())
def test_index_is_finite_and_never_negative(reference: pl.Series, data: st.DataObject) -> None:
    current = data.draw(columns.filter(lambda other: other.dtype == reference.dtype))
    found = compared(reference, current)
    assert 0 <= found.psi < np.inf
    assert 0 <= found.p_value <= 1
    assert found.critical(0.01) >= 0


@given(columns)
def test_same_rows_do_not_differ_in_any_order(rows: pl.Series) -> None:
    assert compared(rows, rows.reverse()).psi == pytest.approx(0)


def test_index_of_two_bins_is_the_formula() -> None:
    reference = pl.Series(["a"] * 800 + ["b"] * 200)
    current = pl.Series(["a"] * 600 + ["b"] * 400)
    exact = (0.6 - 0.8) * np.log(0.6 / 0.8) + (0.4 - 0.2) * np.log(0.4 / 0.2)
    assert compared(reference, current).psi == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("n", "m"), [(2_000, 2_000), (5_000, 150), (120, 90)])
@pytest.mark.parametrize("kind", ["smooth", "sentinel", "text"])
def test_chance_alone_is_called_significant_as_often_as_promised(n: int, m: int, kind: str) -> None:
    random = np.random.default_rng(7)

    def draw(size: int) -> pl.Series:
        match kind:
            case "smooth":
                return pl.Series(random.normal(size=size))
            case "sentinel":
                values = np.where(random.random(size) < 0.2, 365_243, -random.integers(1, 9_000, size))
                return pl.DataFrame({"x": values, "missing": random.random(size) < 0.03}).select(
                    pl.when(~pl.col("missing")).then("x")
                )["x"]
            case _:
                return pl.Series(
                    random.choice(list("abcdefgh"), size, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.01, 0.01])
                )

    found = [compared(draw(n), draw(m)) for _ in range(400)]
    assert np.mean([one.p_value < 0.05 for one in found]) == pytest.approx(0.05, abs=0.035)
    assert np.mean([one.psi for one in found]) == pytest.approx(
        np.mean([one.expected for one in found]), rel=0.15
    )
    assert np.mean([one.psi > one.critical(0.05) for one in found]) == pytest.approx(0.05, abs=0.035)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (40, 30), (20_000, 10_000)])
def test_no_alarm_where_nothing_changed(n: int, m: int) -> None:
    verdict = drift(applications(n, 1), applications(m, 2))
    assert not verdict.alarm
    assert verdict.share_drifted == 0
    assert verdict.summary is not None
    assert verdict.summary.en == "No drift alarm: 0 changes matter, 0 more beyond chance"
    assert {column.column for column in verdict.columns} == {
        "AMT_CREDIT", "EXT_SOURCE_2", "FLAG_EMAIL", "CODE_GENDER", "OWN_CAR_AGE",
    }  # fmt: skip


@pytest.mark.parametrize(("n", "m"), [(300, 200), (5_000, 500)])
def test_chance_alone_raises_hardly_an_alarm(n: int, m: int) -> None:
    times = 150
    found = [drift(applications(n, 2 * seed + 5), applications(m, 2 * seed + 6)) for seed in range(times)]
    # One in a hundred is promised; five of 150 are more than that in one run of two hundred.
    assert sum(bool(verdict.causes) for verdict in found) <= 5


@pytest.mark.parametrize(
    ("change", "column", "detector"),
    [
        (pl.col("AMT_CREDIT") * 2, "AMT_CREDIT", "distribution"),
        (pl.col("AMT_CREDIT") * pl.when(pl.int_range(pl.len()) % 20 == 0).then(1_000).otherwise(1), "AMT_CREDIT", "high"),
        (-pl.col("AMT_CREDIT"), "AMT_CREDIT", "low"),
        (pl.col("EXT_SOURCE_2").fill_null(0.5), "EXT_SOURCE_2", "missing"),
        (pl.lit(1).alias("FLAG_EMAIL"), "FLAG_EMAIL", "distribution"),
        (pl.col("CODE_GENDER").replace("F", "never seen"), "CODE_GENDER", "unseen"),
        (
            pl.when(pl.int_range(pl.len()) % 100 == 0).then(pl.lit("f")).otherwise("CODE_GENDER").alias("CODE_GENDER"),
            "CODE_GENDER",
            "unseen",
        ),
        (pl.lit(3.0).alias("OWN_CAR_AGE"), "OWN_CAR_AGE", "missing"),
        (pl.lit(None, pl.String).alias("CODE_GENDER"), "CODE_GENDER", "missing"),
    ],
)  # fmt: skip
def test_a_change_is_found_in_its_column_and_no_other(change: pl.Expr, column: str, detector: str) -> None:
    verdict = drift(applications(3_000, 1), applications(3_000, 2).with_columns(change))
    assert [found.column for found in verdict.columns if found.status != "none"] == [column]
    assert verdict.columns[0].column == column
    assert {cause.subject for cause in verdict.causes} == {column}
    assert detector in {cause.detector for cause in verdict.causes if cause.material}


@pytest.mark.parametrize("rows", [300, 3_000])
def test_repeated_applications_are_found(rows: int) -> None:
    current = applications(rows, 2)
    twice = pl.concat([current, current.head(rows // 20)])
    assert [cause.detector for cause in drift(applications(3_000, 1), twice).causes] == ["repeated"]


def test_small_but_certain_change_raises_no_alarm() -> None:
    current = applications(20_000, 2).with_columns(pl.col("AMT_CREDIT") * 1.03)
    verdict = drift(applications(20_000, 1), current)
    found = verdict.columns[0]
    assert (found.column, found.status) == ("AMT_CREDIT", "moderate")
    assert found.p_value < 1e-6
    assert not verdict.alarm
    assert [(cause.subject, cause.action) for cause in verdict.causes] == [("AMT_CREDIT", "none")]


@settings(max_examples=30, deadline=None)
@given(deviations=st.floats(-1, 1), seed=st.integers(0, 1_000))
def test_the_move_of_a_mean_is_seen_from_cells(deviations: float, seed: int) -> None:
    before, now = np.random.default_rng(seed).normal(0, 1, (2, 20_000))
    bins = Bins.of(pl.Series(before))
    shares = [
        np.bincount(bins.codes(pl.Series(side)), minlength=bins.cells) / len(side)
        for side in (before, now + deviations)
    ]
    assert mean_shift(bins, *shares) == pytest.approx(deviations, abs=0.03 + 0.15 * abs(deviations))


def test_the_mean_of_texts_and_of_missing_values_does_not_move() -> None:
    texts, nothing = Bins.of(pl.Series(["a", "b"])), Bins.of(pl.Series([1.0, 2.0]))
    assert mean_shift(texts, *np.eye(2, texts.cells)) is None
    empty = np.zeros(nothing.cells)
    empty[nothing.missing] = 1.0
    assert mean_shift(nothing, empty, empty) is None


def test_a_mean_that_moves_by_a_tenth_of_its_deviation_raises_the_alarm() -> None:
    reference, current = applications(20_000, 1), applications(20_000, 2)
    amount = pl.col("AMT_CREDIT")
    moved = current.with_columns(amount + 0.2 * float(np.std(reference["AMT_CREDIT"].to_numpy())))
    (cause,) = drift(reference, moved).causes
    assert cause.material
    assert "standard deviations higher" in cause.text.en
    assert "écart-type" in cause.text.fr


def test_a_change_at_the_limit_alarms_nearly_always() -> None:
    chance, alarms = np.random.default_rng(7), []
    reference = pl.DataFrame({"AMT_CREDIT": chance.normal(0, 1, 60_000)})
    for _ in range(40):
        # A tenth of a standard deviation: one estimate in two of it is below the limit.
        moved = pl.DataFrame({"AMT_CREDIT": chance.normal(0.1, 1, 8_000)})
        alarms.append(drift(reference, moved).alarm)
    assert np.mean(alarms) >= 0.9


@settings(max_examples=30, deadline=None)
@given(
    shares=st.lists(st.floats(0.05, 1), min_size=3, max_size=8),
    moved=st.floats(1.0, 2.0),
    seed=st.integers(0, 1_000),
)
def test_the_standard_error_of_the_index_is_its_spread(shares: list[float], moved: float, seed: int) -> None:
    before = np.array(shares) / sum(shares)
    now = before * np.array([1 + moved, *[1.0] * (len(shares) - 1)])
    chance = np.random.default_rng(seed)
    found = [
        stability(chance.multinomial(30_000, before), chance.multinomial(10_000, now / now.sum()))
        for _ in range(200)
    ]
    spread = float(np.std([each.psi for each in found]))
    assert found[0].error == pytest.approx(spread, rel=0.35)


def test_verdict_is_plain_json() -> None:
    verdict = drift(applications(50, 1), applications(50, 2))
    assert json.loads(verdict.model_dump_json())["alarm"] is False


def test_rows_that_cannot_be_compared_are_refused() -> None:
    rows = applications(10, 1)
    with pytest.raises(EmptyTableError, match="current has no rows"):
        drift(rows, rows.clear())
    with pytest.raises(MissingColumnError, match="column AMT_CREDIT"):
        drift(rows, rows.drop("AMT_CREDIT"))


def test_a_page_of_another_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="substring not found"):
        slim("<html><script src='evidently.js'></script></html>", "verdict", "basis")
