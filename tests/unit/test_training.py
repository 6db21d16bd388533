"""Laws of the training protocol: no person on both sides of a fold, calibration by log loss, constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit.default_risk import calibration
from home_credit.default_risk.inputs import EXCLUDED, INPUTS, MONOTONE_DECREASING, monotone_constraints
from home_credit.features.catalogue import CATALOGUE
from home_credit.training import calibrators, folds
from home_credit.training.cross_validation import out_of_fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.training.cross_validation import Scores


@given(st.integers(0, 2**32 - 1), st.integers(40, 120), st.integers(1, 3))
@settings(max_examples=30)
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

    def learn_by_heart(seen: pl.DataFrame, _: NDArray[np.int64]) -> Scores:
        known = set(seen["row"])
        return lambda others: np.array([float(row in known) for row in others["row"]])

    scored = out_of_fold(rows, target, np.arange(200), learn_by_heart, repeats=2)
    assert (scored.raw == 0).all()
    assert scored.train_auc == [0.5] * 10


def test_a_calibration_undoes_a_distortion_and_leaves_true_log_odds_alone() -> None:
    chance = np.random.default_rng(1)
    true = chance.normal(-2.5, 1.0, 20_000)
    target = (chance.random(20_000) < 1 / (1 + np.exp(-true))).astype(np.int64)
    persons = np.arange(20_000)
    losses = calibrators.compare(true[None, :], target, persons)
    assert set(losses) == set(calibrators.CALIBRATORS)
    assert calibrators.choose(true[None, :], target, losses) == ("none", calibration.IDENTITY)
    distorted = 2 * true[None, :] + 1
    losses = calibrators.compare(distorted, target, persons)
    assert losses["line"] < losses["none"] - 0.04
    name, fitted = calibrators.choose(distorted, target, losses)
    assert name == "line"
    assert fitted.slope == pytest.approx(0.5, abs=0.03)
    assert fitted.intercept == pytest.approx(-0.5, abs=0.05)


def test_only_a_calibration_that_can_be_deployed_is_chosen_by_its_log_loss() -> None:
    raw, target = np.array([[-3.0, -2.0, -1.0, 0.0]]), np.array([0, 1, 0, 1])
    losses = {"none": 0.3, "line": 0.2, "beta": 0.1, "isotonic": 0.0}
    assert calibrators.choose(raw, target, losses)[0] == "line"
    assert calibrators.choose(raw, target, {**losses, "line": 0.4})[0] == "none"


def test_external_scores_are_all_constrained_or_left_out() -> None:
    external = {name for name in CATALOGUE if name.startswith(("EXT_SOURCE", "APP_EXT_"))}
    assert external == MONOTONE_DECREASING | EXCLUDED | {"APP_EXT_PRESENT"}
    assert not EXCLUDED & set(INPUTS)
    assert [name for name, way in zip(INPUTS, monotone_constraints(INPUTS), strict=True) if way] == [
        name for name in INPUTS if name in MONOTONE_DECREASING
    ]
