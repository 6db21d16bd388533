"""The features that the model reads, and their monotone constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Sequence

# A higher external score never raises the risk: each feature here rises with every external score.
MONOTONE_DECREASING = frozenset(
    {
        "EXT_SOURCE_1",
        "EXT_SOURCE_2",
        "EXT_SOURCE_3",
        "APP_EXT_MEAN",
        "APP_EXT_MIN",
        "APP_EXT_MAX",
        "APP_EXT_PRODUCT",
        "APP_EXT_23_PRODUCT",
        "APP_EXT_WEIGHTED",
    }
)
# Rises with one external score and falls with another, so that no constraint can hold for it.
EXCLUDED = frozenset({"APP_EXT_SPREAD"})

INPUTS: tuple[str, ...] = tuple(name for name in CATALOGUE if name not in EXCLUDED)


def monotone_constraints(features: Sequence[str]) -> list[int]:
    """Return, per feature, -1 where a higher value may never raise the risk and 0 where it may do either."""
    return [-1 if name in MONOTONE_DECREASING else 0 for name in features]
