"""Reasons in words: every feature has a code, withheld traits stay withheld, and texts follow from their
conditions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.default_risk.reasons import facts, values, words
from home_credit.default_risk.reasons.codes import Condition, code_of, reason_codes
from home_credit.default_risk.reasons.effects import MAX_REASONS, Effect, effects, leading_codes, reportable
from home_credit.default_risk.reasons.labels import label_of
from home_credit.features.catalogue import CATALOGUE, CATEGORIES, TABLE_OF
from home_credit.features.lineage import lineage
from home_credit.tables.categories import categories

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
    assert told("OCCUPATION", "OCCUPATION_TYPE")[0] == "Occupation: not given"


def test_a_share_is_told_with_what_it_is_a_share_of() -> None:
    known = {"INS_ALL_COUNT": 14.0, "INS_ALL_LATE_SHARE": 2 / 14}
    en, fr = told("LATE_PAYMENTS", "INS_ALL_LATE_SHARE", **known)
    assert en.startswith("Instalments of earlier credits were paid late or not at all – ")
    assert "2 of 14 (14%)" in en
    assert "2 sur 14 (14\u202f%)" in fr


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
        ("DAYS_EMPLOYED", -1200.0, "3.3\u00a0years", "3,3\u00a0ans"),
        ("BUR_ALL_AGE_MIN", 1.0, "1\u00a0day", "1\u00a0jour"),
        ("BUR_ALL_AGE_MIN", 547.25, "547\u00a0days", "547\u00a0jours"),
        ("FLAG_OWN_CAR", "Y", "yes", "oui"),
        ("NAME_INCOME_TYPE", "Working", "employment", "emploi salarié"),
        ("NAME_INCOME_TYPE", "Astronaut", "“Astronaut”", "«\u00a0Astronaut\u00a0»"),
        ("ORGANIZATION_TYPE", "XNA", "not stated", "non renseigné"),
        ("APP_ANNUITY_TO_INCOME", 0.351, "35%", "35\u202f%"),
        ("APP_CREDIT_TO_INCOME", 12.34, "12.3\u00a0months", "12,3\u00a0mois"),
        ("APP_CREDIT_TO_GOODS", 12.34, "12.3\u00a0times", "12,3\u00a0fois"),
        ("MIX_RATE_LESS_PAST", -0.039, "−3.9\u00a0points", "−3,9\u00a0points"),
        ("MIX_RATE_LESS_PAST", 0.016, "+1.6\u00a0points", "+1,6\u00a0point"),
        ("APP_INCOME_TO_EMPLOYED", -321.2, "321", "321"),
        ("DAYS_REGISTRATION", -730.0, "2\u00a0years", "2\u00a0ans"),
        ("PREV_HOUR_MEAN", 10.25, "10:15", "10\u00a0h\u00a015"),
        ("PREV_LAST_1_REFUSED_SHARE", 1.0, "yes", "oui"),
        ("EXT_SOURCE_2", 0.1234, "0.12", "0,12"),
    ],
)
def test_values_are_told_with_their_unit(feature: str, value: Value, en: str, fr: str) -> None:
    assert facts.fact(feature, value, applicant(), {}) == (en, fr)


@pytest.mark.parametrize(
    ("value", "median", "said"),
    [
        (1.9, 5.0, "1.9\u00a0times, median of applicants: 5\u00a0times"),
        (7.4, 1.3, "7.4\u00a0times, median of applicants: 1.3\u00a0times"),
        (0.5, 2.0, "50%, median of applicants: 200%"),
    ],
)
def test_a_ratio_and_its_median_are_told_in_one_unit(value: float, median: float, said: str) -> None:
    name = "MIX_CREDIT_TO_PAST"
    assert facts.fact(name, value, applicant(), {name: median}).en == said


def test_what_is_below_zero_is_told_under_its_own_name() -> None:
    medians = {"BUR_END_MEAN": 767.0, "APP_GOODS_LESS_CREDIT": -38_016.0}
    assert facts.told("BUR_END_MEAN", -97.0, applicant(), medians).fr == (
        "temps moyen écoulé depuis la fin prévue des crédits en cours auprès d’autres prêteurs\u00a0: 97\u00a0jours"
    )
    assert facts.told("APP_GOODS_LESS_CREDIT", -11_880.0, applicant(), medians).en == (
        "amount by which the credit exceeds the price of the goods: 11,880, median of applicants: 38,016"
    )


def test_a_flag_that_a_statement_says_is_not_told_again() -> None:
    assert told("CAR", "FLAG_OWN_CAR", FLAG_OWN_CAR="N")[1] == "Aucune voiture personnelle n’est déclarée"


def test_whose_credits_a_reason_is_about_is_said_once() -> None:
    en, fr = told("BUREAU_EXPERIENCE", "BUR_ACTIVE_COUNT", BUR_ALL_COUNT=3.0, BUR_ACTIVE_COUNT=2.0)
    assert en == "Credit history with other lenders – number of credits, running credits: 2"
    assert fr.count("d’autres prêteurs") == 1


@pytest.mark.parametrize("feature", CATEGORIES)
def test_every_category_of_a_feature_is_told_in_words(feature: str) -> None:
    column = facts.column_of(feature)
    assert column in lineage(feature)[TABLE_OF[feature]]
    for raw, name in categories()[column].items():
        assert facts.fact(feature, raw, applicant(), {}) == tuple(name)


@pytest.mark.parametrize("feature", CATALOGUE)
def test_names_of_features_read_well_before_a_value(feature: str) -> None:
    label = label_of(feature)
    for name in (label.name, label.negative):
        if name is not None:
            assert name.en and name.fr
            assert not re.search(r" [:;?!»]|« |jours moyens|^jours |en jours", name.fr), name.fr
            assert not re.search(r"log.?odds|[A-Z]{2,}_", name.en + name.fr), name


def test_today_is_no_days_ago() -> None:
    en, fr = told("IDENTITY_DOCUMENT", "DAYS_ID_PUBLISH", DAYS_ID_PUBLISH=0.0)
    assert en.endswith(": 0\u00a0days") and fr.endswith(": 0\u00a0jour")


def test_days_before_the_application_are_told_as_a_time() -> None:
    medians: Mapping[str, float] = {"DAYS_EMPLOYED": -1_000.0}
    effect, value_of = Effect("EMPLOYMENT_LENGTH", 0.1, "DAYS_EMPLOYED"), applicant(DAYS_EMPLOYED=-90.0)
    assert words.text(effect, value_of, medians).en == (
        "Length of the present employment: 90\u00a0days, median of applicants: 2.7\u00a0years"
    )
