"""The letter to an applicant says what the record says, on one tagged page, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from home_credit.dashboard import letter
from home_credit.dashboard.texts import texts
from home_credit.languages import LANGUAGES
from home_credit.schemas import Decision, DecisionRecord, PredictionRequest, Reason, Review, Text
from support.assessments import an_assessment

if TYPE_CHECKING:
    from home_credit.languages import Language
    from home_credit.policy import DecisionKind

WHEN = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)


def record(kind: DecisionKind, *, reviewed: Any = None, **changes: Any) -> DecisionRecord:
    """A recorded decision; ``reviewed`` is what a human decided."""
    reasons = [
        Reason(
            code=f"code_{place}", feature="F", value=1.0, contribution=contribution,
            text=Text(en=f"Reason {place}", fr=f"Motif {place}"),
        )
        for place, contribution in enumerate((0.1, -0.4, 0.5, 0.3, -0.2, 0.05, 0.2))
    ]  # fmt: skip
    said = an_assessment(decision=kind, reasons=reasons, **changes)
    decision = Decision.model_construct(
        **dict(said), scale=Decision.model_fields["scale"].default, decision_id="d-1", recorded_at=WHEN
    )
    review = Review(
        decision_id="d-1", reviewer="A", decision=reviewed, reason="because", override=reviewed != kind,
        state="reviewed", recorded_at=WHEN,
    ) if reviewed else None  # fmt: skip
    return DecisionRecord.model_construct(
        decision=decision,
        bundle=PredictionRequest(application={}),
        reviews=[review] if review else [],
        review="reviewed" if review else "none",
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["approved", "review", "declined"])
def test_a_letter_is_one_tagged_page_in_its_language(kind: DecisionKind, language: Language) -> None:
    made = letter.pdf(record(kind), None, texts(language), UTC)
    assert made.startswith(b"%PDF")
    assert b"/StructTreeRoot" in made and b"/Marked true" in made
    assert f"/Lang({language})".encode() in made
    assert re.findall(rb"/Type/Pages/Count (\d+)", made) == [b"1"]
    (box,) = re.findall(rb"/MediaBox\[0 0 ([\d.]+) ([\d.]+)\]", made)
    assert [float(side) for side in box] == pytest.approx([595.28, 841.89], abs=0.01), "A4, for a printer"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_several_reasons_say_is_said_once(language: Language) -> None:
    recorded = record("declined")
    first, *others = recorded.decision.reasons
    again = [reason.model_copy(update={"text": first.text}) for reason in others]
    said = letter.content(
        recorded.model_copy(
            update={"decision": recorded.decision.model_copy(update={"reasons": [first, *again]})}
        ),
        None,
        texts(language),
        UTC,
    )
    assert said["sections"][0]["items"] == [getattr(first.text, language)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reasons_are_those_against_the_applicant(language: Language) -> None:
    recorded = record("declined")
    said = letter.content(recorded, None, texts(language), UTC)
    against = [reason for reason in recorded.decision.reasons if reason.contribution > 0]
    assert len(against) > letter.MOST_REASONS
    strongest = sorted(against, key=lambda reason: -reason.contribution)[: letter.MOST_REASONS]
    assert said["sections"][0]["items"] == [getattr(reason.text, language) for reason in strongest]
    assert said["opening"][0] == texts(language)("letter.declined")


def test_who_is_approved_is_given_no_reasons_and_the_rights_all_the_same() -> None:
    said = letter.content(record("approved"), None, texts("en"), UTC)
    assert [section["heading"] for section in said["sections"]] == [texts("en")("letter.rights_heading")]
    assert len(said["sections"][0]["items"]) == 3


@pytest.mark.parametrize(("kind", "reviewed"), [("declined", "approved"), ("review", "declined")])
def test_what_a_human_decided_stands(kind: DecisionKind, reviewed: str) -> None:
    said = letter.content(record(kind, reviewed=reviewed), None, texts("fr"), UTC)
    assert said["opening"] == [texts("fr")(f"letter.{reviewed}"), texts("fr")("letter.by_human")]


def test_text_of_data_is_no_markup() -> None:
    said = letter.content(record("declined"), None, texts("en"), UTC)
    said["sections"][0]["items"] = ['#panic("no")', "*bold* $x$ @label <label>", '#image("/etc/passwd")']
    assert letter.typeset(said).startswith(b"%PDF")
