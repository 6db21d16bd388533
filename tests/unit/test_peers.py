"""Peers: who is inside a segment, who is nearest, and that what is stored of them comes back."""

from __future__ import annotations

import zlib
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.applicants.collecting import Collected, of_payloads, payloads
from home_credit.applicants.peers import KEY_FIGURES, MOST, NEAREST, TRAITS, Described, Peers, spaced
from home_credit.schemas import AgeBand, Contract, Grade, IncomeType
from home_credit.schemas.comparisons import Segment
from home_credit.tables.schema import APPLICATION, table

FIGURES = ("AMT_CREDIT", "DAYS_BIRTH")
LARGEST = float(np.finfo(np.float32).max)

described = st.tuples(*(st.sampled_from([None, *values]) for values in TRAITS.values())).map(
    lambda drawn: Described(*drawn)
)
rows = st.tuples(described, st.lists(st.none() | st.integers(-3, 3) | st.just(1e300), min_size=2, max_size=2))
segments = st.builds(
    Segment,
    contract=st.sampled_from([None, *get_args(Contract)]),
    age_band=st.sampled_from([None, *get_args(AgeBand)]),
    region=st.sampled_from([None, 1, 2, 3]),
    income_type=st.sampled_from([None, *get_args(IncomeType)]),
    grade=st.sampled_from([None, *get_args(Grade)]),
)


def collected(applicants: list[Any], batch: int = 40) -> Peers:
    found = Collected(FIGURES, len(applicants))
    for start in range(0, len(applicants), batch):
        part = applicants[start : start + batch]
        found.add(
            range(start, start + len(part)),
            [each for each, _ in part],
            [[np.nan if value is None else float(value) for value in values] for _, values in part],
        )
    return found.peers()


@given(applicants=st.lists(rows, min_size=1, max_size=40), batch=st.integers(1, 40), segment=segments)
def test_a_segment_holds_those_whom_its_filters_leave(
    applicants: list[Any], batch: int, segment: Segment
) -> None:
    peers = collected(applicants, batch)
    wanted = {name: getattr(segment, name) for name in TRAITS if getattr(segment, name) is not None}
    inside = [
        values
        for traits, values in applicants
        if all(getattr(traits, name) == value for name, value in wanted.items())
    ]
    statistics = peers.statistics(segment)
    assert statistics.applicants == len(inside) == peers.inside(segment).sum()
    for place, name in enumerate(FIGURES):
        known = sorted(min(values[place], LARGEST) for values in inside if values[place] is not None)
        assert statistics.figures[name].known == len(known)
        if known:
            assert statistics.figures[name].quantiles[[0, -1]].tolist() == [known[0], known[-1]]
    assert peers.graded == any(traits.grade for traits, _ in applicants)


@given(applicants=st.lists(rows, min_size=1, max_size=40))
def test_what_is_stored_comes_back_to_the_bit(applicants: list[Any]) -> None:
    before = collected(applicants)
    after = of_payloads(dict(payloads(before)))
    assert after.ids.tolist() == before.ids.tolist()
    assert after.codes.tolist() == before.codes.tolist()
    assert set(after.figures) == set(FIGURES)
    for name, values in before.figures.items():
        assert after.figures[name].tobytes() == values.tobytes()


@pytest.mark.parametrize("damage", ["cut", "lost", "shorter"])
def test_damaged_payloads_are_told(damage: str) -> None:
    nobody = Described(None, None, None, None, None)
    stored = dict(payloads(collected([(nobody, [1, 2]), (nobody, [3, None])])))
    if damage == "cut":
        stored["AMT_CREDIT"] = stored["AMT_CREDIT"][:-4]
    elif damage == "lost":
        del stored["SK_ID_CURR"]
    else:
        stored["AMT_CREDIT"] = dict(payloads(collected([(nobody, [1, 2])])))["AMT_CREDIT"]
    with pytest.raises((zlib.error, KeyError, ValueError)):
        of_payloads(stored)


def _of(matrix: Any) -> Peers:
    count = len(matrix)
    figures = dict(zip(KEY_FIGURES, np.asarray(matrix, np.float32).T, strict=True))
    return Peers(np.arange(count), np.zeros((len(TRAITS), count), np.int8), figures)


def test_the_nearest_are_those_of_the_least_distance_in_ranks() -> None:
    random = np.random.default_rng(7)
    matrix = random.lognormal(size=(1_000, len(KEY_FIGURES)))
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    peers, own = _of(matrix), matrix[17]
    mask = random.random(1_000) < 0.7
    near = peers.nearest(dict(zip(KEY_FIGURES, own, strict=True)), mask, without=17)

    def places(column: int, values: Any) -> Any:
        known = matrix[:, column][~np.isnan(matrix[:, column])].astype(np.float32)
        share = [
            ((known < value).mean() + (known <= value).mean()) / 2 for value in np.asarray(values, np.float32)
        ]
        return np.where(np.isnan(values), 0.5, share)

    distance = sum(
        (places(column, matrix[:, column]) - places(column, own[column : column + 1])) ** 2
        for column in range(len(KEY_FIGURES))
    )
    candidates = [place for place in np.flatnonzero(mask) if place != 17]
    wanted = sorted(candidates, key=lambda place: float(distance[place]))[:NEAREST]
    assert near.sum() == NEAREST
    assert set(np.flatnonzero(near)) == set(wanted)


def test_nobody_is_near_where_nobody_is_left() -> None:
    peers = _of(np.ones((3, len(KEY_FIGURES))))
    none = peers.nearest({}, np.zeros(3, np.bool_), without=0)
    assert not none.any()
    others = peers.nearest({}, np.ones(3, np.bool_), without=0)
    assert np.flatnonzero(others).tolist() == [1, 2]


@given(count=st.integers(0, 300_000), most=st.integers(1, MOST))
def test_spaced_places_are_different_and_cover_the_whole_range(count: int, most: int) -> None:
    places = spaced(count, most)
    assert len(places) == min(count, most)
    assert (np.diff(places) > 0).all()
    if count:
        assert places[0] == 0
        assert count <= most or most == 1 or places[-1] == count - 1


def test_traits_are_those_of_the_schema() -> None:
    columns = table(APPLICATION).columns
    assert set(TRAITS["income_type"]) == set(columns["NAME_INCOME_TYPE"].values)
    assert set(TRAITS["contract"]) == set(columns["NAME_CONTRACT_TYPE"].values)
    assert TRAITS["region"] == columns["REGION_RATING_CLIENT"].values
    assert TRAITS["grade"] == get_args(Grade)
    assert tuple(TRAITS) == Described._fields
    assert set(TRAITS) <= set(Segment.model_fields)
