"""Values of features in words, with their unit, in English and French."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from home_credit.default_risk.reasons.codes import Value
    from home_credit.features.definition import Feature
    from home_credit.languages import Language

NARROW_SPACE, SPACE = "\u202f", "\u00a0"
YES, NO = frozenset({"Y", "Yes", 1}), frozenset({"N", "No", 0})
DAYS_IN_YEAR, MONTH_LIMIT = 365.25, 730
TIMES_FROM = 3.0  # ratios from here on read better as multiples than as percentages

_WORDS: Mapping[str, Mapping[Language, tuple[str, str]]] = {
    "days": {"en": ("day", "days"), "fr": ("jour", "jours")},
    "months": {"en": ("month", "months"), "fr": ("mois", "mois")},
    "years": {"en": ("year", "years"), "fr": ("an", "ans")},
}


def number(value: float, language: Language, *, decimals: int = 0) -> str:
    """Return a number with thousands apart; one that would round to zero keeps its first digit."""
    while decimals < 6 and value != 0 and round(value, decimals) == 0:
        decimals += 1
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if language == "fr":
        text = text.replace(",", NARROW_SPACE).replace(".", ",")
    return text.replace("-", "−")


def in_words(feature: Feature, value: Value, language: Language) -> str:
    """Return a value that is there, with the unit of its feature."""
    if isinstance(value, str):
        return _flag(value, language) if value in YES | NO else _quoted(value, language)
    assert value is not None  # noqa: S101  # for mypy: absence has words of its own
    return _FORMATS.get(feature.unit, _plain)(float(value), language)


def percent(value: float, language: Language) -> str:
    """Return a share as a percentage."""
    return number(100 * value, language, decimals=0 if abs(value) >= 0.1 else 1) + f"{SPACE}%"


def duration(days: float, language: Language) -> str:
    """Return a number of days; from two years on in years."""
    if abs(days) >= MONTH_LIMIT:
        return _counted(days / DAYS_IN_YEAR, "years", language, decimals=1)
    return _counted(days, "days", language, decimals=0 if float(days).is_integer() else 1)


def _counted(value: float, unit: str, language: Language, *, decimals: int = 1) -> str:
    one, many = _WORDS[unit][language]
    singular = abs(value) < 2 if language == "fr" else value == 1
    return f"{number(value, language, decimals=decimals)}{SPACE}{one if singular else many}"


def _flag(value: Value, language: Language) -> str:
    return {"en": ("no", "yes"), "fr": ("non", "oui")}[language][value in YES]


def _quoted(value: str, language: Language) -> str:
    return f"“{value}”" if language == "en" else f"«{SPACE}{value}{SPACE}»"


def _plain(value: float, language: Language) -> str:
    return number(value, language, decimals=0 if value.is_integer() else 2)


def _money(value: float, language: Language) -> str:
    return number(value, language, decimals=0 if abs(value) >= 100 else 2)


def _ratio(value: float, language: Language) -> str:
    if abs(value) < TIMES_FROM:
        return percent(value, language)
    times = "times" if language == "en" else "fois"
    return f"{number(value, language, decimals=1)}{SPACE}{times}"


def _hour(value: float, language: Language) -> str:
    return f"{number(value, language, decimals=1)}{SPACE}h"


_FORMATS: Mapping[str, Callable[[float, Language], str]] = {
    "currency": _money,
    "days": duration,
    "flag": _flag,
    "hour": _hour,
    "months": lambda value, language: _counted(value, "months", language),
    "normalised": lambda value, language: number(value, language, decimals=2),
    "rate": percent,
    "ratio": _ratio,
    "share": percent,
    "years": lambda value, language: _counted(value, "years", language),
}
