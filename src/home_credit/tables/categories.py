"""What the categories of the tables mean: a noun phrase in English and French for each value of a text column."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Category(NamedTuple):
    """A category in both languages, lower case where it is no name."""

    en: str
    fr: str


@cache
def categories() -> Mapping[str, Mapping[str, Category]]:
    """Return the categories by column and value; a column that two tables have takes the values of both."""
    text = files("home_credit.tables").joinpath("categories.toml").read_text(encoding="utf-8")
    return {
        column: {value: Category(*words) for value, words in values.items()}
        for column, values in tomllib.loads(text).items()
    }


def category(column: str, value: str) -> Category | None:
    """Return a category of a column, ``None`` where the schema does not know it."""
    return categories().get(column, {}).get(value)
