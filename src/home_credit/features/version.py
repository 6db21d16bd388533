"""The version of the definitions: it changes where a value may change, and only there."""

from __future__ import annotations

import hashlib
from functools import cache

from home_credit.features.canonical import canonical
from home_credit.features.matrix import HISTORIES, MATRIX

# To be raised where an operation comes to mean something else, so that kept values are computed again.
SEMANTICS = 1


@cache
def definitions_version(terms: str) -> str:
    """Return the sha256 of all definitions in their canonical form, the same in every process and on every Python.

    ``terms`` is the digest of the model of the term, which is a part of them.
    """
    return _digest(canonical(MATRIX), terms)


@cache
def history_version() -> str:
    """Return the sha256 of the definitions of history features, under which their values may be kept."""
    return _digest(*map(canonical, HISTORIES))


def _digest(*definitions: str) -> str:
    return hashlib.sha256("\n".join([f"semantics {SEMANTICS}", *definitions]).encode()).hexdigest()
