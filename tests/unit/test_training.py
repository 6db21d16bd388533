"""Laws of the training protocol: nobody on both sides, calibration by log loss, constraints, the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit import policy
from home_credit.default_risk import artifacts, calibration, classifier
from home_credit.default_risk.inputs import EXCLUDED, INPUTS, MONOTONE_DECREASING, monotone_constraints
from home_credit.errors import UsageError
from home_credit.features.catalogue import CATALOGUE
from home_credit.training import calibrators, data, folds, promotion
from home_credit.training.cross_validation import out_of_fold

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@given(st.integers(0, 2**32 - 1), st.integers(40, 120), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_nobody_stands_on_both_sides_and_everybody_is_scored_once(
    seed: int, people: int, repeats: int
) -> None:
    chance = np.random.default_rng(seed)
    persons = chance.integers(people, size=3 * people)
    target = (chance.random(3 * people) < 0.3).astype(np.int64)
    scored = np.zeros((repeats, len(target)), dtype=int)
    for repeat, inside, outside in folds.split(target, persons, repeats=repeats):
        assert not set(persons[inside]) & set(persons[outside])
        assert len(inside) + len(outside) == len(target)
        scored[repeat, outside] += 1
    assert (scored == 1).all()


def test_two_applications_of_one_person_are_known_by_what_does_not_change() -> None:
    application = pl.DataFrame(
        {
            "CODE_GENDER": ["F", "F", "M", "F"],
            "DAYS_BIRTH": [-12000, -12100, -12000, -12000],
            "DAYS_REGISTRATION": [-4000, -4100, -4000, -4001],
            "DAYS_ID_PUBLISH": [-300, -400, -300, -300],
        }
    )
    first, second, other_sex, other_day = folds.persons(application)
    assert first == second
    assert len({first, other_sex, other_day}) == 3


def test_a_model_never_scores_the_rows_that_it_learnt_from() -> None:
    rows = pl.DataFrame({"row": np.arange(200)})
    target = (np.arange(200) % 4 == 0).astype(np.int64)

    def learn_by_heart(seen: pl.DataFrame, _: NDArray[np.int64]) -> Any:
        known = set(seen["row"])
        return lambda others: np.array([float(row in known) for row in others["row"]])

    scored = out_of_fold(rows, target, np.arange(200), learn_by_heart, repeats=2)
    assert (scored.raw == 0).all()
    assert scored.train_auc == [0.5] * 10


def test_the_calibration_with_the_lowest_log_loss_is_chosen() -> None:
    chance = np.random.default_rng(1)
    true = chance.normal(-2.5, 1.0, 20_000)
    target = (chance.random(20_000) < 1 / (1 + np.exp(-true))).astype(np.int64)
    persons = np.arange(20_000)
    for distort, expected in ((lambda odds: odds, "none"), (lambda odds: 2 * odds + 1, "line")):
        raw = distort(true)[None, :]
        losses = calibrators.compare(raw, target, persons)
        name, fitted = calibrators.choose(raw, target, losses)
        assert set(losses) == set(calibrators.CALIBRATORS)
        assert name == expected or losses["none"] - losses[name] < 1e-4
        assert fitted.slope == pytest.approx(1 / (2 if expected == "line" else 1), rel=0.06)
    assert calibration.IDENTITY.log_odds(true).tolist() == true.tolist()


def test_external_scores_are_all_constrained_or_left_out() -> None:
    external = {name for name in CATALOGUE if name.startswith(("EXT_SOURCE", "APP_EXT_"))}
    assert external == MONOTONE_DECREASING | EXCLUDED | {"APP_EXT_PRESENT"}
    assert not EXCLUDED & set(INPUTS)
    assert [name for name, way in zip(INPUTS, monotone_constraints(INPUTS), strict=True) if way] == [
        name for name in INPUTS if name in MONOTONE_DECREASING
    ]


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_higher_value_never_raises_the_risk_where_that_is_demanded(
    models: Path, draw: st.DataObject
) -> None:
    model = artifacts.load(models)
    features = model.preprocessor.features
    values = draw.draw(
        st.lists(st.none() | st.floats(-2, 2), min_size=len(features), max_size=len(features)), label="row"
    )
    row = np.array([np.nan if value is None else value for value in values])
    name = draw.draw(st.sampled_from(sorted(MONOTONE_DECREASING)))
    low, high = sorted(draw.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    place = features.index(name)
    rows = np.vstack([row, row])
    rows[:, place] = low, high
    lower, higher = classifier.log_odds(model.booster, rows)
    assert higher <= lower + 1e-12


@pytest.fixture(scope="module")
def applicants(portfolio: Path) -> data.Applicants:
    return data.load(portfolio)


def test_who_is_kept_aside_depends_on_the_person_alone(applicants: data.Applicants) -> None:
    aside = applicants.holdout(0.3)
    assert 0.25 < aside.mean() < 0.35
    half = np.arange(len(applicants)) % 2 == 0
    assert applicants.where(half).holdout(0.3).tolist() == aside[half].tolist()
    assert (applicants.holdout(0.5) | ~aside).all(), "a larger share keeps the same people and more"


def test_the_gate_lets_an_equal_pass_and_refuses_a_worse_one(
    models: Path, applicants: data.Applicants
) -> None:
    champion = artifacts.load(models)
    same = promotion.compare(champion, champion, [applicants] * 2, policy.Costs())
    assert [difference.low for difference in same.differences] == [0.0, 0.0, 0.0]
    assert all(difference.passed for difference in same.differences)
    blunt = replace(champion, calibration=calibration.Calibration(0.2, -2.0))
    judged = promotion.compare(champion, blunt, [applicants] * 2, policy.Costs())
    assert not judged.passed
    assert any("log_loss" in refusal for refusal in judged.refusals)
    assert any("slope" in refusal for refusal in judged.refusals)


def test_models_are_not_judged_on_rows_that_they_know(models: Path, portfolio: Path) -> None:
    champion = artifacts.load(models)
    with pytest.raises(UsageError, match="very rows"):
        promotion.unseen_applicants(portfolio, [champion], unseen=True)
    with pytest.raises(UsageError, match="--holdout"):
        promotion.unseen_applicants(portfolio, [champion], unseen=False)
