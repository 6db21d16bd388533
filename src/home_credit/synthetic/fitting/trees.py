"""Classification trees on binned variables, grown best split first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from home_credit.synthetic.chain.columns import MAX_BINS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from home_credit.synthetic.chain.columns import Bins, Codes, Floats

MIN_LEAF_ROWS = 120


class Split(NamedTuple):
    """The gain of a split, the variable and the last bin that goes left."""

    gain: float
    variable: int
    cut: int


@dataclass(eq=False)
class _Node:
    rows: Codes
    split: Split
    children: list[_Node] = field(default_factory=list)


class GrownTree(NamedTuple):
    """A tree in preorder (see :class:`~home_credit.synthetic.chain.tree.Tree`), and the leaf of each row.

    For each leaf it also has the class counts of the nodes on its path, the root's first.
    """

    preorder: list[int]
    leaf: Codes
    counts: list[list[NDArray[np.int64]]]


class TreeGrower:
    """Grows a tree on ``bins``, of shape (variables, rows), for the classes 0 to ``classes`` - 1 of ``response``.

    The gain of a split is its relative decrease of Gini impurity, less the decrease expected by chance;
    ``ordered`` classes are compared by their cumulated shares. A leaf has at least ``min_rows`` rows.
    """

    def __init__(
        self, bins: Bins, response: Codes, classes: int, *, ordered: bool, min_rows: int = MIN_LEAF_ROWS
    ) -> None:
        self._bins, self._response, self._classes = bins, response.astype(np.int64), classes
        self._ordered, self._min_rows = ordered, min_rows

    def grow(self, leaves: int, min_gain: float) -> GrownTree:
        """Split until there are ``leaves`` leaves, or no split gains ``min_gain``."""
        root = self._node(np.arange(len(self._response)))
        open_leaves = [root]
        while len(open_leaves) < leaves:
            node = max(open_leaves, key=lambda each: each.split.gain)
            gain, variable, cut = node.split
            if gain < min_gain:
                break
            left = self._bins[variable, node.rows] <= cut
            node.children = [self._node(node.rows[left]), self._node(node.rows[~left])]
            open_leaves.remove(node)
            open_leaves += node.children
        grown = GrownTree([], np.empty(len(self._response), dtype=np.int64), [])
        self._visit(root, grown, [])
        return grown

    def _node(self, rows: Codes) -> _Node:
        return _Node(rows, self._best_split(rows))

    def _visit(self, node: _Node, grown: GrownTree, above: list[NDArray[np.int64]]) -> None:
        path = [*above, np.bincount(self._response[node.rows], minlength=self._classes)]
        if not node.children:
            grown.preorder.append(-1)
            grown.leaf[node.rows] = len(grown.counts)
            grown.counts.append(path)
            return
        grown.preorder.extend(node.split[1:])
        for child in node.children:
            self._visit(child, grown, path)

    def _best_split(self, rows: Codes) -> Split:
        best = Split(0.0, -1, -1)
        response, size = self._response[rows], len(rows)
        total = np.bincount(response, minlength=self._classes).astype(float)
        degrees = 1 if self._ordered else max(int((total > 0).sum()) - 1, 1)
        if self._ordered:
            total = np.cumsum(total)[:-1]
        unit = degrees / max((total * (size - total)).sum() / size**2, 1e-12)
        impurity = (total**2).sum() / size
        for variable, bins in enumerate(self._bins):
            left, left_size = self._left_counts(bins[rows], response)
            allowed = np.flatnonzero((left_size >= self._min_rows) & (size - left_size >= self._min_rows))
            if allowed.size:
                left, left_size = left[allowed], left_size[allowed]
                gain = (left**2).sum(1) / left_size + ((total - left) ** 2).sum(1) / (size - left_size)
                at = int(gain.argmax())
                worth = float((gain[at] - impurity) * unit - degrees)
                if worth > best.gain:
                    best = Split(worth, variable, int(allowed[at]))
        return best

    def _left_counts(self, bins: Bins, response: Codes) -> tuple[Floats, Floats]:
        """Return for each cut the class counts (cumulated over ordered classes) and the rows of the left side."""
        pairs = bins.astype(np.int64) * self._classes + response
        table = np.bincount(pairs, minlength=MAX_BINS * self._classes).reshape(MAX_BINS, self._classes)
        left = np.cumsum(table, axis=0)[:-1].astype(float)
        size = left.sum(axis=1)
        return (np.cumsum(left, axis=1)[:, :-1] if self._ordered else left), size
