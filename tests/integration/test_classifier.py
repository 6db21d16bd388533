"""The average of boosters is one booster: in its log-odds, in its attributions, and after it was saved."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from home_credit.default_risk import classifier

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = [f"feature {number}" for number in range(8)]
CATEGORY, FALLING = 3, 0
SETS: list[dict[str, Any]] = [
    {"rounds": 30, "num_leaves": 8, "max_depth": 4, "learning_rate": 0.1, "min_child_samples": 20},
    {"rounds": 20, "num_leaves": 16, "max_depth": 5, "learning_rate": 0.2, "min_child_samples": 20},
    {"rounds": 10, "num_leaves": 4, "learning_rate": 0.3, "min_child_samples": 20},
]


@pytest.fixture(scope="module")
def people() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    chance = np.random.default_rng(5)
    matrix = chance.normal(size=(2_000, len(FEATURES)))
    matrix[:, CATEGORY] = chance.integers(0, 6, len(matrix))
    risk = -2 - matrix[:, FALLING] + 0.7 * matrix[:, 1] ** 2 + (matrix[:, CATEGORY] == 2)
    matrix[chance.random(matrix.shape) < 0.1] = np.nan
    return matrix, (chance.random(len(matrix)) < 1 / (1 + np.exp(-risk))).astype(np.int64)


def fitted(
    people: tuple[NDArray[np.float64], NDArray[np.int64]], parameters: list[dict[str, Any]], seed: int = 1
) -> classifier.Booster:
    falls = [-1 if place == FALLING else 0 for place in range(len(FEATURES))]
    return classifier.fit_average(
        *people,
        features=FEATURES,
        categorical=[CATEGORY],
        parameters=parameters,
        seed=seed,
        monotone_constraints=falls,
    )


def test_the_average_says_the_mean_of_what_its_boosters_say(
    people: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    matrix, _ = people
    together = fitted(people, SETS)
    alone = [fitted(people, [each], seed=1 + place) for place, each in enumerate(SETS)]
    assert together.num_trees() == sum(booster.num_trees() for booster in alone)
    assert together.feature_name() == alone[0].feature_name()
    mean = np.mean([classifier.log_odds(booster, matrix) for booster in alone], axis=0)
    assert classifier.log_odds(together, matrix) == pytest.approx(mean, abs=1e-12)
    shares = np.mean(
        [classifier.Explainer.of(booster).explain(matrix[:50]).contributions for booster in alone], axis=0
    )
    explained = classifier.Explainer.of(together).explain(matrix[:50])
    assert explained.contributions == pytest.approx(shares, abs=1e-12)
    assert explained.contributions.sum(axis=1) + explained.base_value == pytest.approx(
        explained.log_odds, abs=1e-9
    )
    saved = pickle.loads(pickle.dumps(together))  # noqa: S301  # what was pickled right here
    assert np.array_equal(classifier.log_odds(saved, matrix), classifier.log_odds(together, matrix))


def test_the_average_keeps_the_directions_that_were_demanded(
    people: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    matrix, _ = people
    together = fitted(people, SETS)
    raised = matrix.copy()
    raised[:, FALLING] += 0.5
    assert (classifier.log_odds(together, raised) <= classifier.log_odds(together, matrix))[
        ~np.isnan(matrix[:, FALLING])
    ].all()


def test_one_booster_is_its_own_average(people: tuple[NDArray[np.float64], NDArray[np.int64]]) -> None:
    one = fitted(people, SETS[:1])
    assert classifier.average([one]) is one
