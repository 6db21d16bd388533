"""Merkle trees over the entries between two anchors, as RFC 6962 builds them.

The path of an entry shows that it is below the root with one digest for each doubling of the number of entries. The
leaf of an entry is made of its place and its payload, without the key.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EMPTY = hashlib.sha256().hexdigest()  # the root over no entry


def leaf(chain: str, sequence: int, payload: str) -> bytes:
    """Return the leaf of an entry: a digest of its place and its payload's SHA-256."""
    place = f'{{"chain":"{chain}","payload":"{payload}","sequence":{sequence}}}'
    return hashlib.sha256(b"\0" + place.encode()).digest()


def root(leaves: Sequence[bytes]) -> str:
    """Return the root over leaves in their order, in hexadecimal."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0].hex() if level else EMPTY


def path(leaves: Sequence[bytes], index: int) -> list[str]:
    """Return the digests that lead from the leaf at ``index`` to the root, from the bottom to the top."""
    level, digests = list(leaves), []
    while len(level) > 1:
        neighbour = index ^ 1
        if neighbour < len(level):
            digests.append(level[neighbour].hex())
        level, index = _above(level), index // 2
    return digests


def root_of_path(leaf: bytes, index: int, count: int, digests: Sequence[str]) -> str | None:
    """Return the root that a path leads to from a leaf at ``index`` of ``count``; ``None`` where it does not fit."""
    if not 0 <= index < count:
        return None
    own, rest = leaf, list(digests)
    while count > 1:
        neighbour = index ^ 1
        if neighbour < count:
            if not rest:
                return None
            other = bytes.fromhex(rest.pop(0))
            own = _node(other, own) if index % 2 else _node(own, other)
        count, index = (count + 1) // 2, index // 2
    return None if rest else own.hex()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Return the nodes above a level; a last one without a neighbour moves up as it is."""
    pairs = [_node(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return pairs + list(level[-1:]) if len(level) % 2 else pairs


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
