"""Promotion of a challenger: both models score the same unseen applicants, and the gate decides."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit.errors import UsageError
from home_credit.progress import Progress, silent
from home_credit.tracking import CHALLENGER, CHAMPION, registered_models
from home_credit.training import data, gate
from home_credit.validation import fairness

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from home_credit import policy
    from home_credit.default_risk.artifacts import Artifacts


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of the gate; ``refusals`` is empty where the challenger may be promoted."""

    champion: str
    challenger: str
    applicants: int
    defaults: int
    comparison: gate.Comparison
    approval_ratio_by_gender: float | None
    refusals: list[str]

    @property
    def passed(self) -> bool:
        """Whether the challenger may be promoted."""
        return not self.refusals

    def to_plain(self) -> dict[str, Any]:
        """Return the verdict as dictionaries and lists."""
        return asdict(self)


def unseen_applicants(
    tables: Path, models: list[Artifacts], *, unseen: bool, progress: Progress = silent
) -> list[data.Applicants]:
    """Return the labelled applicants of ``tables`` that no model was trained on, once per model.

    The applicants are the same in the same order, each time with the features of that model, since every model has
    the model of the term that it was trained with. They are the holdout of both models; or everybody, where the
    caller states that no model was trained on them. Raises :class:`UsageError` where that is contradicted or nobody
    is left.
    """
    loaded = [data.load(tables, model.terms, progress) for model in models]
    trained_on = {model.manifest.training_data.fingerprint for model in models}
    if unseen:
        if loaded[0].fingerprint in trained_on:
            raise UsageError(
                f"{tables} holds the very rows that a model was trained on; it cannot be judged on them"
            )
        return loaded
    share = min(model.manifest.training_data.holdout for model in models)
    chosen = [applicants.where(applicants.holdout(share)) for applicants in loaded]
    if len(np.unique(chosen[0].target)) < 2:
        raise UsageError(
            f"{tables} holds no defaults and repayments in the holdout of both models; train with --holdout, or "
            "give tables of applicants that neither saw and say --unseen"
        )
    return chosen


def compare(
    champion: Artifacts, challenger: Artifacts, applicants: Sequence[data.Applicants], costs: policy.Costs
) -> Verdict:
    """Judge ``challenger`` against ``champion`` on ``applicants`` that neither was trained on.

    ``applicants`` are given twice, with the features of either model, as :func:`unseen_applicants` does.
    """
    of_old, of_new = applicants
    target = of_old.target
    old, new = champion.probability(of_old.rows), challenger.probability(of_new.rows)
    compared = gate.compare(target, old, new, persons=of_old.persons, costs=costs)
    ratio = _approval_ratio_by_gender(of_old, new, costs.cut_off)
    refusals = [*compared.refusals, *challenger.manifest.failed_gates]
    if ratio is not None and ratio < fairness.FOUR_FIFTHS:
        refusals.append(f"approval_ratio_by_gender is {ratio:.3f}, below {fairness.FOUR_FIFTHS}")
    return Verdict(
        champion.version, challenger.version, len(target), int(target.sum()), compared, ratio, refusals
    )


def _approval_ratio_by_gender(
    applicants: data.Applicants, probabilities: NDArray[np.float64], cut_off: float
) -> float | None:
    """Return the lower approval rate of the sexes over the higher one.

    ``None`` where there is only one sex, or too few of the other.
    """
    measured = fairness.fairness(applicants.people, probabilities, applicants.target, probabilities < cut_off)
    ratio: float | None = measured["by"][0]["approval_ratio"]
    return ratio


def promote(
    tables: Path,
    models: Path,
    *,
    tracking: str,
    costs: policy.Costs,
    kept: Path,
    key: str | None = None,
    unseen: bool = False,
    progress: Progress = silent,
) -> Verdict:
    """Judge the registered challenger; where it passes, make it the champion and write it to ``models``.

    ``kept`` and ``key`` are those of :func:`registered_models.export`.
    """
    champion = registered_models.load(tracking, CHAMPION)
    challenger = registered_models.load(tracking, CHALLENGER)
    applicants = unseen_applicants(tables, [champion, challenger], unseen=unseen, progress=progress)
    judged = compare(champion, challenger, applicants, costs)
    if judged.passed:
        registered_models.promote(tracking, {"gate": json.dumps(judged.to_plain())})
        registered_models.export(tracking, CHAMPION, models, kept, key)
    return judged


def rollback(models: Path, *, tracking: str, kept: Path, key: str | None = None) -> str:
    """Make the previous champion the champion again, write it to ``models`` and return its model version."""
    registered_models.rollback(tracking)
    return registered_models.export(tracking, CHAMPION, models, kept, key)
