"""Every text of the dashboard exists in both languages, with the same placeholders, and is used."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_credit.dashboard import profile
from home_credit.dashboard.texts import MINUS, NARROW_SPACE, texts
from home_credit.languages import LANGUAGES
from home_credit.schemas import PredictionRequest

FR, EN = texts("fr"), texts("en")
ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "src/home_credit/dashboard").glob("*.py"), ROOT / "streamlit_app/app.py"]


def keys_in_code() -> tuple[set[str], list[str]]:
    """Return the keys that the code asks for: those written out, and patterns of those put together."""
    whole, patterns = set(), []
    for node in (node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values
            ]
            patterns.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            whole.add(node.value)
    return whole, [pattern for pattern in patterns if re.match(r"[a-z]+\\\.", pattern)]


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_hold_the_same_keys() -> None:
    assert list(FR.entries) == list(EN.entries)


@pytest.mark.parametrize("key", FR.entries)
def test_both_languages_fill_the_same_blanks(key: str) -> None:
    assert FR.entries[key].strip()
    assert EN.entries[key].strip()
    assert blanks(FR.entries[key]) == blanks(EN.entries[key])


def test_every_key_in_code_exists() -> None:
    sections = {key.partition(".")[0] for key in FR.entries}
    written = {key for key in keys_in_code()[0] if re.fullmatch(rf"({'|'.join(sections)})\.\w*[^\W_]", key)}
    assert len(written) > 50
    assert written <= set(FR.entries)


def test_every_key_is_used() -> None:
    whole, patterns = keys_in_code()
    unused = [
        key for key in FR.entries if key not in whole and not any(re.fullmatch(p, key) for p in patterns)
    ]
    assert unused == []


def test_keys_put_together_exist() -> None:
    for group in profile.GROUPS:
        assert f"profile.{group}" in FR.entries
        assert profile.facts({}, group, FR)
    assert len(profile.history_counts(PredictionRequest(application={}), EN)) == 6
    for kind in ("approved", "review", "declined"):
        assert {f"decision.{kind}", f"decision.{kind}_text", f"risk.zone_{kind}"} <= set(FR.entries)
    assert {f"language.{code}" for code in LANGUAGES} <= set(FR.entries)


def test_page_names_are_those_of_the_guide_in_both_languages() -> None:
    for translate in (FR, EN):
        assert (translate("pages.client"), translate("pages.drift")) == ("Client", "📊 Data Drift")


def test_number_styles() -> None:
    assert FR.number(-1234567.891, 2) == "−1~234~567,89".replace("~", NARROW_SPACE)
    assert EN.number(-1234567.891, 2) == "−1,234,567.89"
    assert FR.number(0.4, 1, signed=True) == "+0,4"
    assert FR.percent(0.0832) == f"8,3{NARROW_SPACE}%"
    assert EN.percent(0.0832) == "8.3%"


@given(st.floats(-1e12, 1e12), st.integers(0, 4))
def test_both_number_styles_say_the_same_number(value: float, decimals: int) -> None:
    french = FR.number(value, decimals).replace(NARROW_SPACE, "").replace(",", ".").replace(MINUS, "-")
    english = EN.number(value, decimals).replace(",", "").replace(MINUS, "-")
    assert float(french) == float(english) == float(f"{value:.{decimals}f}")


@given(
    st.one_of(
        st.none(), st.text(), st.integers(-(10**15), 10**15), st.floats(allow_infinity=False, allow_nan=False)
    )
)
def test_any_value_of_a_feature_can_be_written(value: float | str | None) -> None:
    for translate in (FR, EN):
        assert isinstance(translate.value(value), str)


def test_feature_values_keep_four_significant_digits() -> None:
    assert [FR.value(raw) for raw in (0.18734, 12.5, 36.2344, 1234.56, 40, None, "Married")] == [
        "0,187",
        "12,50",
        "36,23",
        f"1{NARROW_SPACE}235",
        "40",
        "non renseigné",
        "mariage",
    ]


def test_unnamed_category_is_shown_as_it_is() -> None:
    assert FR.category("Space agency") == "Space agency"


def test_profile_writes_days_as_years_and_knows_the_sentinel() -> None:
    situation = dict(profile.facts({"DAYS_EMPLOYED": 365243, "AMT_INCOME_TOTAL": 270000.0}, "situation", FR))
    assert situation["Ancienneté dans l’emploi"] == "sans emploi en cours"
    assert situation["Revenu mensuel"] == f"270{NARROW_SPACE}000"
    assert dict(profile.facts({"DAYS_BIRTH": -16765}, "household", EN))["Age"] == "45.9 years"


def test_times_are_in_the_readers_zone() -> None:
    moment = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
    assert FR.time(moment, ZoneInfo("Europe/Paris")) == "20/11/2026 à 14\u00a0h\u00a005"
    assert EN.time(moment, UTC) == "2026-11-20 13:05"


def test_french_signs_never_begin_a_line() -> None:
    broken = [
        key
        for key, text in FR.entries.items()
        if re.search(r"(?<=\w) [:;!?»%]|« ", text) or re.search(r"[\w}][;!?]", text)
    ]
    assert broken == []
