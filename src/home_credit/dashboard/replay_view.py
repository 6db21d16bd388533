"""What a replay of a recorded decision found: the same, the same in other words, or a difference."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.dashboard import markup

if TYPE_CHECKING:
    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import Replay


def show(replayed: Replay, translate: Texts) -> None:
    """Draw what the replay found."""
    if not replayed.identical:
        fields = ", ".join(translate(f"replay.{name}") for name in replayed.differences)
        st.html(markup.notice("warning", translate("replay.differs", fields=fields)))
    elif replayed.reworded:
        _reworded(replayed, translate)
    else:
        st.html(markup.notice("info", translate("replay.identical")))


def _reworded(replayed: Replay, translate: Texts) -> None:
    """Say that only words have changed since, and show the earlier ones beside those of today."""
    before, now = replayed.recorded.reasons, replayed.recomputed.reasons
    count, total = translate.number(replayed.reworded), translate.number(len(before))
    st.html(markup.notice("info", translate("replay.reworded", count=count, total=total)))
    rows = [
        (escape(translate.of(then.text)), escape(translate.of(today.text)))
        for then, today in zip(before, now, strict=True)
        if then.text != today.text
    ]
    st.html(
        markup.table(translate("replay.words"), (translate("replay.then"), translate("replay.today")), rows)
    )
