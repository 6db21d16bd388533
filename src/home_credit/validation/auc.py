"""The AUC with a standard error that is clustered by person.

The AUC is a mean over pairs of a defaulted and a repaid row. Its variance follows from the placements of each row (E.
R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44, 1988); rows of one person count as one observation
(N. A. Obuchowski, Biometrics 53, 1997).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm, rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray


def influence(target: NDArray[np.int64], score: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the AUC and the influence of each row; the error of the AUC is the sum of the influences.

    ``target`` is 1 for a default and has both classes; ``score`` rises with the risk. There is one influence per row.
    """
    bad = target == 1
    defaults, repaid = int(bad.sum()), int((~bad).sum())
    ranks = rankdata(score)
    placement = np.empty(len(target))
    # Share of the repaid rows below each default, and of the defaults above each repaid row; ties count one half.
    placement[bad] = (ranks[bad] - rankdata(score[bad])) / repaid
    placement[~bad] = 1.0 - (ranks[~bad] - rankdata(score[~bad])) / defaults
    auc = float(placement[bad].mean())
    return auc, (placement - auc) / np.where(bad, defaults, repaid)


def standard_error(shares: NDArray[np.float64], persons: NDArray[np.int64] | None = None) -> float:
    """Return the standard error of a sum of influences with mean zero; rows of one person are one observation.

    ``persons`` holds one number per row, equal for the rows of one person; without it each row is a person.
    """
    if persons is not None:
        _, place = np.unique(persons, return_inverse=True)
        shares = np.bincount(place, weights=shares).astype(np.float64)
    count = len(shares)
    return float(np.sqrt(np.sum(shares**2) * count / (count - 1)))


def interval(
    target: NDArray[np.int64],
    score: NDArray[np.float64],
    persons: NDArray[np.int64] | None = None,
    *,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Return the normal confidence interval of the AUC."""
    auc, shares = influence(target, score)
    half = float(norm.ppf(0.5 + confidence / 2)) * standard_error(shares, persons)
    return auc - half, auc + half
