"""Page *Client*: find an applicant, see the last decision and its reasons, decide again.

Opening an applicant shows the last recorded decision; nothing is recorded then, unless there is none yet. A decision is
asked for with a key that is made of the applicant and the decision that was shown before, so that a page that runs
twice, is reloaded, is open twice or clicked twice records one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import decision_view, failures, finding, markup, shell, waiting
from home_credit.dashboard.decision_view import Case
from home_credit.errors import ApiError
from home_credit.schemas import DecisionQuery

if TYPE_CHECKING:
    from home_credit.client import ApiClient
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import DecisionRecord, Recourse

AGAIN, CASE = "decide_again", "case"
DOUBLE_CLICK = 2.0  # seconds after a decision in which another click is not a wish for the next one
LATEST = 20  # decisions looked through for the last one that is no simulation


def show() -> None:
    """Draw the page."""
    translate, api = shell.language(), shell.api()
    st.title(translate("search.title"), anchor=False)
    wanted = finding.field(translate)
    number = finding.number_of(wanted)
    # What is left of another applicant is hidden by the style sheet as long as this one is not drawn.
    same = number is not None and _is_shown(number)
    with st.container(key="answer" if same else "answer_of_another"):
        if not wanted:
            st.html(markup.notice("info", translate("search.start")))
        elif number is None:
            st.html(markup.notice("warning", translate("search.invalid", entered=wanted)))
        else:
            _open(api, number, translate)
    finding.lists(api, translate, opened=bool(wanted))


def _is_shown(applicant: int) -> bool:
    case: Case | None = st.session_state.get(CASE)
    return case is not None and applicant == case.record.decision.SK_ID_CURR


def _open(api: ApiClient, applicant: int, translate: Texts) -> None:
    """Draw the applicant's decision, or what stands in its way."""
    again = _wish(applicant)
    if again or not _is_shown(applicant):
        try:
            record, made = waiting.call(_decision, api, applicant, after=again)
        except ApiError as error:
            failures.show(error, translate, entered=str(applicant))
            if again and _is_shown(applicant):
                st.html(markup.notice("info", translate("decision.earlier_stays")))
            else:
                st.session_state.pop(CASE, None)
                return
        else:
            st.session_state[CASE] = Case(record, made_at=time.monotonic() if made else None)
    case: Case = st.session_state[CASE]
    decision_view.show_answer(case, translate)
    st.button(
        translate("decision.again"),
        on_click=st.session_state.__setitem__,
        args=(AGAIN, (applicant, case.record.decision.decision_id)),
        help=translate("decision.again_help"),
        key="again",
    )
    if case.record.review in {"open", "second"}:
        decision = case.record.decision.decision_id
        shell.link("reviews", translate("decision.to_review"), decision=decision)
    decision_view.show_rest(case, _recourse(api, case), translate)


def _wish(applicant: int) -> str | None:
    """Return the decision that was shown when another one was asked for, ``None`` where none was."""
    wish: tuple[int, str] | None = st.session_state.pop(AGAIN, None)
    if wish is None or wish[0] != applicant:
        return None
    case: Case | None = st.session_state.get(CASE)
    if case and case.made_at and time.monotonic() - case.made_at < DOUBLE_CLICK:
        return None
    return wish[1]


def _decision(api: ApiClient, applicant: int, *, after: str | None) -> tuple[DecisionRecord, bool]:
    """Return the decision to show, and whether it was made now: the last one, or one ``after`` that which was shown."""
    if after is None:
        listed = api.decisions(DecisionQuery(applicant=applicant, limit=LATEST)).decisions
        last = next((each.decision_id for each in listed if not each.simulation), None)
        if last:
            return api.decision(last), False
    made = api.predict_applicant(applicant, idempotency_key=f"dashboard-{applicant}-{after or 'first'}")
    return api.decision(made.decision_id), True


def _recourse(api: ApiClient, case: Case) -> Recourse | ApiError | None:
    """Return the recourse, asked for once; a failure here must not hide the decision itself."""
    decision = case.record.decision
    if decision.decision == "approved" or decision.simulation:
        return None
    if not isinstance(case.recourse, Exception) and case.recourse is not None:
        return case.recourse
    try:
        found: Recourse | ApiError = waiting.call(api.recourse_of_decision, decision.decision_id)
    except ApiError as error:
        found = error
    case.recourse = found
    return found
