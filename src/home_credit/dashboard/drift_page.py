"""Page *📊 Data Drift*: the stored verdict in words, then the drift report, or how to create it.

Verdict and report were written by one comparison, so they count by one rule; the page counts nothing itself.
"""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from home_credit.config import Settings
from home_credit.dashboard import failures, markup, plots, shell, waiting
from home_credit.errors import ApiError

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.dashboard.texts import Texts
    from home_credit.schemas import Text
    from home_credit.schemas.verdicts import Cause, StoredVerdict

REPORT = "evidently_full_report.html"
NOTEBOOK = "notebooks/04_Drift_Evidently.ipynb"
COMMAND = "home-credit drift --reference DIR --current DIR --out {out}"
FRAME_HEIGHT = 1050  # pixels of the report; the style sheet scales it down
LARGEST = 20_000_000  # bytes of a report that is sent to a browser
NOT_FOUND = 404
DRAWN_SECONDS = 0.5


def show() -> None:
    """Draw the page."""
    translate, api, folder = shell.language(), shell.api(), Settings().reports
    st.title(translate("drift.heading"), anchor=False)
    try:
        verdict = waiting.call(api.drift_verdict)
    except ApiError as error:
        if error.status == NOT_FOUND:
            st.html(markup.paragraph(translate("drift.no_verdict")))
        else:
            failures.show(error, translate)
    else:
        _verdict(verdict, translate)
    st.header(translate("drift.report"), anchor=False)
    _report(folder / REPORT, folder, translate)


def _verdict(verdict: StoredVerdict, translate: Texts) -> None:
    def said(text: Text | None) -> str:
        return "" if text is None else translate.of(text)

    made = verdict.made_at
    now, before = translate.number(verdict.current_rows), translate.number(verdict.reference_rows)
    details = [
        translate("drift.made_on", time=translate.time(made, shell.zone())) if made else "",
        translate("drift.rows", now=now, before=before),
    ]
    sentences = [said(text).rstrip(".") for text in (verdict.summary, verdict.advice) if text]
    st.html(
        markup.banner(
            "declined" if verdict.alarm else "approved",
            translate("drift.alarm" if verdict.alarm else "drift.calm"),
            "".join(f"{sentence}. " for sentence in sentences).strip(),
            [each for each in details if each],
        )
    )
    material = [cause for cause in verdict.causes if cause.material]
    if material:
        heads = [translate(f"drift.{head}") for head in ("what", "since", "todo")]
        rows = [_cause(each, translate) for each in material]
        st.html(markup.table(translate("drift.causes"), heads, rows))
    _figures(verdict, translate)
    changed = [column for column in verdict.columns if column.status != "none"]
    if changed:
        with st.expander(translate("drift.columns", count=len(changed))):
            st.caption(translate("drift.columns_caption"))
            rows = [
                (
                    f"{escape(said(each.label) or each.column)}<br>{markup.code(each.column)}",
                    escape(translate(f"drift.{each.status}")),
                    translate.number(each.psi, 3),
                )
                for each in changed
            ]
            heads = [translate(f"drift.{head}") for head in ("column", "change", "psi")]
            st.html(markup.table(translate("drift.columns_table"), heads, rows, titled=False))
    # The last comparison of a day stands for it: bars of one day would be added up.
    by_day = {point.made_at.date().isoformat(): point.causes for point in verdict.trend}
    if len(by_day) > 1:
        st.subheader(translate("drift.trend"), anchor=False)
        values = [{"x": day, "y": causes, "kind": translate("drift.share")} for day, causes in by_day.items()]
        st.vega_lite_chart(
            spec=plots.stacked(values, [translate("drift.share")], translate, shell.theme()),
            theme=None,
            alt=translate("drift.trend_alt", count=len(values)),
        )


def _cause(cause: Cause, translate: Texts) -> tuple[str, ...]:
    since = cause.since.isoformat() if cause.since else translate("reviews.none")
    text = translate.of(cause.text)
    if cause.acknowledged:
        text = f"{text} {translate('drift.acknowledged')}"
    return (
        markup.emphasised(translate.of(cause.label), text),
        escape(since),
        escape(translate(f"drift.action_{cause.action}")),
    )


def _figures(verdict: StoredVerdict, translate: Texts) -> None:
    named = {each.name: each for each in verdict.figures}
    tiles = [
        (
            translate(f"drift.{name}"),
            translate.percent(named[name].now),
            translate("drift.before", value=translate.percent(named[name].before)),
        )
        for name in ("mean_probability", "approval_rate", "review_rate")
        if name in named
    ]
    estimate = verdict.performance
    if estimate is not None:
        unsure = "" if estimate.reliable else f". {translate.of(estimate.note)}"
        tiles.append(
            (
                translate("drift.auc"),
                translate.number(estimate.auc.value, 3),
                translate("drift.before", value=translate.number(estimate.auc_at_training, 3)) + unsure,
            )
        )
    if tiles:
        st.html(markup.figures(tiles))


def _report(report: Path, folder: Path, translate: Texts) -> None:
    if not report.is_file():
        st.html(markup.notice("info", translate("drift.absent"), translate("drift.absent_how")))
        for caption, line in (
            ("drift.absent_notebook", NOTEBOOK),
            ("drift.absent_command", COMMAND.format(out=folder)),
            ("drift.absent_place", str(report)),
        ):
            st.caption(translate(caption))
            st.code(line, language=None, wrap_lines=True)
        return
    size = report.stat().st_size
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(translate("drift.size", size=translate.number(size / 1e6, 1)), width="content")
        st.download_button(
            translate("drift.download"),
            data=report.read_bytes,
            file_name=REPORT,
            mime="text/html",
            on_click="ignore",
        )
    if not _is_text(report, size):
        st.html(markup.notice("warning", translate("drift.unreadable")))
        return
    # A browser draws nothing while it takes millions of bytes in: what stands above is drawn first.
    time.sleep(DRAWN_SECONDS)
    with st.container(key="report"):
        st.iframe(report, height=FRAME_HEIGHT, alt=translate("drift.frame_alt"))


def _is_text(report: Path, size: int) -> bool:
    """Return whether the report can be shown: text in UTF-8, of a size that a browser opens."""
    if size > LARGEST:
        return False
    try:
        report.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return False
    return True
