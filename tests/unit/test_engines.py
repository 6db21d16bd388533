"""Each operation means the same on every engine, to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.features.arithmetic import (
    count,
    flag,
    latest,
    mean,
    ratio,
    recency_rank,
    rounded,
    scaled_ratio,
    share,
    standard_deviation,
    thousandths,
    where,
    whole,
)
from home_credit.features.expression import (
    FLOAT,
    INTEGER,
    Expr,
    coalesce,
    col,
    count_rows,
    lit,
    max_horizontal,
    min_horizontal,
    when,
)
from home_credit.features.plan import scan
from home_credit.tables.schema import ID
from support.engines import ENGINES, bits, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

each_engine = pytest.mark.parametrize("engine", ENGINES)

N = None
# Of every column what matters: missing, zero, both signs, ties.
ROWS: dict[str, list[Any]] = {
    "CREDIT_DAY_OVERDUE": [3, 0, N, -3, 7],  # integers
    "CNT_CREDIT_PROLONG": [2, 0, 5, N, 7],
    "AMT_CREDIT_SUM": [2.5, 0.0, N, -1.25, 4.0],  # floats
    "AMT_CREDIT_SUM_DEBT": [0.5, 0.0, 3.0, N, -4.0],
    "CREDIT_ACTIVE": ["Active", "Closed", N, "Sold", "Active"],
    "CREDIT_TYPE": ["Car loan", N, "Mortgage", "Car loan", "Credit card"],
}
D, C, X, Y = (col(name) for name in list(ROWS)[:4])
S, T = col("CREDIT_ACTIVE"), col("CREDIT_TYPE")
TRUE, FALSE = 1.0, 0.0

ON_ROWS: dict[str, tuple[Expr, list[Any]]] = {
    "add integers": (D + C, [5, 0, N, N, 14]),
    "add mixed": (D + X, [5.5, 0.0, N, -4.25, 11.0]),
    "subtract": (D - C, [1, 0, N, N, 0]),
    "negate": (-D, [-3, 0, N, 3, -7]),
    "multiply integers": (D * C, [6, 0, N, N, 49]),
    "multiply floats": (X * Y, [1.25, 0.0, N, N, -16.0]),
    "zero times a negative integer is zero": (D * (C - 7), [-15, 0, N, N, 0]),
    "divide": (X / Y, [5.0, N, N, N, -1.0]),
    "divide integers": (D / C, [1.5, N, N, N, 1.0]),
    "divide by a constant": (X / 3.0, [2.5 / 3.0, 0.0, N, -1.25 / 3.0, 4.0 / 3.0]),
    "divide by zero": (X / 0.0, [N] * 5),
    "divide a constant": (1.0 / X, [0.4, N, N, -0.8, 0.25]),
    "equal": (D == C, [FALSE, TRUE, N, N, TRUE]),
    "not equal": (D != C, [TRUE, FALSE, N, N, FALSE]),
    "less": (D < C, [FALSE, FALSE, N, N, FALSE]),
    "less or equal": (C <= D, [TRUE, TRUE, N, N, TRUE]),
    "greater": (X > Y, [TRUE, FALSE, N, N, TRUE]),
    "greater or equal": (X >= 0, [TRUE, TRUE, N, FALSE, TRUE]),
    "equal text": (S == "Active", [TRUE, FALSE, N, FALSE, TRUE]),
    "not equal text": (S != "Active", [FALSE, TRUE, N, TRUE, FALSE]),
    "text that no row holds": (S == "Bad debt", [FALSE, FALSE, N, FALSE, FALSE]),
    "and": ((D > 0) & (X > 0), [TRUE, FALSE, N, FALSE, TRUE]),
    "and, one side false": ((D > 0) & (C > 100), [FALSE, FALSE, FALSE, FALSE, FALSE]),
    "or": ((D > 0) | (C > 3), [TRUE, FALSE, TRUE, N, TRUE]),
    "not": (~(D > 0), [FALSE, TRUE, N, TRUE, FALSE]),
    "not and": (~((D > 0) & (C > 3)), [TRUE, TRUE, N, TRUE, FALSE]),
    "not or": (~((D > 0) | (C > 3)), [FALSE, TRUE, FALSE, N, FALSE]),
    "not in": (~S.is_in(["Active", "Sold"]), [FALSE, TRUE, N, FALSE, FALSE]),
    "missing": (D.is_null(), [FALSE, FALSE, TRUE, FALSE, FALSE]),
    "not missing": (~D.is_null(), [TRUE, TRUE, FALSE, TRUE, TRUE]),
    "never missing": (col(ID).is_null(), [FALSE] * 5),
    "missing text": (T.is_null(), [FALSE, TRUE, FALSE, FALSE, FALSE]),
    "in": (S.is_in(["Active", "Sold"]), [TRUE, FALSE, N, TRUE, TRUE]),
    "in numbers": (D.is_in([0, 7]), [FALSE, TRUE, N, FALSE, TRUE]),
    "choose": (when(D > 0).then(X).otherwise(Y), [2.5, 0.0, 3.0, N, 4.0]),
    "choose or missing": (where(D > 0, C), [2, N, N, N, 7]),
    "choose text": (when(D > 0).then(S).otherwise("Sold"), ["Active", "Sold", "Sold", "Sold", "Active"]),
    "flag": (flag(D > 0), [1, 0, 0, 0, 1]),
    "coalesce": (coalesce(X, Y, lit(9.0)), [2.5, 0.0, 3.0, -1.25, 4.0]),
    "fill": (D.fill_null(1), [3, 0, 1, -3, 7]),
    "least of a row": (min_horizontal(X, Y), [0.5, 0.0, 3.0, -1.25, -4.0]),
    "greatest of a row": (max_horizontal(X, Y), [2.5, 0.0, 3.0, -1.25, 4.0]),
    "floor": (Y.floor(), [0.0, 0.0, 3.0, N, -4.0]),
    "floor of a negative": (X.floor(), [2.0, 0.0, N, -2.0, 4.0]),
    "square root": (X.sqrt(), [2.5**0.5, 0.0, N, N, 2.0]),
    "clip": (X.clip(-1.0, 3.0), [2.5, 0.0, N, -1.0, 3.0]),
    "integer of float": (X.cast(INTEGER), [2, 0, N, -1, 4]),
    "float of integer": (D.cast(FLOAT), [3.0, 0.0, N, -3.0, 7.0]),
    "integer of text": (when(D > 0).then(lit("4")).otherwise("0").cast(INTEGER), [4, 0, 0, 0, 4]),
    "rounded halves": (rounded(X), [3, 0, N, -1, 4]),
    "a column as it is": (T, ["Car loan", N, "Mortgage", "Car loan", "Credit card"]),
    "a constant": (lit(2), [2] * 5),
    "whole days but the sentinel": (whole("CREDIT_DAY_OVERDUE", sentinel=7), [3, 0, N, -3, N]),
    "scaled ratio": (scaled_ratio(X, Y), [5_000_000, N, N, N, -1_000_000]),
}


def a_bureau() -> pl.DataFrame:
    return frame("bureau", **{ID: [1, 2, 3, 4, 5], **ROWS})


@each_engine
@pytest.mark.parametrize("case", ON_ROWS)
def test_an_operation_on_rows(engine: str, case: str) -> None:
    expression, expected = ON_ROWS[case]
    found = ENGINES[engine](scan("bureau").select(ID, y=expression), {"bureau": a_bureau()})["y"]
    assert [bits(value) for value in found] == [bits(value) for value in expected]


# Applicant 1 has three rows, 2 one and 3 two.
OWNERS = [1, 1, 1, 2, 3, 3]
HISTORY: dict[str, Sequence[Any]] = {
    ID: OWNERS,
    "CREDIT_DAY_OVERDUE": [3, N, 5, 8, N, N],
    "CNT_CREDIT_PROLONG": [2, 2, N, 0, -1, 4],
    "AMT_CREDIT_SUM": [2.5, 1.5, N, 8.0, 3.0, 3.0],
    "CREDIT_ACTIVE": ["Active", N, "Closed", "Sold", N, N],
    "CREDIT_TYPE": ["Car loan", "Car loan", "Mortgage", N, "Mortgage", "Car loan"],
    "DAYS_CREDIT": [-30, -10, -20, -5, -7, -7],
}

OF_GROUPS: dict[str, tuple[Expr, list[Any]]] = {
    "sum": (D.sum(), [8, 8, 0]),
    "sum of what a condition selects": (where(C > 0, D).sum(), [3, 0, 0]),
    "count": (D.count(), [2, 1, 0]),
    "count of what a condition selects": (where(C > 0, D).count(), [1, 0, 0]),
    "least": (D.min(), [3, 8, N]),
    "least of what a condition selects": (where(C < 1, C).min(), [N, 0, -1]),
    "greatest": (C.max(), [2, 0, 4]),
    "greatest text": (T.max(), ["Mortgage", N, "Mortgage"]),
    "text of none": (where(C > 3, S).max(), [N, N, N]),
    "distinct numbers": (C.n_unique(), [2, 1, 2]),
    "distinct texts": (S.n_unique(), [3, 1, 1]),
    "rows": (count_rows(), [3, 1, 2]),
    "number of rows that hold": (count(T == "Car loan"), [2, 0, 1]),
    "number of rows that hold both": (count((T == "Car loan") & (C > 1)), [2, 0, 1]),
    "number of rows that hold three": (count((T == "Car loan") & (C > 1) & (D > 0)), [1, 0, 0]),
    "mean": (mean(D), [4.0, 8.0, N]),
    "mean of floats as thousandths": (mean(thousandths("AMT_CREDIT_SUM")), [2000.0, 8000.0, 3000.0]),
    "share": (share(D > 4, ~C.is_null()), [0.0, 1.0, 0.0]),
    "standard deviation": (standard_deviation(D), [2.0**0.5, N, N]),
    "standard deviation of equal numbers": (standard_deviation(whole("AMT_CREDIT_SUM")), [0.5**0.5, N, 0.0]),
    "of no row": (where(col(ID).is_null(), D).max(), [N, N, N]),
    "sum of no row": (where(col(ID).is_null(), D).sum(), [0, 0, 0]),
    "number of no rows": (count(col(ID).is_null() & (D > 0)), [0, 0, 0]),
    "of every row": (where(~col(ID).is_null(), D).sum(), [8, 8, 0]),
    "where a constant comparison holds": (where(lit(1) > 0, D).max(), [5, 8, N]),
    "ratio of sums": (ratio(D.sum(), C.sum()), [2.0, N, 0.0]),
    "difference of extremes": (D.max() - D.min(), [2, 0, N]),
    "condition on an aggregate": (when(D.count() > 1).then(C.sum()).otherwise(-1), [4, -1, -1]),
}


@each_engine
@pytest.mark.parametrize("case", OF_GROUPS)
def test_an_aggregate(engine: str, case: str) -> None:
    expression, expected = OF_GROUPS[case]
    plan = scan("bureau").group_by(ID).agg(y=expression)
    found = ENGINES[engine](plan, {"bureau": frame("bureau", **HISTORY)})
    assert dict(zip(found[ID], map(bits, found["y"]), strict=True)) == dict(
        zip((1, 2, 3), map(bits, expected), strict=True)
    )


@each_engine
def test_whether_any_row_holds(engine: str) -> None:
    rows = scan("bureau").group_by(ID, "SK_ID_BUREAU").agg(late=(D > 4).any(), owner=col(ID).max())
    plan = rows.group_by(ID).agg(y=count(col("late")), z=count(~col("late")))
    found = ENGINES[engine](plan, {"bureau": frame("bureau", **HISTORY)})
    counted = dict(zip(found[ID], zip(found["y"], found["z"], strict=True), strict=True))
    assert counted == {1: (1, 2), 2: (1, 0), 3: (0, 2)}


@each_engine
def test_running_aggregates(engine: str) -> None:
    recent = scan("bureau").with_columns(
        rank=recency_rank(["DAYS_CREDIT", "CNT_CREDIT_PROLONG"]), prolonged=flag(C > 1)
    )
    so_far = col("prolonged").cum_sum(partition_by=[ID], order_by=["DAYS_CREDIT", "SK_ID_BUREAU"])
    plan = recent.with_columns(so_far=so_far).select("rank", "so_far")
    found = ENGINES[engine](plan, {"bureau": frame("bureau", **HISTORY)})
    assert found == {"rank": [1, 3, 2, 1, 1, 2], "so_far": [1, 2, 1, 0, 0, 1]}


@each_engine
def test_a_running_aggregate_by_two_columns(engine: str) -> None:
    by_kind = col(ID).cum_count(partition_by=[ID, "CREDIT_TYPE"], order_by=["DAYS_CREDIT", "SK_ID_BUREAU"])
    found = ENGINES[engine](scan("bureau").select(place=by_kind), {"bureau": frame("bureau", **HISTORY)})
    assert found == {"place": [1, 2, 1, 1, 1, 1]}


@each_engine
def test_missing_comes_first_in_an_order(engine: str) -> None:
    plan = scan("bureau").select(rank=recency_rank(["CREDIT_DAY_OVERDUE", "CNT_CREDIT_PROLONG"]))
    found = ENGINES[engine](plan, {"bureau": frame("bureau", **HISTORY)})
    assert found == {"rank": [2, 1, 3, 1, 1, 2]}


@each_engine
def test_the_latest_row(engine: str) -> None:
    recent = scan("bureau").with_columns(rank=recency_rank(["DAYS_CREDIT", "SK_ID_BUREAU"]))
    plan = recent.group_by(ID).agg(kind=latest(T), overdue=latest(D))
    found = ENGINES[engine](plan, {"bureau": frame("bureau", **HISTORY)})
    assert dict(zip(found[ID], zip(found["kind"], found["overdue"], strict=True), strict=True)) == {
        1: ("Car loan", 3),
        2: (N, 8),
        3: ("Mortgage", N),
    }


@each_engine
def test_a_group_of_a_missing_key_is_a_group(engine: str) -> None:
    plan = scan("bureau").group_by(ID, "CNT_CREDIT_PROLONG").agg(rows=count_rows(), most=X.max())
    plan = plan.group_by(ID).agg(groups=count_rows(), largest=col("rows").max(), most=col("most").max())
    found = ENGINES[engine](plan, {"bureau": frame("bureau", **HISTORY)})
    by_owner = {
        owner: (groups, largest, most)
        for owner, groups, largest, most in zip(
            *(found[name] for name in (ID, "groups", "largest", "most")), strict=True
        )
    }
    assert by_owner == {1: (2, 2, 2.5), 2: (1, 1, 8.0), 3: (2, 1, 3.0)}


@each_engine
@pytest.mark.parametrize(("how", "expected"), [("inner", {1: 2, 3: 1}), ("left", {1: 2, 2: N, 3: 1})])
def test_a_join(engine: str, how: Any, expected: dict[int, Any]) -> None:
    months = scan("bureau_balance").group_by("SK_ID_BUREAU").agg(months=count_rows())
    joined = scan("bureau").select(ID, "SK_ID_BUREAU").join(months, on="SK_ID_BUREAU", how=how)
    tables = {
        "bureau": frame("bureau", **{ID: [1, 2, 3], "SK_ID_BUREAU": [10, 20, 30]}),
        "bureau_balance": frame(
            "bureau_balance", SK_ID_BUREAU=[30, 10, 10, 99], MONTHS_BALANCE=[-1, -1, -2, -1]
        ),
    }
    found = ENGINES[engine](joined, tables)
    assert dict(zip(found[ID], found["months"], strict=True)) == expected


@each_engine
def test_tables_without_rows(engine: str) -> None:
    plan = (
        scan("bureau").with_columns(rank=recency_rank(["DAYS_CREDIT"])).group_by(ID).agg(y=D.sum(), z=X.max())
    )
    found = ENGINES[engine](plan, {"bureau": frame("bureau", **{ID: [1]}).head(0)})
    assert found == {ID: [], "y": [], "z": []}


NUMBERS = st.one_of(st.none(), st.sampled_from([0, 1, -1, 2, 3, 1000]), st.integers(-(10**6), 10**6))
AMOUNTS = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 0.5, -0.5, 1.0, 1e9, -1e9, 450000.0]),
    st.floats(-1e9, 1e9),
)
CODES = st.one_of(st.none(), st.sampled_from(["Active", "Closed", "Sold"]))


def numbers() -> st.SearchStrategy[Expr]:
    """Expressions whose whole numbers stay below 2**53."""
    leaves = st.sampled_from([D, C, lit(0), lit(3), X, Y, lit(0.5), D.fill_null(0), Y.fill_null(1.0)])
    return st.recursive(leaves, _larger, max_leaves=6)


def _larger(of: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    conditions = st.one_of(
        st.builds(lambda a, b: a < b, of, of),
        st.builds(lambda a, b: (a == b) | (S == "Active"), of, of),
        st.builds(lambda a, b: ~((a != b) & ~T.is_in(["Sold", "Closed"])), of, of),
        st.builds(lambda a: a.is_null(), of),
    )
    return st.one_of(
        st.builds(lambda a, b: a + b, of, of),
        st.builds(lambda a, b: a - b, of, of),
        st.builds(lambda a, b: a / b, of, of),
        st.builds(lambda a: a.clip(-1e6, 1e6) * 0.001, of.map(lambda a: a / 1.0)),
        st.builds(lambda a: (a / 1.0).sqrt(), of),
        st.builds(lambda a: (a / 8.0).floor(), of),
        st.builds(coalesce, of, of),
        st.builds(lambda a, b: min_horizontal(a / 1.0, b / 1.0), of, of),
        st.builds(lambda a, b: max_horizontal(a / 1.0, b / 1.0), of, of),
        st.builds(lambda c, a, b: when(c).then(a).otherwise(b), conditions, of, of),
        st.builds(where, conditions, of),
    )


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS, AMOUNTS, AMOUNTS, CODES, CODES), min_size=1, max_size=6),
    expression=numbers(),
)
def test_any_expression_has_the_same_bits_on_every_engine(
    rows: list[tuple[Any, ...]], expression: Expr
) -> None:
    table = {"bureau": frame("bureau", **dict(zip(ROWS, zip(*rows, strict=True), strict=True)))}
    plan = scan("bureau").select(ID, y=expression)
    # The sign of a zero aside, which Polars does not keep where a side is zero in all rows.
    expected, *others = (
        [bits(None if value is None else value + 0.0) for value in run(plan, table)["y"]]
        for run in (ENGINES["rows"], ENGINES["polars"], ENGINES["columns"])
    )
    assert others == [expected, expected]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(1.0, 1e9), min_size=2, max_size=8),
    st.one_of(st.floats(1.0, 1e9), st.sampled_from([3.0, 49.0, 450000.0])),
)
def test_a_quotient_does_not_depend_on_who_shares_the_divisor(amounts: list[float], divisor: float) -> None:
    """Concatenated frames of one row are a constant column to Polars, which would multiply by its reciprocal."""
    rows = [frame("bureau", AMT_CREDIT_SUM=[amount], AMT_CREDIT_SUM_DEBT=[divisor]) for amount in amounts]
    plan = scan("bureau").select(column=X / Y, literal=X / divisor)
    found = ENGINES["polars"](plan, {"bureau": pl.concat(rows)})
    assert found["column"] == [amount / divisor for amount in amounts]
    assert found["literal"] == [amount / divisor for amount in amounts]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda: bool(D > 0), "no truth value"),
        (lambda: lit(None), "neither an expression"),
        (lambda: lit(True), "neither an expression"),
    ],
)
def test_what_no_expression_can_be(wrong: Callable[[], object], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        wrong()


@pytest.mark.parametrize(
    "expression",
    [
        D * D * D * D,
        S + 1,
        S == 1,
        (D > 0) + 1,
        (D > 0) == (C > 0),
        ~D,
        X.sum(),
        (D > 0).cast(INTEGER),
        coalesce(S, D),
        D.any(),
    ],
)
def test_operands_that_do_not_go_together_are_refused_when_code_is_written(expression: Expr) -> None:
    plan = scan("bureau").group_by(ID).agg(y=expression.max())
    with pytest.raises(TypeError):
        ENGINES["applicant"](plan, {"bureau": a_bureau()})
