"""The feature matrix as one plan: one row per applicant with every feature of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features import application, combined
from home_credit.features.catalogue import CATALOGUE, HISTORY_MODULES
from home_credit.features.expression import FLOAT, Expr
from home_credit.features.plan import Added, Grouped, Plan, scan
from home_credit.tables.schema import APPLICATION, ID
from home_credit.terms.columns import COLUMNS, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from home_credit.features.definition import Feature


def values(features: Iterable[Feature]) -> dict[str, Expr]:
    """Return the expressions of ``features`` by name, numbers as FLOAT."""
    return {
        feature.name: feature.expression if feature.kind == "category" else feature.expression.cast(FLOAT)
        for feature in features
    }


# One row per applicant who has rows in a table, with the features of those rows.
HISTORIES: tuple[Grouped, ...] = tuple(
    module.ROWS.group_by(ID).agg(values(module.FEATURES)) for module in HISTORY_MODULES
)


def _matrix() -> Plan:
    rows = scan(APPLICATION, [Added(name, SOURCES) for name in COLUMNS])
    result = rows.select(ID, **values(application.FEATURES))
    for history in HISTORIES:
        result = result.join(history, on=ID, how="left")
    return result.with_columns(**values(combined.FEATURES)).select(ID, *CATALOGUE)


# SK_ID_CURR and every feature in the order of the catalogue, one row per applicant in no particular order. The
# application has the columns of the term beside those of its schema.
MATRIX = _matrix()
