"""A reason in words: a statement that is true of the applicant, and the fact behind it with its unit.

Every text follows from the applicant's own rows. A statement is chosen by conditions on features, which are exact
functions of the rows; the fact is the value of the feature that contributed most, beside the median of the training
applicants. A missing value is stated as missing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from home_credit.default_risk.reasons import facts
from home_credit.default_risk.reasons.codes import code_of, reason_codes
from home_credit.default_risk.reasons.labels import label_of
from home_credit.default_risk.reasons.values import Words
from home_credit.features.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.default_risk.reasons.codes import Statement, ValueOf
    from home_credit.default_risk.reasons.effects import Effect

_OTHERS = Words(" with other lenders", " auprès d’autres prêteurs")


def text(effect: Effect, value_of: ValueOf, medians: Mapping[str, float]) -> Words:
    """Return one reason in words.

    ``value_of`` gives the applicant's value of any feature of the catalogue, ``None`` where it is missing;
    ``medians`` holds the median of each numeric feature among the applicants of the training.
    """
    name = effect.feature
    value = value_of(name)
    for statement in reason_codes()[effect.code].statements:
        if statement.applies(effect.contribution, value_of):
            said = Words(statement.en, statement.fr)
            if value is None or _says(statement, name):
                return said
            return _with(said, facts.told(name, value, value_of, medians))
    topic = _topic(effect.code)
    if _names(effect.code, name):
        return facts.after(topic, name, value, value_of, medians)
    return _with(topic, facts.told(name, value, value_of, medians))


def _with(before: Words, fact: Words) -> Words:
    """Return a fact after a sentence; whose credits it is about is said once."""
    if _OTHERS.en in before.en:
        fact = Words(fact.en.replace(_OTHERS.en, ""), fact.fr.replace(_OTHERS.fr, ""))
    return Words(f"{before.en} – {fact.en}", f"{before.fr} – {fact.fr}")


def _says(statement: Statement, name: str) -> bool:
    """Return whether a statement says the value of a feature already, which is yes or no."""
    return CATALOGUE[name].unit == "flag" and any(condition.feature == name for condition in statement.when)


@cache
def _topic(code: str) -> Words:
    topic = reason_codes()[code]
    return Words(topic.en, topic.fr)


@cache
def _names(code: str, name: str) -> bool:
    """Return whether the topic of a code names the feature: the only one of the code, or one of the same name."""
    label = label_of(name).name
    if _topic(code).fr.lower() == label.fr.lower():
        return True
    return sum(code_of(feature) == code for feature in CATALOGUE) == 1
