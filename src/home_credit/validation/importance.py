"""Which features move the scores of a model, over many applicants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SHOWN = 30


def importance(
    features: Sequence[str], contributions: NDArray[np.float64], gain: NDArray[np.float64]
) -> dict[str, object]:
    """Return the :data:`SHOWN` most important features, the most important first.

    ``contributions`` are TreeSHAP values in log-odds, applicants by ``features``; the importance of a feature is the
    mean of their absolute values. ``gain`` is the reduction of the training loss by the splits on each feature, given
    as a share of the total. ``share`` is the share of the importance of all features that those returned have.
    """
    mean = np.abs(contributions).mean(axis=0)
    order = np.argsort(-mean, kind="stable")[:SHOWN]
    return {
        "applicants": len(contributions),
        "used": int(np.count_nonzero(gain)),
        "share": float(mean[order].sum() / mean.sum()),
        "features": [
            {
                "feature": features[place],
                "importance": float(mean[place]),
                "gain": float(gain[place] / gain.sum()),
            }
            for place in order
        ],
    }
