"""What other loan would have been approved, beside a decision that was not an approval."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import markup

if TYPE_CHECKING:
    from home_credit.contract import Change, Recourse
    from home_credit.dashboard.texts import Texts
    from home_credit.errors import ApiError


def show(found: Recourse | ApiError, say: Texts) -> None:
    """Draw the loans as cards, or say that there is none or that they could not be had."""
    st.header(say("recourse.heading"), anchor=False)
    if isinstance(found, Exception):
        st.caption(say("recourse.unavailable"))
        st.caption(say("error.detail", detail=str(found)))
        return
    summary = getattr(found.text, say.language)
    if not found.options:
        st.html(markup.remark(say("recourse.none"), summary))
        return
    st.caption(summary)
    st.html(markup.cards([_option(found, place, say) for place in range(len(found.options))]))


def _option(found: Recourse, place: int, say: Texts) -> str:
    option = found.options[place]
    first, *others = (say(f"recourse.{lever}") for lever in option.levers)
    rows = [_row(say(f"fields.{change.field}"), *_both(change, say)) for change in option.changes]
    risk = (say.percent(found.probability_of_default), say.percent(option.probability_of_default))
    return markup.option(
        say("recourse.other" if place else "recourse.smallest"),
        " + ".join((first, *(f"{lever[:1].lower()}{lever[1:]}" for lever in others))),
        getattr(option.text, say.language),
        markup.table(
            say("recourse.table_caption"),
            (say("recourse.figure"), say("recourse.asked"), say("recourse.approved")),
            [*rows, _row(say("risk.probability"), *risk)],
        ),
        "" if option.robust else say("recourse.not_robust"),
    )


def _both(change: Change, say: Texts) -> tuple[str, str]:
    key = f"recourse.{change.unit}"
    return say(key, value=say.number(change.old)), say(key, value=say.number(change.new))


def _row(label: str, old: str, new: str) -> tuple[str, str, str]:
    return escape(label), escape(old), f"<strong>{escape(new)}</strong>"
