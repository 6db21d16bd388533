"""Page *📊 Data Drift*: the drift report as it was made, or how to make it."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from home_credit.config import Settings
from home_credit.dashboard import shell

REPORT = "evidently_full_report.html"
NOTEBOOK = "notebooks/04_Drift_Evidently.ipynb"
COMMAND = "home-credit drift --reference DIR --current DIR --out {out}"
FRAME_HEIGHT = 1050  # pixels of the report, which the style sheet shows smaller


def show() -> None:
    """Draw the page."""
    say, folder = shell.language(), Settings().reports
    report = folder / REPORT
    st.title(say("drift.heading"), anchor=False)
    st.write(say("drift.intro"))
    if not report.is_file():
        st.info(say("drift.absent"))
        st.write(say("drift.absent_how"))
        st.caption(say("drift.absent_notebook"))
        st.code(NOTEBOOK, language=None, wrap_lines=True)
        st.caption(say("drift.absent_command"))
        st.code(COMMAND.format(out=folder), language=None, wrap_lines=True)
        st.caption(say("drift.absent_place"))
        st.code(str(report), language=None, wrap_lines=True)
        return
    facts = report.stat()
    made = datetime.fromtimestamp(facts.st_mtime, UTC)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            say("drift.made_on", time=say.time(made, shell.zone()))
            + " · "
            + say("drift.size", size=say.number(facts.st_size / 1e6, 1)),
            width="content",
        )
        st.download_button(
            say("drift.download"),
            data=report.read_bytes,
            file_name=REPORT,
            mime="text/html",
            on_click="ignore",
        )
    with st.container(key="report"):
        st.iframe(report, height=FRAME_HEIGHT, alt=say("drift.frame_alt"))
