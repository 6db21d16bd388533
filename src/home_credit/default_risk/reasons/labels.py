"""Names of features before their values, and how the values are written: ``labels.toml``, else the catalogue."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from home_credit.default_risk.reasons.values import Words
from home_credit.features.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.languages import Language


class Label(NamedTuple):
    """How a feature is told.

    ``unit`` is the unit in which its values, multiplied by ``factor``, are written. ``before`` marks days that the
    tables count backwards from the application. ``negative`` is the name for values below zero, which are told
    without their sign; ``None`` where the sign is told.
    """

    name: Words
    unit: str
    factor: float = 1.0
    before: bool = False
    negative: Words | None = None


class _Entry(TypedDict, total=False):
    en: str
    fr: str
    unit: str
    factor: float
    before: bool
    negative: tuple[str, str]


@cache
def label_of(feature: str) -> Label:
    """Return how a feature of the catalogue is told. Raises KeyError for an unknown one."""
    described, known = CATALOGUE[feature], _labels().get(feature, _Entry())
    before = known.get("before", False)
    return Label(
        Words(known.get("en") or _inside(described.en), known.get("fr") or _inside(described.fr)),
        known.get("unit", described.unit),
        known.get("factor", -1.0 if before else 1.0),
        before,
        Words(*known["negative"]) if "negative" in known else None,
    )


def label(feature: str, language: Language) -> str:
    """Return the name of a feature, as a noun phrase before its value."""
    name = label_of(feature).name
    return name.en if language == "en" else name.fr


def counted_backwards(feature: str) -> bool:
    """Return whether :func:`label` names the time before the application, which the feature counts as negative days."""
    return label_of(feature).before


def _inside(described: str) -> str:
    """Return a description as it is written inside a sentence; an abbreviation keeps its capitals."""
    first = described.split(" ", 1)[0]
    return described if first.isupper() and len(first) > 1 else described[:1].lower() + described[1:]


@cache
def _labels() -> Mapping[str, _Entry]:
    text = files("home_credit.default_risk.reasons").joinpath("labels.toml").read_text(encoding="utf-8")
    entries: dict[str, _Entry] = tomllib.loads(text)
    return entries
