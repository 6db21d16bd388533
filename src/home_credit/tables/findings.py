"""What is found in the rows of a request: faults, which refuse it, and warnings, which do not."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from home_credit.errors import BundleError, Fault

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

# Faults of a request, and unknown values of a table, that are told one by one; the others are counted.
MOST_TOLD = 20
_LONGEST = 40


class Finding(NamedTuple):
    """A fault of one value, or a warning of it."""

    text: str
    is_fault: bool = True


class Findings:
    """Collects the faults and warnings of one applicant's rows, in bounded memory."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self._faults: list[Fault] = []
        self._more = 0

    def fault(self, field: str, problem: str) -> None:
        """Note a fault of a field."""
        if len(self._faults) < MOST_TOLD:
            self._faults.append(Fault(field, problem))
        else:
            self._more += 1

    def unknown_columns(self, row: str, columns: Iterable[object], known: Container[object]) -> None:
        """Note the columns of a row that its table does not have."""
        unknown = (column for column in columns if column not in known)
        for column in islice(unknown, MOST_TOLD):
            self.fault(f"{row}.{named(column)}", "is not a column of this table")
        self._more += sum(1 for _ in unknown)

    def value(self, field: str, finding: Finding) -> None:
        """Note what was found in one value."""
        if finding.is_fault:
            self.fault(field, finding.text)
        else:
            self.warnings.append(f"{field}: {finding.text}")

    def values(self, name: str, told: Iterable[tuple[str, Finding]], faults: int, warnings: int) -> None:
        """Note the first findings in the values of a table; ``faults`` and ``warnings`` are the numbers of all."""
        warnings_told = 0
        for field, finding in told:
            if finding.is_fault:
                self.fault(field, finding.text)
                faults -= 1
            elif warnings_told < MOST_TOLD:
                self.value(field, finding)
                warnings_told += 1
        self._more += faults
        if warnings > warnings_told:
            self.warnings.append(f"{name}: {warnings - warnings_told} more values are not known")

    def raise_faults(self) -> None:
        """Raise :class:`BundleError` with all faults, if there are any."""
        if self._faults:
            raise BundleError(*self._faults[0], further=self._faults[1:], more=self._more)


def shown(value: object) -> str:
    """Return a value of a request for a message, in bounded length and time."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _LONGEST else f"{value[:_LONGEST]!r}..."
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of more than 38 digits"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    return repr(value)


def named(name: object) -> str:
    """Return a name that a request gives, such as that of a column, for a message or a path."""
    text = str(name) if isinstance(name, str) else shown(name)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
