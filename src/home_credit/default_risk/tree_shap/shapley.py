"""The contribution of a leaf to the Shapley value of each feature on its path, for every pattern of conditions.

The value of a leaf is shared out in a game (path-dependent TreeSHAP: Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees", algorithm 2). With the features of a set S known, a leaf of value v
is worth v · Π_{j in S} o_j · Π_{j not in S} z_j, where o_j is 1 if the row meets all conditions on feature j along the
path and 0 otherwise, and z_j is the share of training rows that do. The Shapley value of feature i is then

    v · (o_i - z_i) · ∫_0^1 Π_{j != i} (z_j + t · (o_j - z_j)) dt

(Owen 1972, "Multilinear extensions of games"). The integrand is a polynomial in t of a degree below the number of
features, so Gauss-Legendre quadrature with half as many points is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from home_credit.default_risk.tree_shap.groups import Paths


_NEAR, _FAR = sqrt(3 / 7 - 2 / 7 * sqrt(6 / 5)), sqrt(3 / 7 + 2 / 7 * sqrt(6 / 5))
_MORE, _LESS = (18 + sqrt(30)) / 36, (18 - sqrt(30)) / 36
# Points and weights of Gauss-Legendre quadrature over [-1, 1], by the number of points. In closed form: the last bits
# of numerical solutions depend on the linear algebra library of the machine.
_GAUSS_LEGENDRE: tuple[tuple[tuple[float, float], ...], ...] = (
    (),
    ((0.0, 2.0),),
    ((-sqrt(1 / 3), 1.0), (sqrt(1 / 3), 1.0)),
    ((-sqrt(3 / 5), 5 / 9), (0.0, 8 / 9), (sqrt(3 / 5), 5 / 9)),
    ((-_FAR, _LESS), (-_NEAR, _MORE), (_NEAR, _MORE), (_FAR, _LESS)),
)


@dataclass(frozen=True, slots=True)
class Players:
    """The distinct features on each of ``L`` paths, at most ``D``; a shorter path has players without a condition."""

    share: NDArray[np.float64]
    """(L, D) z: the share of training rows that meet all conditions on the feature."""
    mask: NDArray[np.uint8]
    """(L, D) The bits of the pattern that are conditions on the feature along this path."""
    wanted: NDArray[np.uint8]
    """(L, D) The value of these bits for a row that stays on the path."""
    column: NDArray[np.intp]
    """(L, D) The number of the feature within the group; -1 where there is none."""


def players_of(
    paths: Paths,
    feature: NDArray[np.intp],
    bit: NDArray[np.intp],
    wanted: NDArray[np.bool_],
    column: NDArray[np.intp],
) -> Players:
    """Join the splits of each path that read the same feature.

    The arguments hold, for each split passed (L, D): its feature, the bit of its condition, the value of the bit on
    this path, and the number of the feature within the group.
    """
    leaves, depth = feature.shape
    valid = paths.valid
    # The first split with a feature represents all of them.
    earliest = np.argmax(feature[:, :, None] == feature[:, None, :], axis=2) if depth else feature
    number = np.cumsum((earliest == np.arange(depth)) & valid, axis=1) - 1
    player = np.take_along_axis(number, earliest, axis=1)
    players = Players(
        share=np.ones((leaves, depth)),
        mask=np.zeros((leaves, depth), dtype=np.uint8),
        wanted=np.zeros((leaves, depth), dtype=np.uint8),
        column=np.full((leaves, depth), -1, dtype=np.intp),
    )
    for step in range(depth):
        leaf = np.flatnonzero(valid[:, step])
        at = leaf, player[leaf, step]
        players.share[at] *= paths.share[leaf, step]
        players.mask[at] |= (1 << bit[leaf, step]).astype(np.uint8)
        players.wanted[at] |= (wanted[leaf, step] << bit[leaf, step]).astype(np.uint8)
        players.column[at] = column[leaf, step]
    return players


def added_by_leaves(
    players: Players,
    value: NDArray[np.float64],
    leaves: NDArray[np.intp],
    patterns: NDArray[np.uint8],
    width: int,
) -> NDArray[np.float64]:
    """Return the contributions of ``n`` leaves of ``value`` (L,) under each of ``p`` patterns: (n, width, p).

    The last of the ``width`` columns is the value itself where the row is in the leaf; the others are features.
    """
    depth = int((players.mask[leaves] > 0).sum(axis=1).max(initial=0))
    known = patterns & players.mask[leaves, :depth, None]
    met = known == players.wanted[leaves, :depth, None]
    share = players.share[leaves, :depth, None]
    gain = met - share
    integral = np.zeros(met.shape)
    for point, weight in _quadrature(depth):
        factor = share + point * gain
        product = factor.prod(axis=1) * (weight * value[leaves, None])
        integral += product[:, None, :] / factor
    added = np.zeros((len(leaves), width, len(patterns)))
    # Players without a condition gain nothing; they write to the last column, which is overwritten.
    added[np.arange(len(leaves))[:, None], players.column[leaves, :depth]] = gain * integral
    added[:, -1] = met.all(axis=1) * value[leaves, None]
    return added


def _quadrature(features: int) -> Iterator[tuple[float, float]]:
    """Yield points and weights that integrate polynomials of degree ``features - 1`` over [0, 1] exactly."""
    for point, weight in _GAUSS_LEGENDRE[(features + 1) // 2]:
        yield (1.0 + point) / 2.0, weight / 2.0
