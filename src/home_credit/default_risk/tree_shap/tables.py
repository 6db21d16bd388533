"""The contribution of every group of leaves to every feature, for every pattern of the group's conditions."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from home_credit.default_risk.tree_shap.conditions import Conditions
from home_credit.default_risk.tree_shap.groups import MAX_CONDITIONS, groups_of, paths_of
from home_credit.default_risk.tree_shap.shapley import added_by_leaves, players_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from home_credit.default_risk.tree_shap.shapley import Players
    from home_credit.default_risk.tree_shap.trees import Trees

WIDTH = MAX_CONDITIONS + 1
"""Numbers in a row of the table: one per feature of the group, and last the contribution to the log-odds."""

LEAVES_AT_ONCE = 128
"""Leaves computed together: few enough for the processor's cache."""


@dataclass(frozen=True, slots=True)
class Tables:
    """``G`` groups of leaves in the order of their trees, with their contributions to features and log-odds."""

    conditions: Conditions
    condition: NDArray[np.intp]
    """(G, 8) The conditions of each group, padded with one that no row meets."""
    bits: NDArray[np.intp]
    """(G,) The number of conditions of each group."""
    feature: NDArray[np.intp]
    """(G, 8) The target of each column of the group's rows: a feature, ``features`` for the log-odds (the last one),
    or ``features + 1`` for nothing."""
    first: NDArray[np.intp]
    """(G,) The row of ``values`` for the pattern in which no condition of the group holds."""
    values: NDArray[np.float64]
    """(patterns of all groups, 8) The contributions of a group under each pattern, bit k being its k-th condition."""
    base_value: float
    """The mean log-odds over the training rows, as the trees count them."""
    features: int
    """Columns of the matrix."""


def build_tables(trees: Trees) -> Tables:
    """Build the tables of ``trees``; raises :class:`UnsupportedTreesError` where a tree is too deep."""
    conditions, paths = Conditions.of(trees), paths_of(trees)
    condition_passed = np.where(paths.valid, conditions.of_split[paths.split], -1)
    feature_passed = np.where(paths.valid, trees.feature[paths.split], -1)
    on_path = conditions.holds_left[paths.split] == paths.left
    group = groups_of(trees, paths)
    bit, condition, bits = _number(group, condition_passed)
    column, feature, columns = _number(group, feature_passed)
    condition[np.arange(WIDTH) >= bits[:, None]] = len(conditions)
    feature[np.arange(WIDTH) >= columns[:, None]] = trees.features + 1
    feature[:, -1] = trees.features
    patterns = 1 << bits
    first = np.cumsum(patterns) - patterns
    return Tables(
        conditions=conditions,
        condition=condition,
        bits=bits,
        feature=feature,
        first=first,
        values=_values(trees, players_of(paths, feature_passed, bit, on_path, column), group, first, bits),
        base_value=_base_value(trees),
        features=trees.features,
    )


def _number(
    group: NDArray[np.intp], item: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Number the distinct items of each group from 0; items below zero are left out.

    Returns the number of each of the (L, D) items within its group, the items of each group (G, 8), and how many each
    group has (G,).
    """
    valid = item >= 0
    span = int(item.max(initial=0)) + 1
    distinct, inverse = np.unique((group[:, None] * span + item)[valid], return_inverse=True)
    owner = distinct // span
    count = np.bincount(owner, minlength=int(group.max(initial=-1)) + 1)
    rank = np.arange(len(distinct)) - (np.cumsum(count) - count)[owner]
    number = np.zeros(item.shape, dtype=np.intp)
    number[valid] = rank[inverse]
    items = np.zeros((len(count), WIDTH), dtype=np.intp)
    items[owner, rank] = distinct % span
    return number, items, count


def _values(
    trees: Trees,
    players: Players,
    group: NDArray[np.intp],
    first: NDArray[np.intp],
    bits: NDArray[np.intp],
) -> NDArray[np.float64]:
    values = np.zeros((int((1 << bits).sum()), WIDTH))
    for leaves in _batches(group, bits):
        groups, start = np.unique(group[leaves], return_index=True)
        patterns = np.arange(1 << bits[groups[0]], dtype=np.uint8)
        added = added_by_leaves(players, trees.leaf_value, leaves, patterns, WIDTH)
        of_groups = np.add.reduceat(added, start, axis=0).swapaxes(1, 2)
        values[first[groups][:, None] + patterns] = of_groups
    return values


def _batches(group: NDArray[np.intp], bits: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Yield the leaves of a few groups at a time, in order; groups of one batch have equally many conditions."""
    order = np.lexsort((group, bits[group]))
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    width = bits[group[order[starts]]]
    begin = 0
    for at, end in enumerate([*starts[1:].tolist(), len(order)]):
        last = at + 1 == len(starts)
        if last or width[at + 1] != width[at] or end - begin >= LEAVES_AT_ONCE:
            yield order[begin:end]
            begin = end


def _base_value(trees: Trees) -> float:
    """Return the sum over trees of the mean leaf value, weighted by the training rows in each leaf."""
    count = trees.count[len(trees.feature) :]
    # A tree of one leaf has no count in the text.
    count = np.where(np.bincount(trees.leaf_tree)[trees.leaf_tree] == 1, 1.0, count)
    total = np.bincount(trees.leaf_tree, weights=count)
    return fsum((count / total[trees.leaf_tree] * trees.leaf_value).tolist())
