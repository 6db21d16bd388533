"""The feature matrix as one plan: one row per applicant with every feature of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features import application, combined
from home_credit.features.catalogue import CATALOGUE, HISTORY_MODULES
from home_credit.features.expression import FLOAT, Expr, when
from home_credit.features.inference import Schema, facts, schema
from home_credit.features.operations import Add, Operation, Subtract
from home_credit.features.plan import Added, Grouped, Plan, scan
from home_credit.tables.schema import APPLICATION, ID
from home_credit.terms.columns import COLUMNS, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from home_credit.features.definition import Feature


def values(features: Iterable[Feature], of: Plan) -> dict[str, Expr]:
    """Return the expressions of ``features`` over the rows ``of`` by name, numbers as FLOAT."""
    return {feature.name: _value(feature, schema(of)) for feature in features}


def _value(feature: Feature, of: Schema) -> Expr:
    if feature.kind == "category":
        return feature.expression
    number = feature.expression.cast(FLOAT)
    # Where a side is zero throughout a batch, Polars does not add: the sign of a sum that is zero depends on the batch.
    summed = _adds_floats(feature.expression.operation, of)
    return when(number == 0).then(0.0).otherwise(number) if summed else number


def _adds_floats(operation: Operation, of: Schema) -> bool:
    if isinstance(operation, Add | Subtract) and facts(operation, of).type is FLOAT:
        return True
    return any(_adds_floats(operand, of) for operand in operation.operands)


# One row per applicant who has rows in a table, with the features of those rows.
HISTORIES: tuple[Grouped, ...] = tuple(
    module.ROWS.group_by(ID).agg(values(module.FEATURES, module.ROWS)) for module in HISTORY_MODULES
)


def _matrix() -> Plan:
    rows = scan(APPLICATION, [Added(name, SOURCES) for name in COLUMNS])
    result = rows.select(ID, **values(application.FEATURES, rows))
    for history in HISTORIES:
        result = result.join(history, on=ID, how="left")
    return result.with_columns(**values(combined.FEATURES, result)).select(ID, *CATALOGUE)


# SK_ID_CURR and every feature in the order of the catalogue, one row per applicant in no particular order. The
# application has the columns of the term beside those of its schema.
MATRIX = _matrix()
