"""The ways to an applicant: the number, recorded decisions, and the known applicants by what describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import streamlit as st

from home_credit.dashboard import failures, markup, paging, waiting
from home_credit.errors import ApiError
from home_credit.policy import GRADES, DecisionKind
from home_credit.schemas import AgeBand, DecisionQuery

if TYPE_CHECKING:
    from home_credit.client import ApiClient
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import ApplicantList, DecisionList

WANTED = "client"  # key of the input and name of the query parameter
LIST, PAGES, OUTCOME, GRADE, AGE, PREFIX = (
    "list",
    "list_pages",
    "list_outcome",
    "list_grade",
    "list_age",
    "list_prefix",
)
SHOWN = 8
LISTS: Final = ("open", "recent", "known")
LONGEST_INPUT = 24  # characters
# SK_ID_CURR has six digits in the original tables; every number of 18 digits fits 64 bits.
LONGEST_ID = 18


def field(translate: Texts) -> str:
    """Draw the field for the number and return what stands in it."""
    with st.form("search", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            translate("search.label"),
            key=WANTED,
            bind="query-params",
            max_chars=LONGEST_INPUT,
            placeholder=translate("search.placeholder"),
            width=320,
        )
        st.form_submit_button(translate("search.submit"), type="primary")
    return (st.session_state.get(WANTED) or "").strip()


def number_of(entered: str) -> int | None:
    """Return the number of a client that was entered, spaces left out; ``None`` where it is none."""
    digits = "".join(entered.split())
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_ID else None


def client_field(key: str, translate: Texts) -> int | None:
    """Draw a page's own field for a known client, at first the one that was opened; return the number in it."""
    entered = st.text_input(
        translate("search.label"),
        value=st.session_state.get(WANTED, ""),
        key=key,
        max_chars=LONGEST_INPUT,
        width=320,
    )
    number = number_of(entered or "")
    if number is None:
        st.html(markup.notice("info", translate("simulate.start")))
    return number


def lists(api: ApiClient, translate: Texts, *, opened: bool) -> None:
    """Draw the lists that an applicant can be chosen from; folded where one is open already."""
    with st.expander(translate("find.heading"), expanded=not opened, key="find_opened" if opened else "find"):
        chosen = st.segmented_control(
            translate("find.label"),
            LISTS,
            required=True,
            default="open",
            format_func=lambda name: translate(f"find.{name}"),
            key=LIST,
            on_change=_first_page,
            label_visibility="collapsed",
        )
        try:
            if chosen == "known":
                _known(api, translate)
            else:
                _decided(api, translate, waits=chosen == "open")
        except ApiError as error:
            failures.show(error, translate, key="retry_list")


def _decided(api: ApiClient, translate: Texts, *, waits: bool) -> None:
    with st.container(horizontal=True):
        outcome = None
        if not waits:
            outcome = _choice(
                translate("find.outcome"), get_args(DecisionKind), OUTCOME, translate, "decision"
            )
        grade = _choice(translate("find.grade"), [name for name, _ in GRADES], GRADE, translate)
    query = DecisionQuery(
        decision=outcome, grade=grade, review="open" if waits else None, limit=SHOWN, cursor=_page() or None
    )
    found: DecisionList = waiting.call(api.decisions, query)
    if not found.decisions:
        st.html(markup.notice("info", translate("find.nothing")))
        return
    with st.container(horizontal=True, gap="small", key="examples"):
        for each in found.decisions:
            kind = translate("find.simulated") if each.simulation else translate(f"decision.{each.decision}")
            label = translate("find.decided", id=each.SK_ID_CURR, decision=kind, grade=each.grade)
            _button(each.SK_ID_CURR, f"pick_{each.decision_id}", label)
    _turn(found.next, translate)


def _known(api: ApiClient, translate: Texts) -> None:
    with st.container(horizontal=True):
        prefix = st.text_input(
            translate("find.prefix"), key=PREFIX, max_chars=9, on_change=_first_page, width=200
        )
        age: Any = _choice(translate("find.age"), get_args(AgeBand), AGE, translate, "values")
    digits = "".join(character for character in prefix if character in "0123456789")
    found: ApplicantList = waiting.call(
        api.applicants, int(_page() or 0), SHOWN, id_prefix=digits, age_band=age
    )
    if not found.applicants:
        text = translate("find.nothing" if digits or age else "search.none_known")
        st.html(markup.notice("info", text))
        return
    st.caption(translate("search.examples", total=translate.number(found.total)))
    with st.container(horizontal=True, gap="small", key="examples"):
        for applicant in found.applicants:
            _button(applicant, f"pick_{applicant}", str(applicant))
    _turn(str(found.applicants[-1]) if len(found.applicants) == SHOWN else None, translate)


def _choice(
    label: str, options: Any, key: str, translate: Texts, names: str | None = None
) -> Any:  # one of the options, or None for all of them
    return st.selectbox(
        label,
        options,
        index=None,
        format_func=lambda each: translate(f"{names}.{each}") if names else str(each),
        placeholder=translate("find.any"),
        key=key,
        on_change=_first_page,
        width=200,
    )


def _button(applicant: int, key: str, label: str) -> None:
    st.button(label, key=key, on_click=st.session_state.__setitem__, args=(WANTED, str(applicant)))


def _turn(following: str | None, translate: Texts) -> None:
    """Draw the buttons to the page before and to the one after; cursors passed are kept, for they only go forward."""
    passed: list[str] = st.session_state.get(PAGES, [])
    with st.container(horizontal=True):
        paging.buttons(
            PAGES,
            translate,
            before=passed[:-1] if passed else None,
            after=[*passed, following] if following else None,
            key="page",
        )


def _page() -> str:
    passed: list[str] = st.session_state.get(PAGES, [])
    return passed[-1] if passed else ""


def _first_page() -> None:
    st.session_state[PAGES] = []
