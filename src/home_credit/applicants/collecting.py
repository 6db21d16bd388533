"""What a load collects of all applicants, and the payloads that it stores of the peers among them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit.applicants.distributions import single
from home_credit.applicants.peers import MOST, TRAITS, Peers, spaced
from home_credit.applicants.schema import COMPRESSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from home_credit.applicants.peers import Described

IDS, CODES = "SK_ID_CURR", "traits"  # names of payloads; the others are figures
_TYPES = {IDS: "<i8", CODES: "i1"}
_FIGURE = "<f4"


class Collected:
    """The figures of all applicants, kept in single precision until all are known."""

    def __init__(self, names: Sequence[str], applicants: int) -> None:
        self._names = tuple(names)
        self._ids = np.zeros(applicants, np.int64)
        self._codes = np.zeros((len(TRAITS), applicants), np.int8)
        self._values = np.full((len(self._names), applicants), np.nan, np.float32)
        self._done = 0

    def add(self, ids: Sequence[int], described: Sequence[Described], figures: Sequence[Any]) -> None:
        """Add applicants: the number of each, what describes it, and its figures."""
        within = slice(self._done, self._done + len(ids))
        self._ids[within] = ids
        self._codes[:, within] = np.array([each.codes() for each in described], np.int8).T
        self._values[:, within] = single(figures).T
        self._done = within.stop

    def peers(self) -> Peers:
        """Return the applicants that others are compared with."""
        places = spaced(self._done, MOST)
        figures = {
            name: values[: self._done][places] for name, values in zip(self._names, self._values, strict=True)
        }
        return Peers(self._ids[: self._done][places], self._codes[:, : self._done][:, places], figures)


def payloads(peers: Peers) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the compressed values of each array of the peers."""
    arrays: Mapping[str, NDArray[Any]] = {IDS: peers.ids, CODES: peers.codes, **peers.figures}
    for name, values in arrays.items():
        stored = values.astype(_TYPES.get(name, _FIGURE)).tobytes()
        yield name, zlib.compress(stored, COMPRESSION)


def of_payloads(stored: Mapping[str, bytes]) -> Peers:
    """Return the peers that payloads hold.

    Raises ``zlib.error``, ``KeyError`` or ``ValueError`` where they are damaged.
    """
    arrays = {
        name: np.frombuffer(zlib.decompress(payload), _TYPES.get(name, _FIGURE))
        for name, payload in stored.items()
    }
    ids, codes = arrays.pop(IDS), arrays.pop(CODES)
    if any(len(values) != len(ids) for values in arrays.values()):
        raise ValueError("figures of another number of applicants")
    return Peers(ids, codes.reshape(len(TRAITS), len(ids)), arrays)
