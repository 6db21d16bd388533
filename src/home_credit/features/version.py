"""The version of the feature definitions: it changes exactly when values may change."""

from __future__ import annotations

import hashlib
from functools import cache

from home_credit.features.canonical import canonical
from home_credit.features.matrix import HISTORIES, MATRIX

# To be incremented when the meaning of an operation changes, so that stored values are computed again.
SEMANTICS = 1


@cache
def definitions_version(terms: str) -> str:
    """Return the SHA-256 of all definitions in canonical form, the same in every process and Python version.

    ``terms`` is the digest of the model of the term, which features depend on.
    """
    return _digest(canonical(MATRIX), terms)


@cache
def history_version() -> str:
    """Return the SHA-256 of the definitions of history features, a key for stored values."""
    return _digest(*map(canonical, HISTORIES))


def _digest(*definitions: str) -> str:
    return hashlib.sha256("\n".join([f"semantics {SEMANTICS}", *definitions]).encode()).hexdigest()
