"""The features of applicants at request time, without data frames: plain columns in, plain values out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from home_credit.features.catalogue import CATALOGUE
from home_credit.features.engines.applicant import application_function, history_function
from home_credit.features.matrix import HISTORIES, MATRIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.features.engines.applicant import Tables, Value

NAMES: tuple[str, ...] = tuple(CATALOGUE)
HISTORY_NAMES: tuple[str, ...] = tuple(name for plan in HISTORIES.values() for name, _ in plan.columns)


class RequestFeatures:
    """Computes features with functions that are written once, when it is made. Safe to use from several threads."""

    def __init__(self) -> None:
        self._histories = [history_function(plan) for plan in HISTORIES.values()]
        self._application = application_function(MATRIX, NAMES, HISTORY_NAMES)

    def history(self, tables: Tables) -> list[Value]:
        """Return the features :data:`HISTORY_NAMES` of one applicant's rows in the history tables."""
        with np.errstate(all="ignore"):
            return [value for function in self._histories for value in function(tables)]

    def features(self, application: Mapping[str, Any], history: Sequence[Value]) -> list[Value]:
        """Return the features :data:`NAMES` of an application with the features of its history."""
        return self._application(application, history)
