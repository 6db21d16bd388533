"""Query plans as data: the tables that are read, and how rows are computed, grouped and joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from home_credit.features.operations import Column, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from home_credit.features.expression import Expr

How = Literal["inner", "left"]
Columns = tuple[tuple[str, Operation], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """Rows of a table, or derived from those of other plans; methods build larger plans."""

    def select(self, *names: str, **columns: Expr) -> Plan:
        """Keep the columns ``names`` and compute ``columns``."""
        return Select(self, (*((name, Column(name)) for name in names), *_named(columns)))

    def with_columns(self, **columns: Expr) -> Plan:
        """Add or replace ``columns``; each is computed from the rows before the change."""
        return WithColumns(self, _named(columns))

    def group_by(self, *keys: str) -> Groups:
        """Group the rows with equal values of the columns ``keys``, which are never missing."""
        return Groups(self, keys)

    def join(self, other: Plan, on: str, how: How) -> Plan:
        """Put the columns of ``other`` beside the rows with the same value of ``on``.

        ``other`` has each value of ``on`` at most once. ``how`` "inner" drops the rows without a match,
        "left" keeps them with missing values.
        """
        return Join(self, other, on, how)


class Added(NamedTuple):
    """A numeric column that the reader of a table adds to its schema, computed from the columns ``sources``."""

    name: str
    sources: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Scan(Plan):
    """The rows of a table, with the columns ``added``."""

    table: str
    added: tuple[Added, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Select(Plan):
    """Rows with other columns."""

    of: Plan
    columns: Columns


@dataclass(frozen=True, eq=False, slots=True)
class WithColumns(Plan):
    """Rows with further columns."""

    of: Plan
    columns: Columns


@dataclass(frozen=True, eq=False, slots=True)
class Grouped(Plan):
    """One row per group: its keys and aggregates."""

    of: Plan
    keys: tuple[str, ...]
    columns: Columns


@dataclass(frozen=True, eq=False, slots=True)
class Join(Plan):
    """The rows of two plans side by side."""

    left: Plan
    right: Plan
    on: str
    how: How


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of rows, before aggregation."""

    of: Plan
    keys: tuple[str, ...]

    def agg(self, columns: Mapping[str, Expr] | None = None, /, **further: Expr) -> Grouped:
        """Return one row per group with the aggregates ``columns`` and ``further``."""
        return Grouped(self.of, self.keys, _named({**(columns or {}), **further}))


def _named(columns: Mapping[str, Expr]) -> Columns:
    return tuple((name, value.operation) for name, value in columns.items())


def scan(table: str, added: Iterable[Added] = ()) -> Plan:
    """Return the rows of ``table``, in the columns and types of its schema and with the columns ``added``."""
    return Scan(table, tuple(added))


def parts(plan: Plan) -> tuple[Plan, ...]:
    """Return the inputs of a plan."""
    return tuple(part for name in plan.__dataclass_fields__ if isinstance(part := getattr(plan, name), Plan))


def operations(plan: Plan) -> tuple[Operation, ...]:
    """Return the operations of the columns that a plan computes from those of its inputs."""
    return tuple(value for _, value in getattr(plan, "columns", ()))
