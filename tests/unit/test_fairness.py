"""Fairness: figures by their definition, a planted disparity found, small groups marked and left out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.validation.fairness import NOT_RECORDED, Fairness, fairness, traits

PERSON = st.tuples(
    st.sampled_from(["F", "M", "XNA", None]),
    st.integers(-26_000, -7_300),
    st.sampled_from(["Married", "Widow", "Unknown", None]),
    st.integers(0, 1),
    st.booleans(),
    st.floats(0.01, 0.99),
)


def people(n: int, seed: int = 5) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "CODE_GENDER": random.choice(["F", "M"], n),
            "DAYS_BIRTH": random.integers(-25_000, -7_500, n),
            "NAME_FAMILY_STATUS": random.choice(["Married", "Widow", "Separated"], n, p=[0.7, 0.28, 0.02]),
        }
    )


def by(measured: Fairness, *names: str) -> Any:
    return next(part for part in measured["by"] if part["traits"] == list(names))


@settings(max_examples=6, deadline=None)
@given(st.lists(PERSON, min_size=1, max_size=40))
def test_figures_are_their_definitions(rows: list[tuple[Any, ...]]) -> None:
    table = pl.DataFrame(
        [row[:3] for row in rows],
        schema={"CODE_GENDER": pl.String, "DAYS_BIRTH": pl.Int64, "NAME_FAMILY_STATUS": pl.String},
        orient="row",
    )
    target, approved = np.array([row[3] for row in rows]), np.array([row[4] for row in rows])
    probability = np.array([row[5] for row in rows])
    measured = fairness(table, probability, target, approved)
    json.dumps(measured, allow_nan=False)
    words = traits(table)
    for part in measured["by"]:
        assert sum(group["applicants"] for group in part["groups"]) == len(rows)
        labels = words.select(pl.concat_str(part["traits"], separator=", ")).to_series()
        for group in map(dict[str, Any], part["groups"]):
            inside = (labels == group["group"]).to_numpy()
            bad, good = inside & (target == 1), inside & (target == 0)
            for name, flags, of in (
                ("approval_rate", approved, inside),
                ("false_negative_rate", approved, bad),
                ("false_positive_rate", ~approved, good),
            ):
                if of.any():
                    assert group[name] == pytest.approx(flags[of].mean())
                    assert group[f"{name}_low"] - 1e-12 <= group[name] <= group[f"{name}_high"] + 1e-12
                else:
                    assert group[name] is None
            assert group["calibration"] == pytest.approx(target[inside].mean() - probability[inside].mean())


def test_a_planted_disparity_is_found_where_it_is() -> None:
    table, random = people(6_000), np.random.default_rng(0)
    probability = random.uniform(0.02, 0.3, len(table))
    target = (random.random(len(table)) < probability).astype(np.int64)
    approved = probability < 0.2
    fair = fairness(table, probability, target, approved)
    assert by(fair, "gender")["passes_four_fifths"] and by(fair, "gender", "age")["approval_ratio"] > 0.7
    women = (table["CODE_GENDER"] == "F").to_numpy()
    unfair = fairness(table, probability, target, approved & ~(women & (random.random(len(table)) < 0.3)))
    assert by(unfair, "gender")["approval_ratio"] == pytest.approx(0.7, abs=0.04)
    assert by(unfair, "gender")["passes_four_fifths"] is False
    assert (
        by(unfair, "gender")["equalized_odds_difference"]
        > 3 * by(fair, "gender")["equalized_odds_difference"]
    )
    assert by(unfair, "family status")["approval_ratio"] > 0.9


def test_a_planted_miscalibration_is_found_in_its_group_alone() -> None:
    table, random = people(12_000), np.random.default_rng(1)
    probability = random.uniform(0.05, 0.3, len(table))
    young = (traits(table)["age"] == "under 30").to_numpy()
    target = (random.random(len(table)) < probability * np.where(young, 1.5, 1.0)).astype(np.int64)
    groups = by(fairness(table, probability, target, probability < 0.2), "age")["groups"]
    assert [group["group"] for group in groups] == ["under 30", "30-39", "40-49", "50-59", "60 and over"]
    assert groups[0]["calibration_low"] > 0.03
    assert all(abs(group["calibration"]) < 0.03 for group in groups[1:])


def test_small_groups_are_marked_and_never_set_the_disparity() -> None:
    table = people(2_000)
    target = np.zeros(len(table), dtype=np.int64)
    target[::10] = 1
    rare = (table["NAME_FAMILY_STATUS"] == "Separated").to_numpy()
    measured = by(fairness(table, np.full(len(table), 0.1), target, ~rare), "family status")
    assert {group["group"]: group["small"] for group in measured["groups"]} == {
        "Married": False,
        "Separated": True,
        "Widow": False,
    }
    assert measured["approval_ratio"] == 1.0


def test_a_disparity_needs_two_large_groups() -> None:
    table = people(60)
    measured = fairness(table, np.full(60, 0.1), np.zeros(60, dtype=np.int64), np.ones(60, dtype=bool))
    assert all(part["approval_ratio"] is None for part in measured["by"])
    assert all(group["small"] for part in measured["by"] for group in part["groups"])


def test_what_is_not_recorded_is_a_group_of_its_own() -> None:
    table = pl.DataFrame(
        {"CODE_GENDER": ["XNA"], "DAYS_BIRTH": [-30 * 365], "NAME_FAMILY_STATUS": [None]},
        schema_overrides={"NAME_FAMILY_STATUS": pl.String},
    )
    assert traits(table).row(0) == (NOT_RECORDED, "under 30", NOT_RECORDED)
