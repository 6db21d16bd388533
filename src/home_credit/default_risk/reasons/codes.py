"""Reason codes: the features that each covers, and its statements with their conditions."""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = float | int | str | None
ValueOf = Callable[[str], Value]

_CONDITION = re.compile(r"(\w+) (missing|present|(=|<=|>=|<|>) (\S+))")
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one feature of the applicant; a comparison does not hold where the value is missing."""

    feature: str
    test: str
    operand: str | float | None = None

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read "NAME missing", "NAME present" or "NAME >= 0"; raises ValueError for anything else."""
        found = _CONDITION.fullmatch(text)
        if found is None:
            raise ValueError(f"not a condition: {text!r}")
        feature, test, comparison, operand = found.groups()
        if comparison is None:
            return cls(feature, test)
        return cls(feature, comparison, float(operand) if re.fullmatch(r"-?[\d.]+", operand) else operand)

    def holds(self, value_of: ValueOf) -> bool:
        """Return whether the applicant's value fulfils the condition."""
        value = value_of(self.feature)
        compare = _COMPARISONS.get(self.test)
        if compare is None:
            return (value is None) == (self.test == "missing")
        return value is not None and compare(value, self.operand)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence in both languages that is true where all its conditions hold."""

    en: str
    fr: str
    when: tuple[Condition, ...]
    effect: Literal["against", "favour", "both"]

    def applies(self, contribution: float, value_of: ValueOf) -> bool:
        """Return whether the statement may be given for an applicant with this contribution of the code."""
        if self.effect != "both" and (self.effect == "against") != (contribution > 0):
            return False
        return all(condition.holds(value_of) for condition in self.when)


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A reason code: ``en`` and ``fr`` name its topic, ``patterns`` the features that it covers.

    A ``withheld`` code covers a trait that may not be given as a reason (such as age), or a proxy of one.
    """

    code: str
    en: str
    fr: str
    patterns: tuple[str, ...]
    statements: tuple[Statement, ...] = ()
    withheld: bool = False


@cache
def reason_codes() -> Mapping[str, ReasonCode]:
    """Return all reason codes by code."""
    text = files("home_credit.default_risk.reasons").joinpath("codes.toml").read_text(encoding="utf-8")
    return {
        code: ReasonCode(
            code,
            entry["en"],
            entry["fr"],
            tuple(entry["features"]),
            tuple(
                Statement(
                    each["en"],
                    each["fr"],
                    tuple(Condition.parse(condition) for condition in each["when"]),
                    each.get("effect", "both"),
                )
                for each in entry.get("statements", ())
            ),
            entry.get("withheld", False),
        )
        for code, entry in tomllib.loads(text).items()
    }


@cache
def code_of(feature: str) -> str:
    """Return the reason code of a feature: the first with a pattern that fits its name.

    Raises KeyError for a feature that no code covers.
    """
    for code in reason_codes().values():
        if any(fnmatchcase(feature, pattern) for pattern in code.patterns):
            return code.code
    raise KeyError(feature)
