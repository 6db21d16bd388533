"""Who uses the dashboard: everybody in a demo, with a banner that says so, or whoever holds its access key.

With ``DASHBOARD_KEY`` a page is shown after the key and a name were given; the name goes with reviews to the API as
``X-Reviewer``, which the dashboard's own API key must be allowed to (scope ``act-for``).
"""

from __future__ import annotations

import hmac
import time

import streamlit as st

from home_credit.config import Settings
from home_credit.dashboard import markup, shell
from home_credit.errors import ApiError

SIGNED_IN = "signed_in"  # the name that was given
PAUSE_SECONDS = 1.0  # before an answer to a wrong key
LONGEST_NAME = 100
KEPT_SECONDS = 60


def granted() -> bool:
    """Return whether this session may see pages; where it may not yet, draw the form that asks for the key."""
    key = Settings().dashboard_key
    if key is None:
        _banner()
        return True
    if st.session_state.get(SIGNED_IN):
        return True
    _ask(key)
    return False


def reviewer() -> str | None:
    """Return the name that goes with a review, ``None`` where nobody signed in."""
    name: str | None = st.session_state.get(SIGNED_IN)
    return name


def _banner() -> None:
    if _mode() == "demo":
        st.html(markup.notice("warning", shell.language()("access.demo")))


@st.cache_data(ttl=KEPT_SECONDS, show_spinner=False)
def _mode() -> str | None:
    try:
        return shell.api().access()
    except ApiError:
        return None  # the page itself tells that the API does not answer


def _ask(key: str) -> None:
    translate = shell.language()
    st.title(translate("access.title"), anchor=False)
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
