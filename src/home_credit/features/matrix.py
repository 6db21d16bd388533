"""The feature matrix as one plan: one row per applicant with every feature of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features import application, combined
from home_credit.features.catalogue import CATALOGUE, HISTORY_MODULES
from home_credit.features.expression import FLOAT, Expr
from home_credit.features.plan import Plan, scan
from home_credit.tables.schema import APPLICATION, ID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from home_credit.features.definition import Feature


def values(features: Iterable[Feature]) -> dict[str, Expr]:
    """Return the expressions of ``features`` by name, numbers as FLOAT."""
    return {
        feature.name: feature.expression if feature.kind == "category" else feature.expression.cast(FLOAT)
        for feature in features
    }


def _matrix() -> Plan:
    result = scan(APPLICATION).select(ID, **values(application.FEATURES))
    for module in HISTORY_MODULES:
        result = result.join(module.ROWS.group_by(ID).agg(values(module.FEATURES)), on=ID, how="left")
    return result.with_columns(**values(combined.FEATURES)).select(ID, *CATALOGUE)


# SK_ID_CURR and every feature in the order of the catalogue, one row per applicant in no particular order.
MATRIX = _matrix()
