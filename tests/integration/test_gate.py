"""A trained model: its monotone constraints hold, and the gate compares it on unseen applicants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_credit import policy
from home_credit.default_risk import artifacts, calibration, classifier
from home_credit.default_risk.inputs import MONOTONE_DECREASING
from home_credit.errors import UsageError
from home_credit.training import data, promotion

if TYPE_CHECKING:
    from pathlib import Path


@given(st.data())
@settings(max_examples=40)
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
    assert [difference.low for difference in same.comparison.differences] == [0.0, 0.0, 0.0]
    assert all(difference.passed for difference in same.comparison.differences)
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
