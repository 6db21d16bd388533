"""The trees of a LightGBM model as flat arrays, read from its text format (version 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Bits of a split's decision type, and the values of its missing type (LightGBM, include/LightGBM/tree.h).
CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT, MISSING_MASK = 1, 2, 2, 3
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2

# LightGBM reads numbers no larger than this as zero (kZeroThreshold in include/LightGBM/meta.h).
NEARLY_ZERO = float(np.float32(1e-35))

NUMBERS = (
    "split_feature",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "internal_count",
    "leaf_value",
    "leaf_count",
)

END_OF_TREES = "\nend of trees"


class UnsupportedTreesError(ValueError):
    """Trees that the tables cannot hold; LightGBM itself can still explain them."""


@dataclass(frozen=True, slots=True)
class Trees:
    """All splits and leaves of a model, tree after tree.

    Nodes are numbered through the whole model: first its ``S`` splits, then its ``L`` leaves, so that node ``S + i``
    is leaf ``i``. A tree without a split is one leaf.
    """

    features: int
    """Columns of the matrix."""
    split_tree: NDArray[np.intp]
    """(S,) The tree of each split."""
    leaf_tree: NDArray[np.intp]
    """(L,) The tree of each leaf, ascending."""
    feature: NDArray[np.intp]
    """(S,) The column that each split reads."""
    threshold: NDArray[np.float64]
    """(S,) Values up to it go left; without meaning where the split is categorical."""
    categorical: NDArray[np.bool_]
    """(S,) Whether the split is categorical."""
    missing_left: NDArray[np.bool_]
    """(S,) Whether a missing value goes left."""
    left: NDArray[np.intp]
    """(S,) The node on the left."""
    right: NDArray[np.intp]
    """(S,) The node on the right."""
    count: NDArray[np.float64]
    """(S + L,) Training rows that reached each node."""
    leaf_value: NDArray[np.float64]
    """(L,) The log-odds of each leaf."""
    categories: dict[int, NDArray[np.bool_]]
    """By categorical split: which categories, by their code, go left."""


def feature_names(text: str) -> list[str]:
    """Return the features of a model text, in the order of its columns.

    Raises :class:`ValueError` for a text that is none of LightGBM's, or that ends before its trees do.
    """
    names = _pairs(text.partition("\nTree=")[0]).get("feature_names")
    if not text.startswith("tree\n") or names is None or END_OF_TREES not in text:
        raise ValueError("the text is no whole model of LightGBM")
    return names.split()


def read_trees(text: str) -> Trees:
    """Read the return value of ``booster.model_to_string()``.

    Raises :class:`UnsupportedTreesError` where a tree has linear leaves or treats zero as missing, and where the
    model has several outputs or averages its trees.
    """
    header, *parts = text.partition(END_OF_TREES)[0].split("\nTree=")
    facts = _pairs(header)
    if facts["num_tree_per_iteration"] != "1" or "\naverage_output" in header:
        raise UnsupportedTreesError("a model with several outputs, or one that averages its trees")
    trees = [_pairs(part) for part in parts]
    if any(tree["is_linear"] != "0" for tree in trees):
        raise UnsupportedTreesError("a tree with linear leaves")
    numbers = {name: _numbers([tree.get(name, "") for tree in trees]) for name in NUMBERS}
    leaves = np.array([int(tree["num_leaves"]) for tree in trees], dtype=np.intp)
    which = np.arange(len(trees))
    split_tree, leaf_tree = np.repeat(which, leaves - 1), np.repeat(which, leaves)
    decision = numbers["decision_type"].astype(np.intp)
    missing = (decision >> MISSING_SHIFT) & MISSING_MASK
    categorical = (decision & CATEGORICAL).astype(np.bool_)
    if ((missing == MISSING_ZERO) & ~categorical).any():
        raise UnsupportedTreesError("a split that takes zero for missing")
    # Where training saw no missing value, LightGBM reads a missing one as zero.
    by_default = np.where(missing == MISSING_NAN, (decision & DEFAULT_LEFT) > 0, numbers["threshold"] >= 0)
    first_split, first_leaf = np.cumsum(leaves - 1) - (leaves - 1), np.cumsum(leaves) - leaves

    def node(child: NDArray[np.float64]) -> NDArray[np.intp]:
        """Convert LightGBM's node numbers in a tree, a leaf being ``-1 - leaf``, to numbers in the model."""
        local = child.astype(np.intp)
        leaf = len(local) + first_leaf[split_tree] - 1 - local
        return np.where(local >= 0, first_split[split_tree] + local, leaf)

    return Trees(
        features=int(facts["max_feature_idx"]) + 1,
        split_tree=split_tree,
        leaf_tree=leaf_tree,
        feature=numbers["split_feature"].astype(np.intp),
        threshold=_exact(numbers["threshold"]),
        categorical=categorical,
        missing_left=by_default & ~categorical,
        left=node(numbers["left_child"]),
        right=node(numbers["right_child"]),
        count=np.concatenate([numbers["internal_count"], numbers["leaf_count"]]),
        leaf_value=numbers["leaf_value"],
        categories={
            int(split): _members(trees[split_tree[split]], int(numbers["threshold"][split]))
            for split in np.flatnonzero(categorical)
        },
    )


def _exact(threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return thresholds that split exact numbers as LightGBM splits them after it rounds those near zero to zero."""
    below = np.where(threshold < 0, np.nextafter(-NEARLY_ZERO, -np.inf), NEARLY_ZERO)
    return np.where(np.abs(threshold) <= NEARLY_ZERO, below, threshold)


def _pairs(lines: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in lines.split("\n"))}


def _numbers(columns: Sequence[str]) -> NDArray[np.float64]:
    return np.array(" ".join(columns).split(), dtype=np.float64)


def _members(tree: dict[str, str], place: int) -> NDArray[np.bool_]:
    """Return which categories the ``place``-th categorical split of ``tree`` sends left; they are stored as bits."""
    bounds = [int(bound) for bound in tree["cat_boundaries"].split()]
    words = tree["cat_threshold"].split()[bounds[place] : bounds[place + 1]]
    return np.unpackbits(np.array(words, dtype="<u4").view(np.uint8), bitorder="little").view(np.bool_)
