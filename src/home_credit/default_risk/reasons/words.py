"""A reason in words: a statement that is true of the applicant, and the fact behind it with its unit.

Every text follows from the applicant's own rows. A statement is chosen by conditions on features, which are exact
functions of the rows; the fact is the value of the feature that contributed most, beside the median of the training
applicants. A missing value is stated as missing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NotRequired, TypedDict

from home_credit.default_risk.reasons import values
from home_credit.default_risk.reasons.codes import code_of, reason_codes
from home_credit.default_risk.reasons.values import Words
from home_credit.features.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.default_risk.reasons.codes import Value, ValueOf
    from home_credit.default_risk.reasons.effects import Effect
    from home_credit.languages import Language


class _Label(TypedDict):
    en: str
    fr: str
    before: NotRequired[bool]


# Shares of rows, and the count in the catalogue that is the number of these rows.
DENOMINATORS: Mapping[str, str] = {
    **{
        f"INS_{scope}_{kind}_SHARE": f"INS_{scope}_COUNT"
        for scope in ("ALL", 60, 90, 180, 365, 730)
        for kind in ("LATE", "SHORT")
    },
    **{f"PREV_{status}_SHARE": "PREV_COUNT" for status in ("APPROVED", "REFUSED", "CANCELED", "UNUSED")},
    **{f"PREV_{product}_REFUSED_SHARE": f"PREV_{product}_COUNT" for product in ("CASH", "CONSUMER", "REVOLVING")},
    "BUR_ACTIVE_SHARE": "BUR_ALL_COUNT",
    "BB_LATE_CREDITS_SHARE": "BB_CREDITS",
}  # fmt: skip
# Units whose median has no meaning.
_NO_MEDIAN = frozenset({"code", "flag", "hour", "category"})

_IS = Words(": ", f"{values.SPACE}: ")
_UNKNOWN = Words("not known", "information absente")


@dataclass(frozen=True, slots=True)
class _Style:
    """How the value of a feature is written, the same for every applicant."""

    unit: str
    before: bool
    total: str | None
    has_median: bool


def text(effect: Effect, value_of: ValueOf, medians: Mapping[str, float]) -> Words:
    """Return one reason in words.

    ``value_of`` gives the applicant's value of any feature of the catalogue, ``None`` where it is missing;
    ``medians`` holds the median of each numeric feature among the applicants of the training.
    """
    name = effect.feature
    value = value_of(name)
    written = fact(name, value, value_of, medians)
    for statement in reason_codes()[effect.code].statements:
        if statement.applies(effect.contribution, value_of):
            if value is None:
                return Words(statement.en, statement.fr)
            about = _about(name)
            return Words(f"{statement.en}{about.en}{written.en}", f"{statement.fr}{about.fr}{written.fr}")
    topic = _topic(effect.code, name)
    return Words(topic.en + written.en, topic.fr + written.fr)


def fact(name: str, value: Value, value_of: ValueOf, medians: Mapping[str, float]) -> Words:
    """Return the value of a feature in words, with its unit and the median of applicants where it has one."""
    if value is None:
        return _UNKNOWN
    style = _style(name)
    written = values.in_words(style.unit, _shown(value, before=style.before))
    if style.total is not None:
        written = _of_total(value, value_of(style.total), written)
    median = medians.get(name) if style.has_median else None
    if median is None:
        return written
    beside = _beside(name, median)
    return Words(written.en + beside.en, written.fr + beside.fr)


@cache
def _style(name: str) -> _Style:
    feature, known = CATALOGUE[name], _labels().get(name)
    return _Style(
        feature.unit,
        known is not None and known.get("before", False),
        DENOMINATORS.get(name),
        feature.kind != "category" and feature.unit not in _NO_MEDIAN,
    )


@cache
def _topic(code: str, name: str) -> Words:
    """Return what comes before a fact that no statement is written with."""
    topic = reason_codes()[code]
    about = _IS if _features_of(code) == 1 else _about(name)
    return Words(topic.en + about.en, topic.fr + about.fr)


@cache
def _about(name: str) -> Words:
    return Words(f" – {label(name, 'en')}{_IS.en}", f" – {label(name, 'fr')}{_IS.fr}")


@lru_cache(maxsize=4096)
def _beside(name: str, median: float) -> Words:
    style = _style(name)
    written = values.in_words(style.unit, _shown(median, before=style.before))
    return Words(f", median of applicants {written.en}", f", médiane des demandeurs {written.fr}")


def counted_backwards(name: str) -> bool:
    """Return whether :func:`label` names the time before the application, which the feature counts as negative days."""
    return _style(name).before


@cache
def label(name: str, language: Language) -> str:
    """Return the name of a feature, as a noun phrase before its value."""
    known = _labels().get(name)
    words: str = known[language] if known else getattr(CATALOGUE[name], language)
    first = words.split(" ", 1)[0]
    return words if first.isupper() and len(first) > 1 else words[:1].lower() + words[1:]


def _of_total(value: Value, total: Value, written: Words) -> Words:
    """Return how many of how many a share is, where both are whole."""
    if not isinstance(value, float) or not isinstance(total, int | float):
        return written
    counted = round(value * total)
    if abs(value * total - counted) > 1e-6:
        return written
    part, whole = values.number(counted), values.number(total)
    return Words(f"{part.en} of {whole.en} ({written.en})", f"{part.fr} sur {whole.fr} ({written.fr})")


def _shown(value: float | str, *, before: bool) -> float | str:
    """Return days that the tables count backwards as a time before the application."""
    return 0.0 - value if before and not isinstance(value, str) else value  # today is 0 days ago, not -0


@cache
def _features_of(code: str) -> int:
    return sum(code_of(name) == code for name in CATALOGUE)


@cache
def _labels() -> Mapping[str, _Label]:
    text = files("home_credit.default_risk.reasons").joinpath("labels.toml").read_text(encoding="utf-8")
    labels: dict[str, _Label] = tomllib.loads(text)
    return labels
