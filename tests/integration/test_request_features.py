"""The functions that answer a request compute what the batch engine computes, to the last bit."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.features import request
from home_credit.features.build import feature_matrix
from home_credit.features.engines import exact
from home_credit.features.engines.applicant import history_function
from home_credit.features.lineage import lineage, moved
from home_credit.features.matrix import HISTORIES
from home_credit.features.request import HISTORY_NAMES, NAMES, RequestFeatures
from home_credit.tables.schema import APPLICATION, ID, TABLES, table
from home_credit.tables.schema import HISTORIES as HISTORY_TABLES
from home_credit.tables.source import open_tables
from home_credit.terms.frames import learn_terms
from support.applicants import applicant_rows, odd_applicants
from support.engines import bits, frame

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from home_credit.features.plan import Plan
    from home_credit.terms.model import TermModel

    Frames = Mapping[str, pl.DataFrame]


def differing(frames: Frames, terms: TermModel, features: RequestFeatures) -> dict[str, Any]:
    """The features in which the two engines differ, each with the last applicant for whom they do."""
    lazy = {name: rows.lazy() for name, rows in frames.items()}
    matrix = feature_matrix(lazy, frames[APPLICATION][ID], terms)
    found = {}
    for expected in matrix.iter_rows(named=True):
        computed = features.compute(*applicant_rows(frames, expected[ID]))
        for name, value in zip(NAMES, computed, strict=True):
            missing = isinstance(value, float) and math.isnan(value)
            if bits(None if missing else value) != bits(expected[name]):
                found[name] = (expected[ID], value, expected[name])
    return found


def sample(tables: Path, applicants: int, least_rows: int = 0) -> tuple[Frames, TermModel]:
    """The rows of some applicants who have at least so many in the histories, and the model of the term."""
    with open_tables(tables, "all") as source:
        terms = learn_terms(source.frames["previous_application"])
        known = source.applicants
        if least_rows:
            owned = pl.concat(
                rows.select(ID) for name, rows in source.frames.items() if ID in table(name).columns
            ).collect()
            counts = owned.group_by(ID).len().filter(pl.col("len") > least_rows)
            known = known.join(counts, on=ID, how="semi", maintain_order="left")
        chosen = known.gather_every(max(1, len(known) // applicants)).head(applicants)[ID].implode()
        frames = {
            name: rows.filter(pl.col(ID).is_in(chosen)).collect()
            for name, rows in source.frames.items()
            if ID in table(name).columns
        }
        held = frames["bureau"]["SK_ID_BUREAU"].implode()
        months = source.frames["bureau_balance"].filter(pl.col("SK_ID_BUREAU").is_in(held)).collect()
    return {**frames, "bureau_balance": months}, terms


@pytest.fixture(scope="module")
def demo(portfolio: Path) -> tuple[Frames, TermModel]:
    return sample(portfolio, 200)


@pytest.fixture(scope="module")
def features(demo: tuple[Frames, TermModel]) -> RequestFeatures:
    return RequestFeatures(demo[1])


def test_demo_applicants(demo: tuple[Frames, TermModel], features: RequestFeatures) -> None:
    assert differing(*demo, features) == {}


@pytest.mark.real_rows
def test_real_applicants(real_tables: Path) -> None:
    frames, terms = sample(real_tables, 200, least_rows=5)
    assert len(frames["bureau_balance"]) > 1000
    assert differing(frames, terms, RequestFeatures(terms)) == {}


@settings(max_examples=3)
@given(seed=st.integers(0, 2**32), most_rows=st.sampled_from([1, 2, 5, 12]))
def test_missing_zero_ties_and_the_largest_values(
    demo: tuple[Frames, TermModel], features: RequestFeatures, seed: int, most_rows: int
) -> None:
    assert differing(odd_applicants(seed, 25, most_rows), demo[1], features) == {}


def test_an_applicant_without_history(demo: tuple[Frames, TermModel], features: RequestFeatures) -> None:
    frames = {name: rows if name == APPLICATION else rows.head(0) for name, rows in demo[0].items()}
    assert differing(frames, demo[1], features) == {}
    history = features.history({})
    assert all(value is None or math.isnan(value) for value in history if not isinstance(value, str))


def test_an_applicant_with_5000_instalments(
    demo: tuple[Frames, TermModel], features: RequestFeatures
) -> None:
    held = demo[0]["installments_payments"]
    many = pl.concat([held] * (5000 // len(held) + 1)).head(5000)
    many = many.with_columns(
        pl.lit(demo[0][APPLICATION][ID][0]).alias(ID), NUM_INSTALMENT_NUMBER=pl.int_range(pl.len()) // 2
    )
    frames = {**demo[0], APPLICATION: demo[0][APPLICATION].head(1), "installments_payments": many}
    assert differing(frames, demo[1], features) == {}


def test_what_floats_cannot_hold_is_computed_on_integers(
    demo: tuple[Frames, TermModel], features: RequestFeatures
) -> None:
    """Ten thousand of the largest amounts add up to more than 2**53 thousandths."""
    owner, count = demo[0][APPLICATION][ID][0], 10_000
    days = [-float(day) for day in range(count)]
    large = frame(
        "installments_payments",
        **{
            ID: [owner] * count,
            "SK_ID_PREV": [1] * count,
            "NUM_INSTALMENT_NUMBER": range(count),
            "NUM_INSTALMENT_VERSION": [1.0] * count,
            "DAYS_INSTALMENT": days,
            "DAYS_ENTRY_PAYMENT": days,
            "AMT_INSTALMENT": [999_999_999.999] * count,
            "AMT_PAYMENT": [999_999_999.997] * count,
        },
    )
    frames = {**demo[0], APPLICATION: demo[0][APPLICATION].head(1), "installments_payments": large}
    assert differing(frames, demo[1], features) == {}

    asked: list[Plan] = []

    def exactly(plan: Plan, tables: Mapping[str, Any]) -> list[exact.Row]:
        asked.append(plan)
        return exact.rows(plan, tables)

    instalments = next(plan for plan in HISTORIES if "INS_DUE_MAX" in dict(plan.columns))
    function = history_function(instalments, exactly)
    function(applicant_rows(demo[0], owner)[1])
    assert asked == []
    function(applicant_rows(frames, owner)[1])
    assert asked == [instalments]


def test_a_text_that_the_schema_does_not_know(
    demo: tuple[Frames, TermModel], features: RequestFeatures
) -> None:
    rows = demo[0]["bureau"].with_columns(CREDIT_TYPE=pl.lit("Ångström loan"))
    assert differing({**demo[0], "bureau": rows}, demo[1], features) == {}


def test_variants_are_what_the_changed_application_alone_would_be(
    demo: tuple[Frames, TermModel], features: RequestFeatures
) -> None:
    application, tables = applicant_rows(demo[0], demo[0][APPLICATION][ID][7])
    history = features.history(tables)
    changes = [
        {
            "AMT_CREDIT": 100_000.0 + 900 * step,
            "AMT_ANNUITY": None if step == 3 else 9_000.0,
            "NAME_CONTRACT_TYPE": kind,
        }
        for step, kind in enumerate(["Cash loans", "Revolving loans"] * 20)
    ]
    found = features.variants(application, history, changes)
    expected = [features.compute({**application, **change}, tables) for change in changes]
    assert [list(map(repr, row)) for row in found] == [list(map(repr, row)) for row in expected]
    assert features.variants(application, history, []) == []


def test_a_change_of_a_column_moves_only_what_stands_on_it(
    demo: tuple[Frames, TermModel], features: RequestFeatures
) -> None:
    applicants = demo[0][APPLICATION][ID].head(6)
    rows = [applicant_rows(demo[0], applicant) for applicant in applicants]
    before = [list(map(repr, features.compute(*each))) for each in rows]
    stands_on = {name: lineage(name) for name in NAMES}
    seen = set()
    for of in TABLES:
        for column in table(of).columns.values():
            if column.unit == "id":
                continue
            for (application, tables), old in zip(rows, before, strict=True):
                if of == APPLICATION:
                    changed = {**application, column.name: other(column, application[column.name])}, tables
                elif of in tables:
                    values = [other(column, value) for value in tables[of][column.name]]
                    changed = application, {**tables, of: {**tables[of], column.name: values}}
                else:
                    continue
                new = map(repr, features.compute(*changed))
                for name, was, now in zip(NAMES, old, new, strict=True):
                    if was != now:
                        assert column.name in stands_on[name].get(of, ()), (name, of, column.name)
                        seen.add((name, of, column.name))
    # Most columns of the lineage do change a feature, even for few applicants.
    named = {
        (name, of, column)
        for name, sources in stands_on.items()
        for of, columns in sources.items()
        for column in columns
        if table(of).columns[column].unit != "id"
    }
    assert seen <= named
    assert len(seen) > 0.5 * len(named)


def other(column: Any, value: Any) -> Any:
    if column.dtype == "text":
        return next(text for text in column.values if text != value)
    return 1.0 if value is None else -value - 1


def test_lineage_follows_features_made_of_others() -> None:
    assert lineage("MIX_DEBT_TO_CREDIT") == {
        APPLICATION: ("AMT_CREDIT",),
        "bureau": (ID, "CREDIT_ACTIVE", "AMT_CREDIT_SUM_DEBT"),
    }
    assert lineage("APP_IMPLIED_TERM") == {
        APPLICATION: ("NAME_CONTRACT_TYPE", "AMT_CREDIT", "AMT_ANNUITY", "AMT_GOODS_PRICE")
    }
    assert lineage("BB_WORST") == {
        "bureau": (ID, "SK_ID_BUREAU"),
        "bureau_balance": ("SK_ID_BUREAU", "STATUS"),
    }
    assert moved(["DAYS_ID_PUBLISH"]) == ("DAYS_ID_PUBLISH", "APP_ID_TO_AGE", "APP_ID_LESS_AGE")
    with pytest.raises(KeyError):
        lineage("NO_SUCH_FEATURE")


def test_several_tables_of_features_make_up_a_history() -> None:
    assert len(HISTORY_NAMES) == sum(len(plan.columns) for plan in HISTORIES)
    assert set(HISTORY_NAMES) < set(NAMES)
    assert {of for name in HISTORY_NAMES for of in lineage(name)} == set(HISTORY_TABLES)


def test_columns_may_be_arrays_or_left_out(demo: tuple[Frames, TermModel], features: RequestFeatures) -> None:
    _, tables = applicant_rows(demo[0], demo[0][APPLICATION][ID][3])
    arrays = {
        name: {
            column: pl.Series(values, strict=False).to_numpy()
            for column, values in columns.items()
            if any(value is not None for value in values)
        }
        for name, columns in tables.items()
    }
    assert list(map(repr, features.history(arrays))) == list(map(repr, features.history(tables)))


def test_no_data_frames_are_needed() -> None:
    """Request features are computed without Polars, Narwhals and PyArrow."""
    code = (
        "import sys\n"
        f"import {request.__name__} as request\n"
        "request.RequestFeatures.__init__\n"
        "import home_credit.features.version\n"
        "unwanted = {'polars', 'narwhals', 'pyarrow', 'pandas'} & set(sys.modules)\n"
        "sys.exit(str(unwanted) if unwanted else 0)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_code_shows_in_tracebacks() -> None:
    function = history_function(HISTORIES[0])
    with pytest.raises(TypeError) as caught:
        function({"bureau": {ID: [1], "SK_ID_BUREAU": [1], "DAYS_CREDIT": [object()]}})
    assert "DAYS_CREDIT" in str(caught.traceback[-2].statement)
