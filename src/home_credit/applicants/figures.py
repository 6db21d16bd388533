"""The figures by which applicants are compared, and how they are computed of one applicant."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from home_credit.features.engines.applicant import application_function
from home_credit.features.matrix import MATRIX
from home_credit.features.request import HISTORY_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from home_credit.features.engines.applicant import Value

    Compute = Callable[[Mapping[str, Any], Sequence[Value]], list[Value]]

# Numbers of the catalogue, none of which depends on the term of the loan: it is the model that infers that.
OF_APPLICATION = (
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "AMT_GOODS_PRICE",
    "AMT_INCOME_TOTAL",
    "APP_CREDIT_TO_INCOME",
    "APP_ANNUITY_TO_INCOME",
    "APP_CREDIT_TO_GOODS",
    "EXT_SOURCE_1",
    "EXT_SOURCE_2",
    "EXT_SOURCE_3",
    "APP_EXT_MEAN",
    "DAYS_BIRTH",
    "DAYS_EMPLOYED",
    "APP_ENQUIRIES",
)
OF_HISTORIES = (
    "BUR_ACTIVE_COUNT",
    "BUR_ACTIVE_DEBT_SUM",
    "MIX_DEBT_TO_INCOME",
    "PREV_COUNT",
    "PREV_REFUSED_SHARE",
    "INS_ALL_LATE_SHARE",
    "INS_ALL_DAYS_LATE_MEAN",
    "MIX_CARD_BALANCE_TO_INCOME",
)
FIGURES = (*OF_APPLICATION, *OF_HISTORIES)


@cache
def compute(names: tuple[str, ...] = FIGURES) -> Compute:
    """Return the function from an application and the features of its histories to the figures ``names``.

    It gives the bits of the feature matrix; a missing figure is NaN.
    """
    return application_function(MATRIX, names, HISTORY_NAMES)
