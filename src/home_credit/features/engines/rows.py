"""Plans as code on NumPy columns: only what is asked for is written."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING

from home_credit.features import operations as o
from home_credit.features import plan as p
from home_credit.features.canonical import canonical
from home_credit.features.engines.columns import Codes, Columns
from home_credit.features.engines.groups import OfGroups
from home_credit.features.inference import Facts, Schema, schema
from home_credit.features.operations import columns_in
from home_credit.tables.schema import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from home_credit.features.engines.code import Code


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

    def columns(self, aggregates: Mapping[o.Operation, str] | None = None) -> Columns:
        """Return what writes expressions over the rows."""
        return Columns(self.code, self, self.context.codes, self.context.constant, aggregates)


class TableRows(PlanRows):
    """The rows of a table, counted by the first of its columns that is never missing."""

    def __init__(self, plan: p.Scan, context: Context) -> None:
        super().__init__(plan, context)
        key = next(column.name for column in table(plan.table).columns.values() if column.required)
        self._table = self.code.let(f"tables.get({plan.table!r}, nothing)")
        self.count = self.code.let(f"rows_of({self._table}, {key!r})")
        self._codes = self.code.hold(context.codes)

    def column(self, name: str) -> str:
        """Return the variable that holds a column, read when it is first asked for."""
        arguments = f"{self._table}, {name!r}, {self.count}"
        if self.schema[name].type is o.TEXT:
            return self.code.let(f"texts({arguments}, {self._codes})")
        return self.code.let(f"numbers({arguments})")


class DerivedRows(PlanRows):
    """Rows with columns made of those of other rows, the others being dropped or kept.

    Several columns that are each made of one column in the same way are made at once, as rows of a matrix.
    """

    def __init__(self, plan: p.Select | p.WithColumns, context: Context) -> None:
        super().__init__(plan, context)
        self._of = rows(plan.of, context)
        self._made, self._lowering, self.count = dict(plan.columns), self._of.columns(), self._of.count
        self._written: dict[str, str] = {}
        alike = defaultdict(list)
        for name in self._made:
            alike[self._form(name)].append(name)
        self._alike = {
            name: names for form, names in alike.items() if form and len(names) > 2 for name in names
        }

    def column(self, name: str) -> str:
        """Return the variable that holds a column."""
        if name not in self._made:
            return self._of.column(name)
        if name in self._alike and name not in self._written:
            self._write(self._alike[name])
        if name in self._written:
            return self._written[name]
        return self._lowering.column(self._made[name], self.count)

    def _form(self, name: str) -> str:
        """Return the form of a column that is made of one other, whatever that one is; "" for other columns."""
        value = self._made[name]
        of = {self._of.schema[column] for column in columns_in(value)}
        single = len(set(columns_in(value))) == 1 and not isinstance(value, o.Column | o.Cumulative)
        return canonical((value, *(each.type for each in of)), lambda _: "") if single else ""

    def _write(self, names: Sequence[str]) -> None:
        sources = [next(columns_in(self._made[name])) for name in names]
        matrix = self.code.let(f"array([{', '.join(self._of.column(source) for source in sources)}])")
        stacked = _Stacked(self._of, sources, matrix)
        made = Columns(self.code, stacked, self.context.codes, self.context.constant).value(
            self._made[names[0]]
        )
        self._written = {**self._written, **{name: self.code.name() for name in names}}
        self.code.line(f"{', '.join(self._written[name] for name in names)}, = {made}")


class _Stacked:
    """Several columns as the rows of one matrix, found under the name of the first."""

    def __init__(self, of: PlanRows, names: Sequence[str], matrix: str) -> None:
        several = [of.schema[name] for name in names]
        together = Facts(
            several[0].type, any(each.nullable for each in several), max(each.bound for each in several)
        )
        self.schema = Schema({names[0]: together})
        self._matrix = matrix

    def column(self, _name: str) -> str:
        """Return the variable that holds the matrix."""
        return self._matrix


class GroupedRows(PlanRows):
    """One row per group."""

    def __init__(self, plan: p.Grouped, context: Context) -> None:
        super().__init__(plan, context)
        self._of, self._made = rows(plan.of, context), dict(plan.columns)
        columns = self._of.columns()
        keys = columns.keys(plan.keys) or [columns.key(plan.keys[0])]
        self._order = self.code.let(f"lexsort(({', '.join(reversed(keys))},))")
        self._first = self.code.let(f"starts(({', '.join(keys)},), {self._order})")
        self.count = self.code.let(f"len({self._first})")
        made = OfGroups(columns, self._of.count, self._made.values(), self._order, self._first)
        self._lowering = self._of.columns(made.names)

    def column(self, name: str) -> str:
        """Return the variable that holds a key or an aggregate."""
        if name in self._made:
            return self._lowering.column(self._made[name], self.count)
        return self.code.let(f"{self._of.column(name)}[{self._order}][{self._first}]")


class JoinedRows(PlanRows):
    """The rows of two plans side by side."""

    def __init__(self, plan: p.Join, context: Context) -> None:
        super().__init__(plan, context)
        self._left, right = rows(plan.left, context), rows(plan.right, context)
        place = self.code.let(f"matches({self._left.column(plan.on)}, {right.column(plan.on)})")
        self._kept = self.code.let(f"{place} >= 0") if plan.how == "inner" else ""
        kept = self.code.let(f"{place}[{self._kept}]") if self._kept else place
        self.count = self.code.let(f"len({kept})")
        # All at once: taking rows costs the same for one column as for thirty.
        names = [name for name in right.schema if name != plan.on]
        self._taken = {name: self.code.name() for name in names}
        matrix = f"array([{', '.join(right.column(name) for name in names)}])"
        self.code.line(f"{', '.join(self._taken.values())}, = taken({matrix}, {kept})")

    def column(self, name: str) -> str:
        """Return the variable that holds a column of either side."""
        if name in self._taken:
            return self._taken[name]
        column = self._left.column(name)
        return self.code.let(f"{column}[{self._kept}]") if self._kept else column


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
