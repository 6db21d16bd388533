"""A binary tree over the bins of earlier variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.synthetic.chain.columns import Bins, Codes


class Tree:
    """A tree stored in preorder as pairs ``variable, cut``; ``-1`` is a leaf.

    A row goes left where its bin of the variable is at most the cut. Leaves are numbered in preorder.
    """

    def __init__(self, preorder: Sequence[int]) -> None:
        feature: list[int] = []
        cut: list[int] = []
        right: list[int] = []
        leaf: list[int] = []
        position = leaves = 0

        def grow() -> None:
            nonlocal position, leaves
            node = len(feature)
            for array in (feature, cut, right, leaf):
                array.append(-1)
            feature[node] = preorder[position]
            position += 1
            if feature[node] < 0:
                leaf[node], leaves = leaves, leaves + 1
                return
            cut[node] = preorder[position]
            position += 1
            grow()
            right[node] = len(feature)
            grow()

        grow()
        self._feature, self._cut, self._right, self._leaf = (
            np.array(array, dtype=np.int64) for array in (feature, cut, right, leaf)
        )

    def apply(self, bins: Bins, rows: int) -> Codes:
        """Return the leaf of each of ``rows`` rows; ``bins`` has the shape (variables, rows)."""
        node = np.zeros(rows, dtype=np.int64)
        active = np.arange(rows)
        while True:
            active = active[self._feature[node[active]] >= 0]
            if not active.size:
                leaf: Codes = self._leaf[node]
                return leaf
            at = node[active]
            left = bins[self._feature[at], active] <= self._cut[at]
            node[active] = np.where(left, at + 1, self._right[at])
