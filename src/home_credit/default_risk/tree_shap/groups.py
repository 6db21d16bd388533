"""Groups of leaves that depend on a few conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from home_credit.default_risk.tree_shap.trees import UnsupportedTreesError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.default_risk.tree_shap.trees import Trees

MAX_CONDITIONS = 7
"""Most conditions of a group: up to 128 patterns, and a row of 64 bytes, the log-odds included, for each."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The path from each of ``L`` leaves to its root, at most ``D`` splits, padded beyond the root."""

    split: NDArray[np.intp]
    """(L, D) The splits passed, from the leaf upwards; -1 where there is none."""
    left: NDArray[np.bool_]
    """(L, D) Whether the leaf lies to the left of the split."""
    share: NDArray[np.float64]
    """(L, D) The share of the split's training rows that went the leaf's way."""

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(L, D) Whether there is a split."""
        return self.split >= 0


def paths_of(trees: Trees) -> Paths:
    """Follow every leaf of ``trees`` to its root."""
    splits, leaves = len(trees.feature), len(trees.leaf_value)
    parent = np.full(splits + leaves, -1)
    parent[trees.left] = parent[trees.right] = np.arange(splits)
    is_left = np.zeros(splits + leaves, dtype=np.bool_)
    is_left[trees.left] = True
    ways = [splits + np.arange(leaves)]
    while (above := np.where(ways[-1] >= 0, parent[ways[-1]], -1)).max(initial=-1) >= 0:
        ways.append(above)
    way = np.stack(ways, axis=1)
    node, split = way[:, :-1], way[:, 1:]
    share = np.ones(split.shape)
    np.divide(trees.count[node], trees.count[split], out=share, where=split >= 0)
    return Paths(split=split, left=is_left[node], share=share)


def groups_of(trees: Trees, paths: Paths) -> NDArray[np.intp]:
    """(L,) Give each leaf the number of its group; groups are numbered tree after tree.

    A group holds the leaves of the largest subtree that depends on at most ``MAX_CONDITIONS`` splits, those above it
    included. Raises :class:`UnsupportedTreesError` where a single leaf lies deeper than that.
    """
    valid, split = paths.valid, paths.split
    depth, leaves = valid.sum(axis=1), len(split)
    if leaves and depth.max() > MAX_CONDITIONS:
        raise UnsupportedTreesError(f"a tree of depth {depth.max()}, where {MAX_CONDITIONS} is the most")
    splits = len(trees.feature)
    leaves_below = np.bincount(split[valid], minlength=splits)
    above = np.zeros(splits, dtype=np.intp)
    above[split[valid]] = (depth[:, None] - 1 - np.arange(split.shape[1]))[valid]
    fits = above + leaves_below - 1 <= MAX_CONDITIONS
    # Every subtree of a subtree that fits also fits, so the number of those that fit identifies the largest.
    fitting = (fits[split] & valid).sum(axis=1)
    leaf = np.arange(leaves)
    root = np.where(fitting > 0, split[leaf, fitting - 1], splits + leaf) if splits else leaf
    _, group = np.unique(trees.leaf_tree * (splits + leaves) + root, return_inverse=True)
    return np.asarray(group, dtype=np.intp)
