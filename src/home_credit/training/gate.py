"""The statistical gate: is a challenger no worse than the champion on applicants that neither was trained on?

Both models score the same applicants, so each metric's difference has a standard error, clustered by person, and the
thresholds scale with it. AUC is tested for non-inferiority: the lower end of the one-sided 95 % interval of the AUC
difference may not be below :data:`AUC_MARGIN`, so that a model worse by the margin passes in at most 5 % of cases
whatever the number of applicants. Log loss and cost must not be shown to be worse, at 1 %.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit.validation import auc, platt
from home_credit.validation.costs import losses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from home_credit.policy import Costs

# The non-inferiority margin of AUC: about a year's drift of a scorecard.
AUC_MARGIN = 0.005
# One-sided normal quantiles: 5 % for non-inferiority of AUC, 1 % for inferiority of the other metrics.
SHOWN, REFUTED = 1.6449, 2.3263
# Observed over expected defaults, and the slope of the log-odds, that count as calibrated.
CALIBRATED = {"observed_to_expected": (0.85, 1.15), "slope": (0.8, 1.25)}


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of both models; ``low`` and ``high`` bound challenger less champion at 95 %, two-sided."""

    metric: str
    champion: float
    challenger: float
    standard_error: float
    low: float
    high: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure of the challenger alone, with its permitted range."""

    name: str
    value: float
    standard_error: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        """Whether the figure is in the range, or not significantly outside."""
        slack = SHOWN * self.standard_error
        return self.low - slack <= self.value <= self.high + slack


@dataclass(frozen=True, slots=True)
class Comparison:
    """The measurements of the gate on unseen applicants."""

    differences: list[Difference]
    limits: list[Limit]

    @property
    def refusals(self) -> list[str]:
        """One line for each condition that is not met."""
        return [
            *(
                f"{difference.metric} may be worse by {max(-difference.low, 0.0):.4f} than the champion's"
                if difference.metric == "auc"
                else f"{difference.metric} is worse by {difference.challenger - difference.champion:.4f}"
                for difference in self.differences
                if not difference.passed
            ),
            *(
                f"{limit.name} is {limit.value:.3f}, outside {limit.low} to {limit.high}"
                for limit in self.limits
                if not limit.passed
            ),
        ]

    def to_plain(self) -> dict[str, Any]:
        """Return the comparison as dictionaries and lists."""
        return asdict(self)


def compare(
    target: NDArray[np.int64],
    champion: NDArray[np.float64],
    challenger: NDArray[np.float64],
    *,
    persons: NDArray[np.int64],
    costs: Costs,
) -> Comparison:
    """Compare two models' probabilities of default for the same applicants.

    ``target`` is 1 for a default; ``persons`` is equal for the applications of one person. All arrays have one
    element per applicant. Both models decide at the cut-off that follows from ``costs``, as when they serve.
    """
    return Comparison(
        [
            _auc_difference(target, champion, challenger, persons),
            _mean_difference("log_loss", _log_loss(target, champion), _log_loss(target, challenger), persons),
            _mean_difference(
                "cost",
                losses(target, champion, costs.cut_off, costs),
                losses(target, challenger, costs.cut_off, costs),
                persons,
            ),
        ],
        list(_calibration(target, challenger, persons)),
    )


def _auc_difference(
    target: NDArray[np.int64],
    champion: NDArray[np.float64],
    challenger: NDArray[np.float64],
    persons: NDArray[np.int64],
) -> Difference:
    (old, old_shares), (new, new_shares) = (auc.influence(target, score) for score in (champion, challenger))
    error = auc.standard_error(new_shares - old_shares, persons)
    return _difference("auc", old, new, error, passed=new - old - SHOWN * error >= -AUC_MARGIN)


def _mean_difference(
    metric: str,
    champion: NDArray[np.float64],
    challenger: NDArray[np.float64],
    persons: NDArray[np.int64],
) -> Difference:
    """Compare the means of a loss per applicant."""
    old, new = float(champion.mean()), float(challenger.mean())
    error = auc.standard_error((challenger - champion - (new - old)) / len(champion), persons)
    return _difference(metric, old, new, error, passed=new - old <= REFUTED * error)


def _difference(metric: str, champion: float, challenger: float, error: float, *, passed: bool) -> Difference:
    half = 1.96 * error
    between = challenger - champion
    return Difference(metric, champion, challenger, error, between - half, between + half, passed)


def _log_loss(target: NDArray[np.int64], probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return -np.log(np.where(target == 1, probability, 1.0 - probability))


def _calibration(
    target: NDArray[np.int64], probability: NDArray[np.float64], persons: NDArray[np.int64]
) -> Iterator[Limit]:
    expected = float(probability.sum())
    error = auc.standard_error((target - probability) / expected, persons)
    yield Limit(
        "observed_to_expected", float(target.sum()) / expected, error, *CALIBRATED["observed_to_expected"]
    )
    log_odds = np.log(probability / (1.0 - probability))
    line = platt.fit(log_odds, target)
    yield Limit("slope", line.slope, platt.slope_error(log_odds, line), *CALIBRATED["slope"])
