"""Page *📊 Data Drift*: the drift report, or how to create it."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from home_credit.config import Settings
from home_credit.dashboard import shell

REPORT = "evidently_full_report.html"
NOTEBOOK = "notebooks/04_Drift_Evidently.ipynb"
COMMAND = "home-credit drift --reference DIR --current DIR --out {out}"
FRAME_HEIGHT = 1050  # pixels of the report; the style sheet scales it down


def show() -> None:
    """Draw the page."""
    translate, folder = shell.language(), Settings().reports
    report = folder / REPORT
    st.title(translate("drift.heading"), anchor=False)
    st.write(translate("drift.intro"))
    if not report.is_file():
        st.info(translate("drift.absent"))
        st.write(translate("drift.absent_how"))
        st.caption(translate("drift.absent_notebook"))
        st.code(NOTEBOOK, language=None, wrap_lines=True)
        st.caption(translate("drift.absent_command"))
        st.code(COMMAND.format(out=folder), language=None, wrap_lines=True)
        st.caption(translate("drift.absent_place"))
        st.code(str(report), language=None, wrap_lines=True)
        return
    facts = report.stat()
    made = datetime.fromtimestamp(facts.st_mtime, UTC)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            translate("drift.made_on", time=translate.time(made, shell.zone()))
            + " · "
            + translate("drift.size", size=translate.number(facts.st_size / 1e6, 1)),
            width="content",
        )
        st.download_button(
            translate("drift.download"),
            data=report.read_bytes,
            file_name=REPORT,
            mime="text/html",
            on_click="ignore",
        )
    with st.container(key="report"):
        st.iframe(report, height=FRAME_HEIGHT, alt=translate("drift.frame_alt"))
