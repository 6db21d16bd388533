"""The letter to an applicant: the decision, the reasons that are owed, recourse, and the rights, on one page.

It is a tagged PDF (PDF/UA-1), which screen readers can read, and what is printed: one A4 page. What it says is that of
the record: the decision as a human left it where one reviewed it, the reasons as they were recorded. The rights are
those of Article 22(3) of Regulation (EU) 2016/679 and of Article 18(8) of Directive (EU) 2023/2225.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from home_credit.dashboard.arguments import arguments
from home_credit.errors import ApiError

if TYPE_CHECKING:
    from datetime import tzinfo

    from home_credit.dashboard.texts import Texts
    from home_credit.policy import DecisionKind
    from home_credit.schemas import DecisionRecord, Recourse

MOST_REASONS = 4  # as the official commentary on Regulation B recommends (12 CFR 1002.9, comment 9(b)(2)-1)
MOST_LOANS = 2
STANDARD: Final = "ua-1"


def outcome(record: DecisionRecord) -> DecisionKind:
    """Return the decision as it stands: that of the last review where one is done."""
    return record.reviews[-1].decision if record.review == "reviewed" else record.decision.decision


def pdf(record: DecisionRecord, found: Recourse | ApiError | None, translate: Texts, zone: tzinfo) -> bytes:
    """Return the letter in the language of ``translate``; ``found`` are the loans that would have been approved."""
    return typeset(content(record, found, translate, zone))


def typeset(said: dict[str, Any]) -> bytes:
    """Return the PDF of what :func:`content` returned."""
    import typst  # noqa: PLC0415  # megabytes, for whoever asks for a letter

    made = typst.compile(
        files("home_credit.dashboard").joinpath("applicant_letter.typ").read_bytes(),
        sys_inputs={"letter": json.dumps(said)},
        ignore_system_fonts=True,
        pdf_standards=[STANDARD],
    )
    assert isinstance(made, bytes)  # noqa: S101  # for mypy: images of several pages are a list
    return made


def content(
    record: DecisionRecord, found: Recourse | ApiError | None, translate: Texts, zone: tzinfo
) -> dict[str, Any]:
    """Return the texts of the letter, as its template reads them."""
    decision, stands = record.decision, outcome(record)
    human = record.review == "reviewed"
    sections = []
    if stands != "approved":
        sections.append(_reasons(record, translate))
        loans = found.options[:MOST_LOANS] if found is not None and not isinstance(found, ApiError) else []
        if loans and not human:
            texts = [translate.of(loan.text) for loan in loans]
            sections.append(_section("recourse", translate, texts))
    sections.append(
        _section(
            "rights", translate, [translate(f"letter.right_{name}") for name in ("human", "view", "data")]
        )
    )
    return {
        "language": translate.language,
        "title": translate("letter.title"),
        "sender": translate("app.name"),
        "date": translate.day(decision.recorded_at, zone),
        "references": [
            translate("letter.client", id=decision.SK_ID_CURR),
            translate("letter.reference", id=decision.decision_id),
        ],
        "greeting": translate("letter.greeting"),
        "opening": [
            translate(f"letter.{stands}"),
            translate("letter.by_human" if human else "letter.by_model"),
        ],
        "sections": sections,
        "closing": translate("letter.closing"),
    }


def _reasons(record: DecisionRecord, translate: Texts) -> dict[str, Any]:
    """Return the reasons against the applicant, the strongest first."""
    effects = ((reason.text, reason.contribution) for reason in record.decision.reasons)
    against, _ = arguments(effects, translate)
    texts = [each.text for each in against[:MOST_REASONS]]
    if record.review == "reviewed":
        return _section("reasons_human", translate, texts)
    return _section("reasons", translate, texts)


def _section(name: str, translate: Texts, items: list[str]) -> dict[str, Any]:
    return {
        "heading": translate(f"letter.{name}_heading"),
        "paragraphs": [translate(f"letter.{name}_text")],
        "items": items,
    }
