"""The power of the gate: how often a challenger passes that is equal, better or worse by a known AUC.

Applicants are drawn with log-odds of default whose standard deviation gives the published AUC. Champion and
challenger observe them with noise, part of which is common; both are calibrated. The noise of the equal challenger is
set so that the paired standard error of the AUC difference is that of two training runs of the committed parameters
(0.0009 on 44,000 applicants, the figure of two learners as different as LightGBM and CatBoost); the other challengers
get more or less.

python benchmarks/gate.py [--repeats 300]
"""

from __future__ import annotations

import argparse
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from home_credit.policy import Costs
from home_credit.training import gate
from home_credit.validation import platt

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (2_000, 5_000, 10_000, 20_000, 50_000)
DIFFERENCES = {"equal": 0.0, "better by 0.005": 0.005, "worse by 0.002": -0.002, "worse by 0.005": -0.005,
               "worse by 0.010": -0.010}  # fmt: skip
CENTRE, SPREAD, COMMON, OWN = -2.85, 1.02, 0.45, 0.14
LARGE = 2_000_000


def score(
    truth: NDArray[np.float64], common: NDArray[np.float64], own: float, seed: int
) -> NDArray[np.float64]:
    """Return a model's log-odds: the truth, noise that both models share, and noise of its own."""
    return truth + common + own * np.random.default_rng(seed).standard_normal(len(truth))


def draw(n: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return outcomes, true log-odds and the shared noise of ``n`` applicants."""
    chance = np.random.default_rng(seed)
    truth = CENTRE + SPREAD * chance.standard_normal(n)
    target = (chance.random(n) < 1.0 / (1.0 + np.exp(-truth))).astype(np.int64)
    return target, truth, COMMON * chance.standard_normal(n)


@cache
def large() -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return a population large enough for its AUC to count as the true one."""
    return draw(LARGE, 0)


def own_noise(difference: float) -> float:
    """Return the noise of a model whose true AUC differs by ``difference`` from the champion's."""
    target, truth, common = large()
    wanted = roc_auc_score(target, score(truth, common, OWN, 1)) + difference
    low, high = 0.0, 1.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if roc_auc_score(target, score(truth, common, middle, 1)) > wanted
            else (low, middle)
        )
    return (low + high) / 2


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=300)
    repeats = parser.parse_args().repeats
    target, truth, common = large()
    noise = {name: own_noise(difference) for name, difference in DIFFERENCES.items()}
    lines = {
        name: platt.fit(score(truth, common, own, 2), target)
        for name, own in {**noise, "champion": OWN}.items()
    }
    print(f"share of {repeats} challengers that pass, in per cent; in brackets by the AUC condition alone\n")
    print("| applicants | standard error of the AUC difference |", *(f" {name} |" for name in noise))
    print("|---|---|" + "---|" * len(noise))
    for n in SIZES:
        passed: dict[str, list[tuple[bool, bool]]] = {name: [] for name in noise}
        errors = []
        for repeat in range(repeats):
            target, truth, common = draw(n, 1000 + repeat)
            champion = lines["champion"].probability(score(truth, common, OWN, 2 * repeat + 10_001))
            for name, own in noise.items():
                challenger = lines[name].probability(score(truth, common, own, 2 * repeat + 10_002))
                found = gate.compare(
                    target,
                    champion,
                    challenger,
                    persons=np.arange(n),
                    costs=Costs(),
                )
                passed[name].append((not found.refusals, found.differences[0].passed))
                if name == "equal":
                    errors.append(found.differences[0].standard_error)
        cells = (
            f" {np.mean(each, axis=0)[0]:.0%} ({np.mean(each, axis=0)[1]:.0%}) |" for each in passed.values()
        )
        print(f"| {n:,} | {np.mean(errors):.4f} |", *cells, flush=True)


if __name__ == "__main__":
    main()
