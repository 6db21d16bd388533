"""Page *Client*: find an applicant and decide; :mod:`.decision_view` shows the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import decision_view, shell
from home_credit.dashboard.decision_view import Case
from home_credit.errors import ApiError

if TYPE_CHECKING:
    from home_credit.client import ApiClient
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import ApplicantList, Decision, Recourse

WANTED = "client"  # key of the input and name of the query parameter
OUTCOME = "outcome"
AFTER = "applicants_after"
EXAMPLES = 6
# SK_ID_CURR has six digits in the original tables; every number of 18 digits fits 64 bits.
LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of the request for ``entered``; kept, so that a redraw does not decide and record again."""

    entered: str
    result: Case | ApiError | None  # None: not a number


def show() -> None:
    """Draw the page."""
    translate, api = shell.language(), shell.api()
    st.title(translate("search.title"), anchor=False)
    try:
        with st.spinner(translate("wait.starting")):
            known = _applicants(api.base_url, api, st.session_state.get(AFTER, 0), EXAMPLES)
    except ApiError as error:
        _search(None, translate)
        _failure("", error, translate)
        return
    submitted = _search(known, translate)
    wanted = (st.session_state.get(WANTED) or "").strip()
    outcome: Outcome | None = st.session_state.get(OUTCOME)
    if wanted and (submitted or outcome is None or outcome.entered != wanted):
        with st.spinner(translate("wait.deciding")):
            outcome = st.session_state[OUTCOME] = _assess(api, wanted)
    if not wanted or outcome is None:
        st.info(translate("search.start" if known.total else "search.none_known"))
    elif outcome.result is None:
        st.warning(translate("search.invalid", entered=wanted))
    elif isinstance(outcome.result, ApiError):
        _failure(wanted, outcome.result, translate)
    else:
        decision_view.show(outcome.result, translate)


@st.cache_data(ttl=300, show_spinner=False)
def _applicants(base_url: str, _api: ApiClient, after: int, limit: int) -> ApplicantList:  # noqa: ARG001
    # base_url is the key of the cache; Streamlit leaves parameters with an underscore out of it.
    return _api.applicants(after, limit)


def _search(known: ApplicantList | None, translate: Texts) -> bool:
    """Draw the search with some known applicants; return whether a number was submitted."""
    with st.form("search", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        example = known.applicants[0] if known and known.applicants else 100001
        st.text_input(
            translate("search.label"),
            key=WANTED,
            bind="query-params",
            max_chars=LONGEST_ID + 6,
            placeholder=translate("search.placeholder", example=example),
            width=320,
        )
        submitted = st.form_submit_button(translate("search.submit"), type="primary")
    if known and known.total:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="examples"):
            st.caption(translate("search.examples", total=translate.number(known.total)), width="content")
            for applicant in known.applicants:
                st.button(str(applicant), key=f"pick_{applicant}", on_click=_pick, args=(str(applicant),))
            if known.total > EXAMPLES:
                more = len(known.applicants) == EXAMPLES
                st.button(
                    translate("search.more" if more else "search.again"),
                    type="tertiary",
                    on_click=st.session_state.__setitem__,
                    args=(AFTER, known.applicants[-1] if more else 0),
                )
    return submitted


def _pick(applicant: str) -> None:
    st.session_state[WANTED] = applicant


def _assess(api: ApiClient, entered: str) -> Outcome:
    digits = "".join(entered.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_ID):
        return Outcome(entered, None)
    try:
        decision = api.predict_applicant(int(digits))
        return Outcome(
            entered, Case(api.decision(decision.decision_id), api.model(), _recourse(api, decision))
        )
    except ApiError as error:
        return Outcome(entered, error)


def _recourse(api: ApiClient, decision: Decision) -> Recourse | ApiError | None:
    """Return the recourse; a failure here must not hide the decision itself."""
    if decision.decision == "approved":
        return None
    try:
        return api.recourse_of_decision(decision.decision_id)
    except ApiError as error:
        return error


def _failure(entered: str, error: ApiError, translate: Texts) -> None:
    match error.status:
        case None | 502 | 504:
            key = "error.unreachable"
        case 404 if entered:
            key = "error.unknown_client"
        case 401 | 403:
            key = "error.refused"
        case 413 | 422:
            key = "error.invalid_data"
        case 429:
            key = "error.busy"
        case 503:
            key = "error.unavailable"
        case _:
            key = "error.unexpected"
    st.error(translate(key, entered=entered))
    if key != "error.unknown_client":
        st.caption(translate("error.detail", detail=str(error)))
