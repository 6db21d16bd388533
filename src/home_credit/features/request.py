"""The features of applicants at request time, without data frames: plain columns in, plain values out.

The history tables of one applicant come as columns: ``{"bureau": {"SK_ID_CURR": [...], ...}, ...}``, each a list or
array with as many values as the table has rows, checked against the schema before; None and NaN are missing, a column
or table may be left out. The application comes as one value per column. A feature is a float, NaN where it is
missing, or a text, None where it is missing.

Features of the history depend only on the history tables, so they may be stored under
:func:`home_credit.features.version.history_version`.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from home_credit.features.catalogue import CATALOGUE
from home_credit.features.engines.applicant import application_function, history_function
from home_credit.features.lineage import moved
from home_credit.features.matrix import HISTORIES, MATRIX
from home_credit.terms.columns import term_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from home_credit.features.engines.applicant import Tables, Value
    from home_credit.terms.model import TermModel

    Application = Mapping[str, Value]

NAMES: tuple[str, ...] = tuple(CATALOGUE)
HISTORY_NAMES: tuple[str, ...] = tuple(name for plan in HISTORIES for name, _ in plan.columns)


class RequestFeatures:
    """Computes features with functions that are generated on first use, so that they do not delay a start.

    ``terms`` is the model of the term of a loan. Safe to use from several threads.
    """

    def __init__(self, terms: TermModel) -> None:
        self._terms = terms
        self._moved = lru_cache(maxsize=32)(_moved_function)

    @cached_property
    def _histories(self) -> list[Callable[[Tables], Sequence[Value]]]:
        return [history_function(plan) for plan in HISTORIES]

    @cached_property
    def _features(self) -> Callable[[Application, Sequence[Value]], list[Value]]:
        return application_function(MATRIX, NAMES, HISTORY_NAMES)

    def compute(self, application: Application, tables: Tables) -> list[Value]:
        """Return the features :data:`NAMES` of one applicant."""
        return self.features(application, self.history(tables))

    def history(self, tables: Tables) -> list[Value]:
        """Return the features :data:`HISTORY_NAMES` of one applicant's rows in the history tables."""
        with np.errstate(all="ignore"):
            return [value for function in self._histories for value in function(tables)]

    def features(self, application: Application, history: Sequence[Value]) -> list[Value]:
        """Return the features :data:`NAMES` of an application and of its history features."""
        return self._features(self._with_term(application), history)

    def variants(
        self,
        application: Application,
        history: Sequence[Value],
        changes: Iterable[Application],
    ) -> list[list[Value]]:
        """Return the features of the application with each of ``changes``, which replace values of its columns.

        Only the features that depend on the changed columns are computed again. The functions for the last 32 sets of
        changed columns are cached; generating one takes some milliseconds, so :meth:`features` is faster for a single
        change.
        """
        changes = list(changes)
        places, function = self._moved(frozenset(column for change in changes for column in change))
        before = self.features(application, history)
        result = []
        for change in changes:
            row = before.copy()
            for place, value in zip(
                places, function(self._with_term({**application, **change}), history), strict=True
            ):
                row[place] = value
            result.append(row)
        return result

    def _with_term(self, application: Application) -> Application:
        return {**application, **term_columns(self._terms, application)}


def _moved_function(
    columns: frozenset[str],
) -> tuple[list[int], Callable[[Application, Sequence[Value]], list[Value]]]:
    names = moved(columns)
    places = [place for place, name in enumerate(NAMES) if name in set(names)]
    return places, application_function(MATRIX, names, HISTORY_NAMES)
