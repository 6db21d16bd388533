"""The fact behind a reason: the value of a feature in words, with its unit, beside the median of the applicants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from home_credit.default_risk.reasons import values
from home_credit.default_risk.reasons.labels import label_of
from home_credit.default_risk.reasons.values import Words
from home_credit.features.catalogue import CATALOGUE
from home_credit.features.definition import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.default_risk.reasons.codes import Value, ValueOf

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
_UNKNOWN: Mapping[Missing, Words] = {
    Missing.NOT_GIVEN: Words("not given", "information non fournie"),
    Missing.NO_HISTORY: Words("no history", "aucun historique"),
    Missing.NONE_IN_SCOPE: Words("no value known", "aucune valeur connue"),
    Missing.UNKNOWN: Words("not known", "information absente"),
    Missing.UNDEFINED: Words("cannot be computed", "calcul impossible"),
}


@dataclass(frozen=True, slots=True)
class _Style:
    """How the value of a feature is written, the same for every applicant; ``total`` is what it is a share of."""

    column: str
    unit: str
    factor: float
    total: str | None
    has_median: bool
    unknown: Words


def told(name: str, value: Value, value_of: ValueOf, medians: Mapping[str, float]) -> Words:
    """Return the name of a feature and its value in words; ``None`` is a missing value."""
    label = label_of(name)
    if label.negative is not None and isinstance(value, int | float) and value * label.factor < 0:
        return _joined(label.negative, _fact(name, value, value_of, medians, -label.factor))
    return _joined(label.name, fact(name, value, value_of, medians))


def after(topic: Words, name: str, value: Value, value_of: ValueOf, medians: Mapping[str, float]) -> Words:
    """Return the value of a feature in words after a topic that names it already."""
    return _joined(topic, fact(name, value, value_of, medians))


def fact(name: str, value: Value, value_of: ValueOf, medians: Mapping[str, float]) -> Words:
    """Return the value of a feature in words, with its unit and the median of applicants where it has one."""
    return _fact(name, value, value_of, medians, label_of(name).factor)


def _fact(name: str, value: Value, value_of: ValueOf, medians: Mapping[str, float], factor: float) -> Words:
    style = _style(name)
    if value is None:
        return style.unknown
    if isinstance(value, str):
        return values.in_words(style.unit, value, style.column)
    shown = 0.0 + value * factor  # 0 and not -0: today is 0 days ago
    median = medians.get(name) if style.has_median else None
    beside = None if median is None else 0.0 + median * factor
    unit = values.common_unit(style.unit, shown, beside)
    written = values.in_words(unit, shown, style.column)
    if style.total is not None:
        written = _of_total(value, value_of(style.total), written)
    # A median of the other sign would be told under a name that is not its own.
    if beside is None or (factor != label_of(name).factor and beside < 0):
        return written
    other = _median(unit, beside)
    return Words(written.en + other.en, written.fr + other.fr)


@cache
def _style(name: str) -> _Style:
    feature, label = CATALOGUE[name], label_of(name)
    return _Style(
        column_of(name),
        label.unit,
        label.factor,
        DENOMINATORS.get(name),
        feature.kind != "category" and label.unit not in _NO_MEDIAN,
        _UNKNOWN[feature.missing],
    )


def column_of(category: str) -> str:
    """Return the column of the tables whose values a feature has that is a category."""
    return "CREDIT_TYPE" if category == "BUR_LATEST_TYPE" else category.removeprefix("PREV_LATEST_")


def _joined(before: Words, after_: Words) -> Words:
    return Words(before.en + _IS.en + after_.en, before.fr + _IS.fr + after_.fr)


@lru_cache(maxsize=4096)
def _median(unit: str, median: float) -> Words:
    written = values.in_words(unit, median)
    return Words(
        f", median of applicants: {written.en}", f", médiane des demandeurs{values.SPACE}: {written.fr}"
    )


def _of_total(value: float, total: Value, written: Words) -> Words:
    """Return how many of how many a share is, where both are whole."""
    if not isinstance(total, int | float):
        return written
    counted = round(value * total)
    if abs(value * total - counted) > 1e-6:
        return written
    part, whole = values.number(counted), values.number(total)
    return Words(f"{part.en} of {whole.en} ({written.en})", f"{part.fr} sur {whole.fr} ({written.fr})")
