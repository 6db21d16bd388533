"""The cost of the cut-off that follows from the costs, against cut-offs chosen on outcomes.

    python benchmarks/policy.py --tables DIR [--halves 200] [--predictions FILE]

Every applicant of application_train is scored out of fold with the committed parameters. Then persons are split into
halves repeatedly: on one half the calibration is fitted and a cut-off chosen by outcome; on the other the costs of
both are measured. "In hindsight" is the cheapest cut-off of the second half, which is not known in advance. With
reviews, the referral band is added, with actual and expected costs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from home_credit.default_risk import classifier
from home_credit.default_risk.inputs import INPUTS
from home_credit.policy import Costs, Policy
from home_credit.training import data, learners
from home_credit.training.cross_validation import out_of_fold
from home_credit.validation import platt
from home_credit.validation.costs import cost_per_applicant, losses_with_reviews, optimal_cut_off

SETTINGS = (Costs(10.0, 1.0), Costs(5.0, 1.0), Costs(20.0, 1.0))


def halves(persons: np.ndarray, times: int) -> list[np.ndarray]:
    """Return masks of one half of the persons each, drawn at random."""
    chance = np.random.default_rng(2018)
    names, place = np.unique(persons, return_inverse=True)
    return [(chance.random(len(names)) < 0.5)[place] for _ in range(times)]


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--halves", type=int, default=200)
    parser.add_argument(
        "--predictions", type=Path, help="out-of-fold log-odds (.npz): read, or kept where absent"
    )
    arguments = parser.parse_args()
    raw, target, persons = predictions(arguments.tables, arguments.predictions)
    print(f"{len(target):,} applicants, {int(target.sum()):,} defaults, {arguments.halves} halves\n")
    print(
        "| costs | cut-off | cost at it | chosen by outcome (s.d.) | cost there | difference (s.d.) "
        "| in hindsight | referred | cost with reviews | expected | \n" + "|---" * 10 + "|"
    )
    drawn = halves(persons, arguments.halves)
    for costs in SETTINGS:
        print(line(costs, raw, target, drawn))


def predictions(tables: Path, kept: Path | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return out-of-fold log-odds, targets and persons."""
    if kept and kept.exists():
        with np.load(kept) as stored:
            return stored["raw"], stored["target"], stored["persons"]
    applicants = data.load(tables)
    learner = learners.boosted(INPUTS, classifier.committed_parameters())
    scored = out_of_fold(applicants.rows, applicants.target, applicants.persons, learner, repeats=1)
    if kept:
        np.savez(kept, raw=scored.raw[0], target=applicants.target, persons=applicants.persons)
    return scored.raw[0], applicants.target, applicants.persons


def line(costs: Costs, raw: np.ndarray, target: np.ndarray, drawn: list[np.ndarray]) -> str:
    """Return the line of one setting of the costs."""
    policy = Policy.of(costs)
    figures = []
    for first in drawn:
        calibration = platt.fit(raw[first], target[first])
        probability, paying = calibration.probability(raw[~first]), target[~first]
        chosen = optimal_cut_off(target[first], calibration.probability(raw[first]), costs)
        best = optimal_cut_off(paying, probability, costs)
        reviewed = losses_with_reviews(paying, probability, policy, costs)
        decided = [policy.decide(p) for p in probability.tolist()]
        expected = [costs.expected(*pair) for pair in zip(decided, probability.tolist(), strict=True)]
        figures.append(
            (
                cost_per_applicant(paying, probability, costs.cut_off, costs),
                chosen,
                cost_per_applicant(paying, probability, chosen, costs),
                cost_per_applicant(paying, probability, best, costs),
                decided.count("review") / len(decided),
                float(reviewed.mean()),
                sum(expected) / len(expected),
            )
        )
    served, chosen, learnt, hindsight, referred, paid, expected = np.mean(figures, axis=0)
    spread = np.std(figures, axis=0)
    difference = np.array([one[0] - one[2] for one in figures])
    return (
        f"| {costs.false_negative:.0f} to {costs.false_positive:.0f} | {costs.cut_off:.4f} | {served:.4f} "
        f"| {chosen:.4f} ({spread[1]:.4f}) | {learnt:.4f} | {difference.mean():+.4f} ({difference.std():.4f}) "
        f"| {hindsight:.4f} | {referred:.1%} | {paid:.4f} | {expected:.4f} |"
    )


if __name__ == "__main__":
    main()
