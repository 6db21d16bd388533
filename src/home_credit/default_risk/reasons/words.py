"""A reason in words: a statement that is true of the applicant, and the fact behind it with its unit.

Every text follows from the applicant's own rows. A statement is chosen by conditions on features, which are exact
functions of the rows; the fact is the value of the feature that contributed most, beside the median of the training
applicants. A missing value is stated as missing.
"""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NotRequired, TypedDict

from home_credit.default_risk.reasons import values
from home_credit.default_risk.reasons.codes import code_of, reason_codes
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

_PHRASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "is": "{name}: {value}",
        "unknown": "not known",
        "of": "{n} of {total} ({share})",
        "median": "{value}, median of applicants {median}",
    },
    "fr": {
        "is": f"{{name}}{values.SPACE}: {{value}}",
        "unknown": "information absente",
        "of": "{n} sur {total} ({share})",
        "median": "{value}, médiane des demandeurs {median}",
    },
}


def text(effect: Effect, value_of: ValueOf, medians: Mapping[str, float], language: Language) -> str:
    """Return one reason in words.

    ``value_of`` gives the applicant's value of any feature of the catalogue, ``None`` where it is missing;
    ``medians`` holds the median of each numeric feature among the applicants of the training.
    """
    code = reason_codes()[effect.code]
    statement = next((each for each in code.statements if each.applies(effect.contribution, value_of)), None)
    value = fact(effect.feature, value_of, medians, language)
    if statement is not None:
        sentence: str = getattr(statement, language)
        if value_of(effect.feature) is None:
            return sentence
        return f"{sentence} – {_is(label(effect.feature, language), value, language)}"
    topic: str = getattr(code, language)
    if _features_of(code.code) == 1:
        return _is(topic, value, language)
    return f"{topic} – {_is(label(effect.feature, language), value, language)}"


def fact(name: str, value_of: ValueOf, medians: Mapping[str, float], language: Language) -> str:
    """Return the value of a feature in words, with its unit and the median of applicants where it has one."""
    phrases, feature, value = _PHRASES[language], CATALOGUE[name], value_of(name)
    if value is None:
        return phrases["unknown"]
    written = _value(name, value, value_of, language)
    median = medians.get(name)
    if median is None or feature.kind == "category" or feature.unit in _NO_MEDIAN:
        return written
    return phrases["median"].format(value=written, median=_median(name, median, language))


@lru_cache(maxsize=4096)
def _median(name: str, median: float, language: Language) -> str:
    return values.in_words(CATALOGUE[name], _shown(name, median), language)


@cache
def label(name: str, language: Language) -> str:
    """Return the name of a feature, as a noun phrase before its value."""
    known = _labels().get(name)
    words: str = known[language] if known else getattr(CATALOGUE[name], language)
    first = words.split(" ", 1)[0]
    return words if first.isupper() and len(first) > 1 else words[:1].lower() + words[1:]


def _value(name: str, value: Value, value_of: ValueOf, language: Language) -> str:
    written = values.in_words(CATALOGUE[name], _shown(name, value), language)
    total = value_of(DENOMINATORS[name]) if name in DENOMINATORS else None
    if not isinstance(value, float) or not isinstance(total, int | float):
        return written
    counted = value * total
    if abs(counted - round(counted)) > 1e-6:
        return written
    whole = {"n": values.number(round(counted), language), "total": values.number(total, language)}
    return _PHRASES[language]["of"].format(share=written, **whole)


def _shown(name: str, value: Value) -> Value:
    """Return a value; days that the tables count backwards become a time before the application."""
    known = _labels().get(name)
    return -value if known and known.get("before") and isinstance(value, int | float) else value


def _is(name: str, value: str, language: Language) -> str:
    return _PHRASES[language]["is"].format(name=name, value=value)


@cache
def _features_of(code: str) -> int:
    return sum(code_of(name) == code for name in CATALOGUE)


@cache
def _labels() -> Mapping[str, _Label]:
    text = files("home_credit.default_risk.reasons").joinpath("labels.toml").read_text(encoding="utf-8")
    labels: dict[str, _Label] = tomllib.loads(text)
    return labels
