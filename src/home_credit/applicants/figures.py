"""The figures by which applicants are compared, and how they are computed of one applicant."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, get_args

from home_credit.features.engines.applicant import application_function
from home_credit.features.matrix import MATRIX
from home_credit.features.request import HISTORY_NAMES
from home_credit.schemas.comparisons import FigureOfApplication, FigureOfHistories

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from home_credit.features.engines.applicant import Value

    Compute = Callable[[Mapping[str, Any], Sequence[Value]], list[Value]]

OF_APPLICATION: tuple[str, ...] = get_args(FigureOfApplication)
OF_HISTORIES: tuple[str, ...] = get_args(FigureOfHistories)
FIGURES = (*OF_APPLICATION, *OF_HISTORIES)


@cache
def compute(names: tuple[str, ...] = FIGURES) -> Compute:
    """Return the function from an application and the features of its histories to the figures ``names``.

    It gives the bits of the feature matrix; a missing figure is NaN.
    """
    return application_function(MATRIX, names, HISTORY_NAMES)
