"""The loans that would have been approved, shown beside a decision that is not an approval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import markup

if TYPE_CHECKING:
    from home_credit.dashboard.texts import Texts
    from home_credit.errors import ApiError
    from home_credit.schemas import LoanChange, Recourse


def show(found: Recourse | ApiError, translate: Texts) -> None:
    """Draw the loans as cards, or a note that there is none or that they are not available."""
    st.header(translate("recourse.heading"), anchor=False)
    if isinstance(found, Exception):
        st.html(markup.notice("warning", translate("recourse.unavailable")))
        return
    summary = translate.of(found.text)
    if not found.options:
        st.html(markup.remark(translate("recourse.none"), summary))
        return
    st.html(markup.paragraph(summary))
    st.html(markup.cards([_option(found, place, translate) for place in range(len(found.options))]))


def _option(found: Recourse, place: int, translate: Texts) -> str:
    option = found.options[place]
    first, *others = (translate(f"recourse.{lever}") for lever in option.levers)
    rows = [
        markup.cells(translate(f"fields.{change.field}"), *_both(change, translate))
        for change in option.changes
    ]
    risk = (translate.percent(found.probability_of_default), translate.percent(option.probability_of_default))
    return markup.option(
        translate("recourse.other" if place else "recourse.smallest"),
        " + ".join((first, *(f"{lever[:1].lower()}{lever[1:]}" for lever in others))),
        translate.of(option.text),
        markup.table(
            translate("recourse.table_caption"),
            (translate("recourse.figure"), translate("recourse.asked"), translate("recourse.approved")),
            [*rows, markup.cells(translate("risk.probability"), *risk)],
        ),
        "" if option.robust else translate("recourse.not_robust"),
    )


def _both(change: LoanChange, translate: Texts) -> tuple[str, str]:
    key = f"recourse.{change.unit}"
    return translate(key, value=translate.number(change.old)), translate(
        key, value=translate.number(change.new)
    )
