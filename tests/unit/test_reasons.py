"""Reasons in words: every feature has a code, withheld traits stay withheld, and texts follow from their
conditions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.default_risk.reasons import values, words
from home_credit.default_risk.reasons.codes import Condition, code_of, reason_codes
from home_credit.default_risk.reasons.effects import MAX_REASONS, Effect, effects, leading_codes, reportable
from home_credit.features.catalogue import CATALOGUE
from home_credit.features.lineage import lineage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from home_credit.default_risk.reasons.codes import Value, ValueOf
    from home_credit.languages import Language

# Words of reasons without content, such as "carries a higher risk".
VAGUE = re.compile(r"higher risk|lower risk|risque plus|\bor\b.*risk|associated|associé")


def applicant(**known: Value) -> ValueOf:
    """Return the values of an applicant; others are missing."""
    return known.get


def told(code: str, feature: str, contribution: float = 0.1, /, **known: Value) -> tuple[str, str]:
    """Return a reason in English and French."""
    effect, value_of = Effect(code, contribution, feature), applicant(**known)
    return words.text(effect, value_of, {})


def test_every_feature_has_one_code_and_every_code_a_feature() -> None:
    assert {code_of(name) for name in CATALOGUE} == set(reason_codes())


@pytest.mark.parametrize("column", ["DAYS_BIRTH", "CNT_CHILDREN", "REGION_RATING_CLIENT"])
def test_what_stands_on_a_withheld_trait_is_withheld(column: str) -> None:
    for name in CATALOGUE:
        if column in lineage(name).get("application", ()):
            assert reason_codes()[code_of(name)].withheld, name


def test_statements_name_features_of_the_catalogue_and_stand_on_them_alone() -> None:
    for code in reason_codes().values():
        for statement in code.statements:
            assert statement.when, code
            assert {condition.feature for condition in statement.when} <= set(CATALOGUE), code
            for sentence in (statement.en, statement.fr):
                assert not VAGUE.search(sentence), sentence
                assert sentence[0].isupper() and not sentence.endswith("."), sentence


@pytest.mark.parametrize("text", ["A >> 3", "A is missing", "A = ", "", "A <= x y"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a condition"):
        Condition.parse(text)


def test_a_comparison_never_holds_where_the_value_is_missing() -> None:
    for test in ("= 0", "> 0", "< 0", ">= 0", "<= 0"):
        assert not Condition.parse(f"PREV_COUNT {test}").holds(applicant())
    assert Condition.parse("PREV_COUNT missing").holds(applicant())
    assert Condition.parse("FLAG_OWN_CAR = N").holds(applicant(FLAG_OWN_CAR="N"))


def test_absence_has_words_of_its_own() -> None:
    en, fr = told("BUREAU_RECENCY", "BUR_ALL_AGE_MIN")
    assert en == "No credit history with other lenders is known"
    assert fr == "Aucun historique de crédit auprès d’autres prêteurs n’est connu"
    assert told("PAST_REFUSALS", "PREV_REFUSED_SHARE")[0] == "No earlier application with us is known"
    assert told("OCCUPATION", "OCCUPATION_TYPE")[0] == "Occupation: not known"


def test_a_share_is_told_with_what_it_is_a_share_of() -> None:
    known = {"INS_ALL_COUNT": 14.0, "INS_ALL_LATE_SHARE": 2 / 14}
    en, fr = told("LATE_PAYMENTS", "INS_ALL_LATE_SHARE", **known)
    assert en.startswith("Instalments of earlier credits were paid late or not at all – ")
    assert "2 of 14 (14\u00a0%)" in en
    assert "2 sur 14 (14\u00a0%)" in fr


def test_a_statement_is_told_on_its_own_side_alone() -> None:
    known = {"PREV_COUNT": 3.0, "PREV_REFUSED_COUNT": 1.0, "PREV_REFUSED_SHARE": 1 / 3}
    assert told("PAST_REFUSALS", "PREV_REFUSED_SHARE", 0.2, **known)[0].startswith(
        "Earlier applications with us were"
    )
    assert told("PAST_REFUSALS", "PREV_REFUSED_SHARE", -0.2, **known)[0].startswith(
        "Outcome of earlier applications"
    )


def test_the_feature_named_moved_the_score_the_way_of_its_code() -> None:
    features = ("PREV_COUNT", "PREV_COUNT_90", "PREV_COUNT_180")
    (effect,) = effects(features, np.array([-0.5, 0.4, 0.3]))
    assert effect.contribution == pytest.approx(0.2) and effect.feature == "PREV_COUNT_90"


@given(
    st.data(),
    st.lists(st.sampled_from(list(CATALOGUE)), min_size=1, max_size=40, unique=True),
    st.integers(0, 5),
)
def test_the_first_reasons_of_a_table_are_those_of_each_applicant(
    data: st.DataObject, features: list[str], applicants: int
) -> None:
    count = len(features)
    shares = st.lists(st.sampled_from([0.0, -0.0, 0.1, -0.1, 0.2, 0.3, -0.3]), min_size=count, max_size=count)
    table = np.array([data.draw(shares) for _ in range(applicants)]).reshape(applicants, count)
    columns = leading_codes(features, table)
    assert len(columns) == MAX_REASONS
    for row, contributions in enumerate(table):
        told = [effect.code for effect in reportable(effects(features, contributions))][:MAX_REASONS]
        assert [column[row] for column in columns] == told + [None] * (MAX_REASONS - len(told))


@given(st.floats(-1e9, 1e9, allow_nan=False), st.sampled_from(["en", "fr"]))
def test_a_number_that_is_not_zero_is_never_told_as_zero(value: float, language: Language) -> None:
    shown = getattr(values.number(value), language)
    plain = shown.replace(values.NARROW_SPACE, "").replace("−", "-")
    plain = plain.replace(",", "." if language == "fr" else "")
    assert float(plain) == pytest.approx(value, abs=0.5)
    assert (float(plain) == 0) == (value == 0 or abs(value) < 5e-7)


@pytest.mark.parametrize(
    ("feature", "value", "en", "fr"),
    [
        ("AMT_CREDIT", 1_350_000.0, "1,350,000", "1\u202f350\u202f000"),
        ("DAYS_EMPLOYED", 1200.0, "3.3\u00a0years", "3,3\u00a0ans"),
        ("BUR_ALL_AGE_MIN", 1.0, "1\u00a0day", "1\u00a0jour"),
        ("FLAG_OWN_CAR", "Y", "yes", "oui"),
        ("NAME_INCOME_TYPE", "Working", "“Working”", "«\u00a0Working\u00a0»"),
        ("APP_ANNUITY_TO_INCOME", 0.351, "35\u00a0%", "35\u00a0%"),
        ("APP_CREDIT_TO_INCOME", 12.34, "12.3\u00a0times", "12,3\u00a0fois"),
        ("EXT_SOURCE_2", 0.1234, "0.12", "0,12"),
    ],
)
def test_values_are_told_with_their_unit(feature: str, value: Value, en: str, fr: str) -> None:
    assert values.in_words(CATALOGUE[feature].unit, value) == (en, fr)


def test_today_is_no_days_ago() -> None:
    en, fr = told("IDENTITY_DOCUMENT", "DAYS_ID_PUBLISH", DAYS_ID_PUBLISH=0.0)
    assert en.endswith(": 0\u00a0days") and fr.endswith(": 0\u00a0jour")


def test_days_before_the_application_are_told_as_a_time() -> None:
    medians: Mapping[str, float] = {"DAYS_EMPLOYED": -1_000.0}
    effect, value_of = Effect("EMPLOYMENT_LENGTH", 0.1, "DAYS_EMPLOYED"), applicant(DAYS_EMPLOYED=-90.0)
    assert words.text(effect, value_of, medians).en == (
        "Length of the present employment – time in the present employment: 90\u00a0days,"
        " median of applicants 2.7\u00a0years"
    )
