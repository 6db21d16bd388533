"""Stability and faithfulness of reasons, on planted cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from home_credit.default_risk import reasons
from home_credit.features.catalogue import CATALOGUE
from home_credit.validation import explanations
from home_credit.validation.explanations import by_reason, faithfulness, stability, typical

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = list(CATALOGUE)
MAX_REASONS = 4


class Linear:
    """A model whose contributions are known: weights times the distance from the typical applicant."""

    def __init__(self, applicants: int = 400, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.matrix = random.normal(size=(applicants, len(FEATURES)))
        self.weights = random.normal(size=len(FEATURES)) * 0.1
        self.reference = typical(self.matrix, [])
        self.contributions = (self.matrix - self.reference) * self.weights

    def log_odds(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return matrix @ self.weights


@pytest.fixture(scope="module")
def model() -> Linear:
    return Linear()


def measure(model: Linear, contributions: NDArray[np.float64]) -> dict[str, Any]:
    return explanations.judge(
        stability([by_reason(FEATURES, c)[1] for c in (model.contributions, contributions)], MAX_REASONS),
        faithfulness(
            model.log_odds, model.matrix, contributions, FEATURES, model.reference, told=MAX_REASONS, seed=3
        ),
    )


def test_true_reasons_pass_every_gate(model: Linear) -> None:
    measured = measure(model, model.contributions)
    assert measured["failed"] == []
    assert measured["faithfulness"]["beats_random"] > 0.99
    assert measured["stability"]["overlap"] == measured["stability"]["same_first"] == 1.0
    assert measured["stability"]["rank_correlation"] == pytest.approx(1.0)


def test_reasons_that_are_another_applicant_s_fail_every_gate(model: Linear) -> None:
    measured = measure(model, model.contributions[::-1])
    assert len(measured["failed"]) == sum(map(len, explanations.GATES.values()))
    assert measured["faithfulness"]["beats_random"] == pytest.approx(0.5, abs=0.1)


def test_reasons_with_their_sign_turned_are_caught(model: Linear) -> None:
    measured = measure(model, -model.contributions)["faithfulness"]
    assert measured["named"] < 0
    assert measured["beats_random"] < 0.1


def test_falls_of_a_linear_model_are_the_contributions_removed(model: Linear) -> None:
    _, effects = by_reason(FEATURES, model.contributions)
    named = np.sort(effects, axis=1)[:, -MAX_REASONS:].sum(axis=1)
    assert measure(model, model.contributions)["faithfulness"]["named"] == pytest.approx(named.mean())


def test_as_many_features_are_removed_each_time_and_never_a_withheld_one(model: Linear) -> None:
    seen: list[NDArray[np.bool_]] = []

    def watched(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        seen.append(matrix != model.matrix)
        return model.log_odds(matrix)

    faithfulness(
        watched, model.matrix, model.contributions, FEATURES, model.reference, told=MAX_REASONS, seed=3
    )
    before, named, random, least = seen
    assert not before.any() and named.any()
    assert (named.sum(axis=1) == random.sum(axis=1)).all() and (named.sum(axis=1) == least.sum(axis=1)).all()
    withheld = np.array([reasons.reason_codes()[reasons.code_of(name)].withheld for name in FEATURES])
    assert withheld.any() and not (named | random | least)[:, withheld].any()


def test_reasons_are_those_that_an_applicant_is_told(model: Linear) -> None:
    codes, effects = by_reason(FEATURES, model.contributions)
    for row in range(20):
        told = reasons.reportable(reasons.effects(FEATURES, model.contributions[row]))
        assert [codes[place] for place in np.argsort(-effects[row], kind="stable")] == [e.code for e in told]
        assert sorted(effects[row]) == pytest.approx(sorted(effect.contribution for effect in told))


@given(
    st.integers(6, 12).flatmap(
        lambda codes: st.lists(
            arrays(np.float64, (5, codes), elements=st.floats(-2, 2), unique=True), min_size=2, max_size=3
        )
    )
)
def test_stability_is_a_share_and_takes_models_in_any_order(matrices: list[NDArray[np.float64]]) -> None:
    found, turned = stability(matrices, MAX_REASONS), stability(matrices[::-1], MAX_REASONS)
    assert 0 <= found["overlap"] <= 1 and -1 - 1e-9 <= found["rank_correlation"] <= 1 + 1e-9
    for name in ("overlap", "same_first", "rank_correlation"):
        assert found[name] == pytest.approx(turned[name])


def test_overlap_of_three_in_four() -> None:
    one, other = np.array([[5.0, 4, 3, 2, 1, 0]]), np.array([[5.0, 4, 3, 0, 1, 2]])
    assert stability([one, other], MAX_REASONS)["overlap"] == pytest.approx(3 / 5)


def test_the_typical_applicant_has_medians_and_modes_and_lacks_what_most_lack() -> None:
    missing = np.nan
    matrix = np.array([[1.0, 0, 7], [2.0, 2, missing], [9.0, 2, missing], [missing, 1, missing]])
    assert typical(matrix, [1]) == pytest.approx([2.0, 2.0, missing], nan_ok=True)
