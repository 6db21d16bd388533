"""What all pages share: style, navigation, language switch, API client, colours of the theme."""

from __future__ import annotations

import logging
from datetime import UTC
from functools import cache
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from home_credit import logs
from home_credit.client import ApiClient
from home_credit.config import Settings
from home_credit.dashboard import markup
from home_credit.dashboard.texts import Texts, texts
from home_credit.languages import LANGUAGES, Language

if TYPE_CHECKING:
    from datetime import tzinfo

    from streamlit.navigation.page import StreamlitPage

    from home_credit.dashboard.charts import Theme

logger = logging.getLogger(__name__)

LANGUAGE = "lang"  # key of the switch and name of the query parameter
SIDEBAR_WIDTH = 250  # pixels; on a phone it starts closed


def language() -> Texts:
    """Return the texts of the reader's language: that of the switch, else that of the address, else French."""
    chosen = st.session_state.get(LANGUAGE) or st.query_params.get(LANGUAGE)
    return texts(cast("Language", chosen) if chosen in LANGUAGES else LANGUAGES[0])


def theme() -> Theme:
    """Return the theme that the reader's browser shows; charts take their colours from it."""
    return "dark" if st.context.theme.type == "dark" else "light"


def page_setup() -> Texts:
    """Set up the page and return the texts of the chosen language."""
    _start_log()
    st.session_state.setdefault(LANGUAGE, language().language)
    translate = language()
    st.set_page_config(layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    # Screen readers choose their voice by the document's language.
    st.html(
        f"<script>document.documentElement.lang = '{translate.language}'</script>",
        unsafe_allow_javascript=True,
    )
    # The address holds the language, so that it can be shared; French, the default, needs no parameter.
    if translate.language == LANGUAGES[0]:
        st.query_params.pop(LANGUAGE, None)
    else:
        st.query_params[LANGUAGE] = translate.language
    return translate


def show_switch() -> None:
    """Draw the switch of the language, after the navigation: the browser does not know its page before that.

    A click before would be one on the first page.
    """
    translate = language()
    with st.sidebar:
        st.html(markup.brand(translate("app.name"), translate("app.purpose")))
        st.segmented_control(
            translate("language.label"),
            LANGUAGES,
            required=True,
            format_func=lambda code: translate(f"language.{code}"),
            key=LANGUAGE,
        )


def name_page(title: str) -> None:
    """Give the browser's tab the name of the page."""
    st.set_page_config(page_title=f"{title} — {language()('app.title')}")


def run(page: StreamlitPage) -> None:
    """Draw a page; a fault of ours is logged and told in our own words, without Streamlit's links elsewhere."""
    try:
        page.run()
    except Exception:  # whatever it is, the reader is told the same
        logger.exception("a page could not be drawn")
        st.html(markup.notice("error", language()("error.page")))


def remember_page(name: str, page: StreamlitPage) -> None:
    """Keep a page of the navigation, for :func:`link`."""
    st.session_state[f"page_{name}"] = page


def link(name: str, label: str, **parameters: str) -> None:
    """Draw a link to another page, with parameters of its address."""
    page: StreamlitPage | None = st.session_state.get(f"page_{name}")
    if page is not None:
        st.page_link(page, label=label, query_params=parameters)


@cache
def _start_log() -> None:
    """Write this package's log, without messages of exceptions, also where Streamlit itself was started."""
    if not logging.getLogger("home_credit").handlers:
        logs.configure()


def api() -> ApiClient:
    """Return the API client of this process, for the address in the settings."""
    settings = Settings()
    return _client(settings.api_url, settings.api_key)


@st.cache_resource(show_spinner=False)
def _client(base_url: str, api_key: str | None) -> ApiClient:
    return ApiClient(base_url, api_key)


def zone() -> tzinfo:
    """Return the reader's time zone as reported by the browser, else UTC."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
