"""Calls of the API that may take long: after two seconds the reader is told why, and every wait ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import streamlit as st

from home_credit.dashboard import markup, shell
from home_credit.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 2.0  # seconds without a word
LONGEST = 75.0  # seconds; a free hosting plan wakes a service within a minute
CALLS = 16  # at once, of all readers together


def call(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Return what ``function`` returns, and say so where that takes long; raises :class:`ApiError`."""
    translate = shell.language()
    running = _threads().submit(function, *arguments, **named)
    place = st.empty()
    try:
        with place, st.spinner(translate("wait.working")):
            try:
                return running.result(PATIENCE)
            except TimeoutError:
                pass
        place.html(markup.notice("info", translate("wait.slow")))
        try:
            return running.result(LONGEST - PATIENCE)
        except TimeoutError:
            raise ApiError(f"no answer within {LONGEST:.0f} s") from None
    finally:
        running.cancel()
        place.empty()


@st.cache_resource(show_spinner=False)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CALLS, thread_name_prefix="api")
