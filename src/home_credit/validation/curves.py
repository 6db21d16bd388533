"""The ROC curve and the expected cost by cut-off, in few enough points to be stored with a model and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.policy import Costs

POINTS = 101
# The range of cut-offs drawn: up to this many times the larger of the cut-off in use and the cheapest one.
RANGE = 4.0


def roc(target: NDArray[np.int64], probability: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return at most :data:`POINTS` points of the receiver operating characteristic, from (0, 0) to (1, 1).

    ``target`` is 1 for a default and has both classes. The points are interpolated at equal distances of the sum of
    both rates, which rises along steep and along flat parts of the curve; a curve of fewer corners is returned whole.
    """
    false_positive, true_positive, _ = roc_curve(target, probability)
    if len(false_positive) > POINTS:
        along = false_positive + true_positive
        places = np.linspace(0.0, 2.0, POINTS)
        false_positive = np.interp(places, along, false_positive)
        true_positive = np.interp(places, along, true_positive)
    return [
        {"false_positive_rate": float(x), "true_positive_rate": float(y)}
        for x, y in zip(false_positive, true_positive, strict=True)
    ]


def cost(
    target: NDArray[np.int64], probability: NDArray[np.float64], costs: Costs, optimal: float
) -> list[dict[str, float]]:
    """Return the cost per applicant, and the share approved, for :data:`POINTS` cut-offs in ascending order.

    An applicant is approved below the cut-off and declined from it on. The cut-off of ``costs`` and the cheapest one,
    ``optimal``, are among them.
    """
    top = min(1.0, RANGE * max(costs.cut_off, optimal))
    cut_offs = np.unique([*np.linspace(0.0, top, POINTS - 2), costs.cut_off, optimal])
    approved = np.searchsorted(np.sort(probability), cut_offs, side="left")
    missed = np.searchsorted(np.sort(probability[target == 1]), cut_offs, side="left")
    refused = np.sum(target == 0) - (approved - missed)
    paid = (costs.false_negative * missed + costs.false_positive * refused) / len(target)
    return [
        {"cut_off": float(at), "cost": float(each), "approved": float(share)}
        for at, each, share in zip(cut_offs, paid, approved / len(target), strict=True)
    ]
