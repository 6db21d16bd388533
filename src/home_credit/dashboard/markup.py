"""HTML for what Streamlit has no element for; every value is escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.policy import DecisionKind


def brand(name: str, purpose: str) -> str:
    """Return the name of the platform and what it is for."""
    return f'<p class="hc-brand"><strong>{escape(name)}</strong><span>{escape(purpose)}</span></p>'


def person(name: str, identity: str, role: str) -> str:
    """Return who is signed in: name, identity where it says more, and role."""
    lines = "".join(f"<span>{escape(line)}</span>" for line in (identity, role) if line)
    return f'<p class="hc-person"><strong>{escape(name)}</strong>{lines}</p>'


def banner(kind: DecisionKind, verdict: str, meaning: str, details: Sequence[str]) -> str:
    """Return the decision as a band: icon, verdict, what it means, and quiet details at its end."""
    quiet = "".join(f"<span>{escape(detail)}</span>" for detail in details)
    return (
        f'<section class="hc-banner hc-{kind}" role="status"><span class="hc-icon" aria-hidden="true"></span>'
        f'<div><h2 class="hc-verdict">{escape(verdict)}</h2><p>{escape(meaning)}</p></div>'
        f'<p class="hc-details">{quiet}</p></section>'
    )


def figures(pairs: Sequence[tuple[str, str, str]]) -> str:
    """Return label, figure and note of each of a few key figures, side by side."""
    tiles = "".join(
        f'<div><dt>{escape(label)}</dt><dd>{escape(figure)}</dd><dd class="hc-note">{escape(note)}</dd></div>'
        for label, figure, note in pairs
    )
    return f'<dl class="hc-figures">{tiles}</dl>'


def facts(pairs: Sequence[tuple[str, str]], heading: str = "", *, wide: bool = False) -> str:
    """Return a card of labelled values; a wide one is two columns across where there is room."""
    rows = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in pairs)
    title = f"<h3>{escape(heading)}</h3>" if heading else ""
    size = " hc-wide" if wide else ""
    return f'<section class="hc-card{size}">{title}<dl class="hc-facts">{rows}</dl></section>'


def cards(parts: Sequence[str]) -> str:
    """Lay cards out in as many columns as the page has room for."""
    return f'<div class="hc-cards">{"".join(parts)}</div>'


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, titled: bool = True) -> str:
    """Return a table whose last column holds figures; its cells are HTML already.

    Where a heading above says the same, the caption is for screen readers alone: the table is not ``titled``.
    """
    kind = "hc-table" if titled else "hc-table hc-untitled"
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<table class="{kind}"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def code(name: str) -> str:
    """Return an identifier that may break after its underscores."""
    return f"<code>{escape(name).replace('_', '_<wbr>')}</code>"


def option(kicker: str, heading: str, sentence: str, figures_table: str, note: str) -> str:
    """Return a card of one possible loan: its rank, the changes in words, and its table, which is HTML already."""
    below = f'<p class="hc-note">{escape(note)}</p>' if note else ""
    return (
        f'<section class="hc-card hc-option"><p class="hc-kicker">{escape(kicker)}</p>'
        f"<h3>{escape(heading)}</h3><p>{escape(sentence)}</p>{figures_table}{below}</section>"
    )


def remark(heading: str, text: str) -> str:
    """Return a card of one paragraph."""
    return f'<section class="hc-card hc-remark"><h3>{escape(heading)}</h3><p>{escape(text)}</p></section>'


def notes(lines: Sequence[str]) -> str:
    """Return a list of remarks that are told in English alone."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="hc-notes" lang="en">{items}</ul>'


def notice(kind: Literal["info", "warning", "error"], text: str, detail: str = "") -> str:
    """Return a message that screen readers announce: an error at once, anything else when they are done."""
    role = "alert" if kind == "error" else "status"
    below = f'<p class="hc-note">{escape(detail)}</p>' if detail else ""
    return f'<div class="hc-notice hc-{kind}" role="{role}"><p>{escape(text)}</p>{below}</div>'


def strip(kind: Literal["info", "warning"], text: str) -> str:
    """Return a line above a page that holds for all pages."""
    return f'<div class="hc-notice hc-strip hc-{kind}" role="status"><p>{escape(text)}</p></div>'


def arguments(heading: str, items: Sequence[tuple[str, str]], kind: Literal["for", "against"]) -> str:
    """Return a list of reasons under its heading: each a sentence and how strong it is."""
    lines = "".join(
        f'<li><span>{escape(text)}</span><span class="hc-strength">{escape(strength)}</span></li>'
        for text, strength in items
    )
    return f'<section class="hc-card hc-arguments hc-{kind}"><h3>{escape(heading)}</h3><ul>{lines}</ul></section>'


def paragraph(text: str) -> str:
    """Return a paragraph of text that comes from data."""
    return f'<p class="hc-paragraph">{escape(text)}</p>'


def emphasised(figure: str, note: str) -> str:
    """Return a cell of a table: a figure, and what it means below."""
    return f"<strong>{escape(figure)}</strong><br>{escape(note)}"


def cells(label: str, before: str, after: str) -> tuple[str, str, str]:
    """Return a row of a table that compares two states."""
    return escape(label), escape(before), f"<strong>{escape(after)}</strong>"
