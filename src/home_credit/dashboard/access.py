"""Who may use the dashboard, and how they enter.

- By OpenID Connect where the sign-in is configured: name and role are the provider's.
- Else with ``DASHBOARD_KEY``: whoever holds the key gives a name.
- Else everybody in a demo and everybody on this machine, with a banner that says so, and nobody otherwise.

The name goes with reviews to the API as ``X-Reviewer``, which the dashboard's own API key must be allowed to (scope
``act-for``).
"""

from __future__ import annotations

import hmac
import logging
import time

import streamlit as st
from streamlit.errors import StreamlitAuthError, StreamlitMissingAuthlibError

from home_credit.config import Settings
from home_credit.dashboard import failures, markup, oidc, shell
from home_credit.dashboard.roles import LONGEST_NAME, PAGES, Person, RefusedSignInError, person_of
from home_credit.errors import ApiError

logger = logging.getLogger(__name__)

SIGNED_IN = "signed_in"  # the name that was given with the key
ENTERED = "entered"  # this session was open before
PERSON = "person"
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")  # set by proxies
PAUSE_SECONDS = 1.0  # before an answer to a wrong key
KEPT_SECONDS = 60


def entered() -> Person | None:
    """Return who sees the pages, ``None`` where :func:`ask` has to be drawn instead."""
    settings, person = Settings(), None
    if oidc.configured(settings):
        person = _signed_in(settings)
    elif settings.dashboard_key is not None:
        if name := st.session_state.get(SIGNED_IN):
            person = Person("reviewer", name, name)
    elif _open():
        person = Person("reviewer")
    st.session_state[PERSON] = person
    return person


def reviewer() -> str | None:
    """Return the name that goes with a review, ``None`` where nobody signed in."""
    person: Person | None = st.session_state.get(PERSON)
    return person.identity if person else None


def ask() -> None:
    """Draw what somebody who may not see pages yet can do about it."""
    settings, translate = Settings(), shell.language()
    st.title(translate("access.title"), anchor=False)
    if oidc.configured(settings):
        _offer_sign_in(settings)
    elif settings.dashboard_key is not None:
        _ask_key(settings.dashboard_key)
    else:
        _tell_closed()


def refuse() -> None:
    """Draw the page of an address that the role does not include, with the way to those that it does."""
    translate = shell.language()
    person: Person = st.session_state[PERSON]
    st.title(translate("access.title"), anchor=False)
    role = translate(f"access.role_{person.role}")
    st.html(markup.notice("warning", translate("access.refused", role=role)))
    with st.container(horizontal=True):
        for name in PAGES[person.role]:
            shell.link(name, translate(f"pages.{name}"))


def show_person(person: Person) -> None:
    """Draw who is signed in, or that nobody needs to be."""
    translate = shell.language()
    if person.identity is None:
        local = _on_this_machine() and _known_mode() != "demo"
        st.html(
            markup.strip("info" if local else "warning", translate(f"access.{'local' if local else 'demo'}"))
        )
        return
    with st.sidebar:
        identity = person.identity if person.identity != person.name else ""
        st.html(markup.person(person.name, identity, translate(f"access.role_{person.role}")))
        st.button(translate("access.leave"), on_click=_leave, key="leave")


def _signed_in(settings: Settings) -> Person | None:
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        return None
    try:
        return person_of(claims, settings, time.time())
    except RefusedSignInError:
        return None


def _offer_sign_in(settings: Settings) -> None:
    translate, claims = shell.language(), st.user.to_dict()
    if claims.get("is_logged_in"):
        try:
            person_of(claims, settings, time.time())
        except RefusedSignInError as refused:
            st.html(markup.notice("warning", translate(f"access.{refused.reason}")))
            st.button(translate("access.leave"), on_click=_leave, key="leave")
    else:
        st.html(markup.notice("info", translate("access.sign_in_first")))
    if st.button(translate("access.sign_in"), type="primary", key="sign_in"):
        try:
            st.login()
        except (StreamlitAuthError, StreamlitMissingAuthlibError):
            logger.exception("the sign-in is not set up")
            st.html(markup.notice("error", translate("access.sign_in_fails")))


def _leave() -> None:
    st.session_state.clear()
    if oidc.configured(Settings()):
        st.logout()


def _on_this_machine() -> bool:
    """Return whether the browser runs here, as far as the connection tells; a proxy here passes others on."""
    headers = st.context.headers
    return st.context.ip_address is None and not any(name in headers for name in FORWARDED)


def _open() -> bool:
    """Return whether everybody may enter: on this machine, or where the API itself is a demo.

    Where the API cannot be asked, a session that was open before stays so.
    """
    if not _on_this_machine():
        try:
            st.session_state[ENTERED] = _mode() == "demo"
        except ApiError:
            return bool(st.session_state.get(ENTERED))
        return bool(st.session_state[ENTERED])
    return True


def _tell_closed() -> None:
    translate = shell.language()
    try:
        _mode()
    except ApiError as error:
        failures.show(error, translate)
    else:
        st.html(markup.notice("warning", translate("access.closed"), translate("access.closed_how")))


def _known_mode() -> str | None:
    try:
        return _mode()
    except ApiError:
        return None  # the page itself tells that the API does not answer


def _mode() -> str:
    return _mode_at(Settings().api_url)


@st.cache_resource(ttl=KEPT_SECONDS, show_spinner=False)
def _mode_at(api_url: str) -> str:  # noqa: ARG001  # what the answer is kept by
    return shell.api().access()


def _ask_key(key: str) -> None:
    translate = shell.language()
    with st.form("access"):
        name = st.text_input(translate("access.name"), max_chars=LONGEST_NAME, autocomplete="name")
        given = st.text_input(translate("access.key"), type="password", autocomplete="current-password")
        sent = st.form_submit_button(translate("access.enter"), type="primary")
    if not sent:
        return
    if not name.strip():
        st.html(markup.notice("warning", translate("access.name_missing")))
    elif hmac.compare_digest(given.encode(), key.encode()):
        st.session_state[SIGNED_IN] = " ".join(name.split())
        st.rerun()
    else:
        time.sleep(PAUSE_SECONDS)
        st.html(markup.notice("error", translate("access.wrong")))
