"""Plans as code on NumPy columns: only what is asked for is written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING

from home_credit.features import expression as e
from home_credit.features import plan as p
from home_credit.features.engines.columns import Codes, Columns
from home_credit.features.engines.groups import OfGroups
from home_credit.features.inference import schema
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.features.engines.code import Code
    from home_credit.features.inference import Schema


@dataclass(frozen=True, slots=True)
class Context:
    """What the parts of one function share.

    ``codes`` stand for texts; ``constant`` names the columns that have one value in all rows. The function finds
    the columns of a table in the variable ``tables``.
    """

    code: Code
    codes: Codes
    constant: frozenset[str] = frozenset()


class PlanRows:
    """The rows of a plan in the code under construction; ``count`` is the variable of their number."""

    count: str

    def __init__(self, plan: p.Plan, context: Context) -> None:
        self.context, self.code = context, context.code
        self.schema: Schema = schema(plan)

    def column(self, name: str) -> str:
        """Return the variable that holds a column."""
        raise NotImplementedError

    def columns(self, aggregates: Mapping[e.Expr, str] | None = None) -> Columns:
        """Return what writes expressions over the rows."""
        return Columns(self.code, self, self.context.codes, self.context.constant, aggregates)

    def stored(self, value: str) -> str:
        """Return a variable that holds a column: a literal for all rows becomes one."""
        return value if value.startswith("v") else self.code.let(f"full({self.count}, {value})")


class TableRows(PlanRows):
    """The rows of a table, as many as its first required column has."""

    def __init__(self, plan: p.Scan, context: Context) -> None:
        super().__init__(plan, context)
        key = next(column.name for column in table(plan.table).columns.values() if column.required)
        self._table = self.code.let(f"tables.get({plan.table!r}, nothing)")
        self.count = self.code.let(f"len({self._table}.get({key!r}, ()))")
        self._codes = self.code.hold(context.codes)

    def column(self, name: str) -> str:
        """Return the variable that holds a column, read when it is first asked for."""
        arguments = f"{self._table}, {name!r}, {self.count}"
        if self.schema[name].type is e.TEXT:
            return self.code.let(f"texts({arguments}, {self._codes})")
        return self.code.let(f"numbers({arguments})")


class DerivedRows(PlanRows):
    """Rows with columns made of those of other rows, the others being dropped or kept."""

    def __init__(self, plan: p.Select | p.WithColumns, context: Context) -> None:
        super().__init__(plan, context)
        self._of = rows(plan.of, context)
        self._made, self._lowering, self.count = dict(plan.columns), self._of.columns(), self._of.count

    def column(self, name: str) -> str:
        """Return the variable that holds a column."""
        if name in self._made:
            return self.stored(self._lowering.value(self._made[name]))
        return self._of.column(name)


class GroupedRows(PlanRows):
    """One row per group."""

    def __init__(self, plan: p.Grouped, context: Context) -> None:
        super().__init__(plan, context)
        self._of, self._made = rows(plan.of, context), dict(plan.columns)
        columns = self._of.columns()
        keys = [columns.key(name) for name in plan.keys]
        self._order = self.code.let(f"lexsort(({', '.join(reversed(keys))},))")
        self._first = self.code.let(f"starts(({', '.join(keys)},), {self._order})")
        self.count = self.code.let(f"len({self._first})")
        made = OfGroups(columns, self._of.count, self._made.values(), self._order, self._first)
        self._lowering = self._of.columns(made.names)

    def column(self, name: str) -> str:
        """Return the variable that holds a key or an aggregate."""
        if name in self._made:
            return self.stored(self._lowering.value(self._made[name]))
        return self.code.let(f"{self._of.column(name)}[{self._order}][{self._first}]")


class JoinedRows(PlanRows):
    """The rows of two plans side by side."""

    def __init__(self, plan: p.Join, context: Context) -> None:
        super().__init__(plan, context)
        self._left, self._right, self._how = rows(plan.left, context), rows(plan.right, context), plan.how
        place = self.code.let(f"matches({self._left.column(plan.on)}, {self._right.column(plan.on)})")
        self._kept = self.code.let(f"{place} >= 0") if plan.how == "inner" else ""
        self._place = self.code.let(f"{place}[{self._kept}]") if plan.how == "inner" else place
        self.count = self.code.let(f"len({self._place})")

    def column(self, name: str) -> str:
        """Return the variable that holds a column of either side."""
        if name in self._left.schema:
            column = self._left.column(name)
            return self.code.let(f"{column}[{self._kept}]") if self._kept else column
        return self.code.let(f"taken({self._right.column(name)}, {self._place})")


@singledispatch
def rows(plan: p.Plan, context: Context) -> PlanRows:
    """Return the rows of a plan, of which nothing is written yet but what their number takes."""
    raise NotImplementedError(type(plan).__name__)


@rows.register(p.Scan)
def _(plan: p.Scan, context: Context) -> PlanRows:
    return TableRows(plan, context)


@rows.register(p.Select)
@rows.register(p.WithColumns)
def _(plan: p.Select | p.WithColumns, context: Context) -> PlanRows:
    return DerivedRows(plan, context)


@rows.register(p.Grouped)
def _(plan: p.Grouped, context: Context) -> PlanRows:
    return GroupedRows(plan, context)


@rows.register(p.Join)
def _(plan: p.Join, context: Context) -> PlanRows:
    return JoinedRows(plan, context)
