"""Values of features in words, with their unit, in English and French."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from home_credit.tables.categories import category

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NARROW_SPACE, SPACE = "\u202f", "\u00a0"
DAYS_IN_YEAR, MONTH_LIMIT = 365.25, 730
TIMES_FROM = 3.0  # ratios from here on read better as multiples than as percentages
FEW_DAYS = 10  # a tenth of a day tells something up to here
MOST_DECIMALS = 6
_FIXED = [f",.{decimals}f" for decimals in range(MOST_DECIMALS + 1)]


class Words(NamedTuple):
    """The same in both languages."""

    en: str
    fr: str


_YEARS = Words("year", "an"), Words("years", "ans")
_MONTHS = Words("month", "mois"), Words("months", "mois")
_DAYS = Words("day", "jour"), Words("days", "jours")
_INSTALMENTS = Words("instalment", "mensualité"), Words("instalments", "mensualités")
_POINTS = Words("point", "point"), Words("points", "points")


def number(value: float, decimals: int = 0) -> Words:
    """Return a number with thousands apart; one that would round to zero keeps its first digit."""
    if -1 < value < 1:
        while decimals < MOST_DECIMALS and value != 0 and round(value, decimals) == 0:
            decimals += 1
    text = format(value + 0.0, _FIXED[decimals])  # 0 for -0
    if decimals:
        text = text.rstrip("0").rstrip(".")
    if value < 0:
        text = text.replace("-", "−")
    return Words(text, text.replace(",", NARROW_SPACE).replace(".", ","))


# Values recur: counts, shares, categories, amounts of the price list. Some megabytes save a third of all wording.
@lru_cache(maxsize=16_384)
def in_words(unit: str, value: float | str, column: str = "") -> Words:
    """Return a value that is there, with its unit; a text is a category of a ``column`` of the tables."""
    if isinstance(value, str):
        return _text(value, column)
    return _FORMATS.get(unit, _plain)(value)


def common_unit(unit: str, value: float, median: float | None) -> str:
    """Return the unit in which a value and a median are both written: ratios as percentages or as multiples."""
    if unit != "ratio":
        return unit
    return "times" if max(abs(value), abs(median or 0.0)) >= TIMES_FROM else "share"


def percent(value: float) -> Words:
    """Return a share as a percentage."""
    amount = number(100 * value, 0 if abs(value) >= 0.1 else 1)
    return Words(f"{amount.en}%", f"{amount.fr}{NARROW_SPACE}%")


def duration(days: float) -> Words:
    """Return a number of days; from two years on in years."""
    if abs(days) >= MONTH_LIMIT:
        return _counted(days / DAYS_IN_YEAR, _YEARS)
    return _counted(days, _DAYS, decimals=1 if abs(days) < FEW_DAYS else 0)


def _with(amount: Words, unit: str) -> Words:
    return Words(amount.en + unit, amount.fr + unit)


def _counted(value: float, units: tuple[Words, Words], *, decimals: int = 1) -> Words:
    amount, (one, many) = number(value, decimals), units
    return Words(
        f"{amount.en}{SPACE}{one.en if amount.en in {'1', '−1'} else many.en}",
        f"{amount.fr}{SPACE}{one.fr if abs(round(value, decimals)) < 2 else many.fr}",
    )


def _text(value: str, column: str) -> Words:
    known = category(column, value)
    return Words(*known) if known else Words(f"“{value}”", f"«{SPACE}{value}{SPACE}»")


def _flag(value: float) -> Words:
    return Words("yes", "oui") if value == 1 else Words("no", "non")


def _plain(value: float) -> Words:
    return number(value, 0 if float(value).is_integer() else 2)


def _money(value: float) -> Words:
    return number(value, 0 if abs(value) >= 100 else 2)


def _times(value: float) -> Words:
    amount = number(value, 1)
    return Words(f"{amount.en}{SPACE}times", f"{amount.fr}{SPACE}fois")


def _points(value: float) -> Words:
    """Return a difference of two percentages, with its sign."""
    said = _counted(100 * value, _POINTS)
    return Words(f"+{said.en}", f"+{said.fr}") if value > 0 else said


def _hour(value: float) -> Words:
    hour, minute = divmod(round(60 * value), 60)
    return Words(f"{hour}:{minute:02}", f"{hour}{SPACE}h" + (f"{SPACE}{minute:02}" if minute else ""))


_FORMATS: Mapping[str, Callable[[float], Words]] = {
    "currency": _money,
    "days": duration,
    "flag": _flag,
    "hour": _hour,
    "instalments": lambda value: _counted(value, _INSTALMENTS),
    "months": lambda value: _counted(value, _MONTHS),
    "normalised": lambda value: number(value, 2),
    "points": _points,
    "rate": percent,
    "share": percent,
    "times": _times,
    "years": lambda value: _counted(value, _YEARS),
}
