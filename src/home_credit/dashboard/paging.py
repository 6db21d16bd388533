"""The buttons of a list that is read page by page: cursors only lead forward, so those of the pages passed are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home_credit.dashboard.texts import Texts


def buttons(
    state: str,
    translate: Texts,
    *,
    before: Sequence[str | None] | None,
    after: Sequence[str | None] | None,
    key: str,
) -> None:
    """Draw the buttons to the page before and to the one after, each where there is one.

    ``before`` and ``after`` are the cursors that the session's ``state`` holds on these pages.
    """
    for name, cursors in (("before", before), ("after", after)):
        if cursors is not None:
            st.button(
                translate(f"find.{name}"),
                type="tertiary",
                on_click=st.session_state.__setitem__,
                args=(state, cursors),
                key=f"{key}_{name}",
            )
