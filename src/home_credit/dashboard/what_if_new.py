"""An application that is not known: entered in sections, pasted as JSON, or from a file. Always a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from pydantic import ValidationError

from home_credit.dashboard import (
    decision_view,
    failures,
    markup,
    waiting,
    what_if_answer,
    what_if_form,
)
from home_credit.errors import ApiError
from home_credit.schemas import PredictionRequest

if TYPE_CHECKING:
    from home_credit.client import ApiClient
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import Decision

ANSWERS = "what_if_new"  # the last rows with their answer, and the answer before it
LARGEST_TEXT = 1_000_000  # characters


def entered(api: ApiClient, translate: Texts) -> None:
    """Draw the form and, once it holds what an answer needs, the answer beside the one before the last change."""
    st.caption(translate("form.intro"))
    left, right = st.columns((2, 3), gap="medium")
    with left:
        filled = what_if_form.draw(translate)
    made = what_if_form.row(filled)
    with right:
        lacking = what_if_form.missing(filled)
        if lacking:
            names = ", ".join(translate(f"fields.{column}").lower() for column in lacking)
            st.html(markup.notice("info", translate("form.lacking", names=names)))
        elif what_if_form.too_long_employed(made):
            st.html(markup.notice("warning", translate("form.too_long_employed")))
        else:
            _answer(api, PredictionRequest(application=made), translate)


def _answer(api: ApiClient, rows: PredictionRequest, translate: Texts) -> None:
    kept: tuple[PredictionRequest, Decision, Decision | None] | None = st.session_state.get(ANSWERS)
    if kept is None or kept[0] != rows:
        try:
            now = waiting.call(api.predict, rows, simulation=True)
        except ApiError as error:
            failures.show(error, translate, key="retry_new")
            return
        kept = st.session_state[ANSWERS] = rows, now, kept[1] if kept else None
    _, now, before = kept
    if before is None:
        what_if_answer.show_first(now, translate("simulate.new"), translate)
    else:
        what_if_answer.show(before, now, translate("simulate.new"), translate)
    decision_view.show_risk(now, translate)
    decision_view.show_reasons(now.reasons, translate)


def pasted(api: ApiClient, translate: Texts) -> None:
    """Draw the fields for an application as JSON, and its answer."""
    st.caption(translate("simulate.new_help"))
    uploaded = st.file_uploader(translate("simulate.file"), type="json", max_upload_size=1)
    text = st.text_area(translate("simulate.json"), max_chars=LARGEST_TEXT, height=220, key="what_if_json")
    if not st.button(translate("simulate.run"), type="primary", key="what_if_run"):
        return
    content = uploaded.getvalue() if uploaded else (text or "").encode()
    try:
        bundle = PredictionRequest.model_validate_json(content)
    except ValidationError:
        st.html(markup.notice("warning", translate("simulate.no_json")))
        return
    try:
        decision = waiting.call(api.predict, bundle, simulation=True)
    except ApiError as error:
        failures.show(error, translate, key="retry_new")
        return
    st.html(markup.notice("info", translate("simulate.mark")))
    decision_view.show_decision(decision, translate("simulate.mark"), translate)
