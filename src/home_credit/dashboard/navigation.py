"""The pages, and which of them a person finds in the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import (
    access,
    client_page,
    compare_page,
    drift_page,
    model_page,
    portfolio_page,
    reviews_page,
    shell,
    what_if_page,
)
from home_credit.dashboard.links import ADDRESSES, FIRST

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.navigation.page import StreamlitPage

    from home_credit.dashboard.roles import Person

# By the name of a page, what draws it.
PAGES: dict[str, Callable[[], None]] = {
    "client": client_page.show,
    "compare": compare_page.show,
    "simulate": what_if_page.show,
    "reviews": reviews_page.show,
    "drift": drift_page.show,
    "model": model_page.show,
    "portfolio": portfolio_page.show,
}


def page_of(person: Person | None) -> StreamlitPage:
    """Return the page of the address, and draw the navigation.

    Every address stays known. One that ``person`` may not see is not in the navigation and refuses; where nobody has
    entered yet, every address asks to.
    """
    pages = {name: _page(name, person) for name in PAGES}
    shown: StreamlitPage = st.navigation(list(pages.values()), position="top")
    for name, each in pages.items():
        if person and person.may_see(name):
            shell.remember_page(name, each)
    if person and shown is pages[FIRST] and not person.may_see(FIRST) and "client" not in st.query_params:
        st.switch_page(next(each for name, each in pages.items() if person.may_see(name)))
    return shown


def _page(name: str, person: Person | None) -> StreamlitPage:
    show = PAGES[name]
    allowed = person is not None and person.may_see(name)
    if not allowed:
        show = access.ask if person is None else access.refuse
    title = shell.language()(f"pages.{name}" if allowed else "access.title")
    return st.Page(
        show,
        title=title,
        url_path=ADDRESSES[name] or None,
        default=name == FIRST,
        visibility="visible" if allowed else "hidden",
    )
