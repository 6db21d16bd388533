"""A reason in words: a statement that is true of the applicant, and the fact behind it with its unit.

Nothing is told that does not follow from the applicant's own rows. A statement is chosen by conditions on features,
which are exact functions of the rows; the fact is the value of the feature that contributed most, beside the median
of the applicants that the model was trained on. A value that is missing is told as missing.
"""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from home_credit.default_risk.reasons import values
from home_credit.default_risk.reasons.codes import code_of, reason_codes
from home_credit.features.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.default_risk.reasons.codes import Value, ValueOf
    from home_credit.default_risk.reasons.effects import Effect
    from home_credit.languages import Language

# Shares of rows that a count of the catalogue gives the number of.
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
# What has no middle that says anything.
_NO_MEDIAN = frozenset({"code", "flag", "hour", "category"})

_LANGUAGES: tuple[Language, ...] = ("en", "fr")
_IS: Mapping[Language, str] = {"en": ": ", "fr": f"{values.SPACE}: "}
_OF: Mapping[Language, str] = {"en": " of ", "fr": " sur "}
_UNKNOWN: Mapping[Language, str] = {"en": "not known", "fr": "information absente"}
_MEDIAN: Mapping[Language, str] = {"en": ", median of applicants ", "fr": ", médiane des demandeurs "}


def texts(effect: Effect, value_of: ValueOf, medians: Mapping[str, float]) -> dict[Language, str]:
    """Return one reason in words, in each language.

    ``value_of`` gives the applicant's value of any feature of the catalogue, ``None`` where it is missing;
    ``medians`` holds the median of each numeric feature among the applicants of the training.
    """
    code, name = reason_codes()[effect.code], effect.feature
    statement = next((each for each in code.statements if each.applies(effect.contribution, value_of)), None)
    told = fact(name, value_of, medians)
    if statement is None:
        return {language: _topic(code.code, name, language) + told[language] for language in _LANGUAGES}
    sentence: dict[Language, str] = {"en": statement.en, "fr": statement.fr}
    if value_of(name) is None:
        return sentence
    return {
        language: sentence[language] + _labelled(name, language) + told[language] for language in _LANGUAGES
    }


def fact(name: str, value_of: ValueOf, medians: Mapping[str, float]) -> Mapping[Language, str]:
    """Return the value of a feature in words, with its unit and the median of applicants where it has one."""
    value = value_of(name)
    if value is None:
        return _UNKNOWN
    told = _value(name, value, value_of)
    median = medians.get(name)
    if median is None or not _has_median(name):
        return told
    return {language: told[language] + _median(name, median, language) for language in _LANGUAGES}


@cache
def _topic(code: str, name: str, language: Language) -> str:
    """Return what comes before a fact that no statement is told with."""
    topic: str = getattr(reason_codes()[code], language)
    return topic + (_IS[language] if _features_of(code) == 1 else _labelled(name, language))


@cache
def _labelled(name: str, language: Language) -> str:
    return f" – {label(name, language)}{_IS[language]}"


@cache
def _has_median(name: str) -> bool:
    feature = CATALOGUE[name]
    return feature.kind != "category" and feature.unit not in _NO_MEDIAN


@lru_cache(maxsize=4096)
def _median(name: str, median: float, language: Language) -> str:
    return _MEDIAN[language] + values.in_words(CATALOGUE[name], _shown(name, median), language)


@cache
def label(name: str, language: Language) -> str:
    """Return what a feature is, as a noun phrase before its value."""
    known = _labels().get(name)
    words: str = known[language] if known else getattr(CATALOGUE[name], language)
    first = words.split(" ", 1)[0]
    return words if first.isupper() and len(first) > 1 else words[:1].lower() + words[1:]


def _value(name: str, value: Value, value_of: ValueOf) -> dict[Language, str]:
    feature, shown = CATALOGUE[name], _shown(name, value)
    told = {language: values.in_words(feature, shown, language) for language in _LANGUAGES}
    if name not in DENOMINATORS:
        return told
    total = value_of(DENOMINATORS[name])
    if not isinstance(value, float) or not isinstance(total, int | float):
        return told
    counted = value * total
    if abs(counted - round(counted)) > 1e-6:
        return told
    return {
        language: f"{values.number(round(counted), language)}{_OF[language]}{values.number(total, language)}"
        f" ({told[language]})"
        for language in _LANGUAGES
    }


def _shown(name: str, value: Value) -> Value:
    """Return days that the tables count backwards as a time before the application."""
    before = _labels().get(name, {}).get("before", False)
    return -value if before and isinstance(value, int | float) else value


@cache
def _features_of(code: str) -> int:
    return sum(code_of(name) == code for name in CATALOGUE)


@cache
def _labels() -> Mapping[str, Any]:
    text = files("home_credit.default_risk.reasons").joinpath("labels.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
