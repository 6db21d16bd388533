"""Texts of the dashboard, and the format of numbers and dates, in the reader's language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from home_credit.tables.categories import categories, category

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from home_credit.languages import Language
    from home_credit.schemas import Text

NARROW_SPACE, NO_BREAK = "\u202f", "\u00a0"
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language, by dotted key, and its number style."""

    language: Language
    entries: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of ``key`` with ``values`` filled in; raises KeyError for an unknown key."""
        return self.entries[key].format(**values)

    def of(self, text: Text) -> str:
        """Return a text of the API in this language."""
        return text.en if self.language == "en" else text.fr

    def category(self, raw: str, column: str = "") -> str:
        """Return the name of a category of a ``column`` of the tables, or of a group of applicants without one.

        What has no name is returned as it is.
        """
        known = category(column, raw) if column else None
        if known is None and (group := self.entries.get(f"values.{raw}")):
            return group
        known = known or next((each[raw] for each in categories().values() if raw in each), None)
        if known is None:
            return raw
        return known.en if self.language == "en" else known.fr

    def number(self, value: float, decimals: int = 0, *, signed: bool = False) -> str:
        """Write a number: 1 234,5 in French, 1,234.5 in English, with a true minus sign."""
        written = f"{value:{'+' if signed else ''},.{decimals}f}".replace("-", MINUS)
        if self.language == "fr":
            return written.translate({ord(","): NARROW_SPACE, ord("."): ","})
        return written

    def percent(self, share: float, decimals: int = 1) -> str:
        """Write a share of one as a percentage."""
        space = NARROW_SPACE if self.language == "fr" else ""
        return f"{self.number(share * 100, decimals)}{space}%"

    def value(self, raw: float | str | None) -> str:
        """Write a feature's value: a category by its name, a number to four significant digits."""
        if raw is None:
            return self("profile.missing")
        if isinstance(raw, str):
            return self.category(raw)
        if raw == int(raw):
            return self.number(raw)
        whole_digits = len(str(int(abs(raw))))
        return self.number(raw, max(0, 4 - whole_digits))

    def time(self, moment: datetime, zone: tzinfo) -> str:
        """Write the date and time of day of ``moment`` in ``zone``."""
        at = moment.astimezone(zone)
        if self.language == "fr":
            return at.strftime(f"%d/%m/%Y à %H{NO_BREAK}h{NO_BREAK}%M")
        return at.strftime("%Y-%m-%d %H:%M")

    def day(self, moment: datetime, zone: tzinfo) -> str:
        """Write the date of ``moment`` in ``zone``."""
        return moment.astimezone(zone).strftime("%d/%m/%Y" if self.language == "fr" else "%Y-%m-%d")


@cache
def texts(language: Language) -> Texts:
    """Return the texts of a language."""
    source = files("home_credit.dashboard").joinpath("locales", f"{language}.toml")
    sections: dict[str, dict[str, str]] = tomllib.loads(source.read_text(encoding="utf-8"))
    entries = {f"{section}.{key}": text for section, keys in sections.items() for key, text in keys.items()}
    return Texts(language, MappingProxyType(entries))
