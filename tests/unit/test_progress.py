"""Progress: bars on a terminal, plain lines otherwise, nothing for quick jobs."""

from __future__ import annotations

import logging
import re
from io import StringIO
from time import monotonic, sleep

import pytest
from rich.console import Console

from home_credit import logs
from home_credit.cli.progress import MANY, shown
from home_credit.progress import counted


def console(*, terminal: bool) -> tuple[Console, StringIO]:
    written = StringIO()
    return Console(file=written, force_terminal=terminal, width=100), written


def wait_for(written: StringIO, words: str) -> None:
    deadline = monotonic() + 30
    while words not in written.getvalue():
        assert monotonic() < deadline
        sleep(0.01)


def test_without_a_terminal_there_is_a_line_for_the_start_and_each_tenth() -> None:
    to, written = console(terminal=False)
    with shown(to, patience=0.0) as progress:
        progress("rows", 0, 40)
        wait_for(written, "rows: 0 of 40")
        for done in range(41):
            progress("rows", done, 40)
    assert written.getvalue().splitlines() == [f"rows: {done} of 40" for done in range(0, 41, 4)]


def test_where_nobody_knows_the_total_a_line_comes_each_so_many() -> None:
    to, written = console(terminal=False)
    with shown(to, patience=0.0) as progress:
        progress("records", 0, None)
        wait_for(written, "records: 0")
        for _ in counted(range(3 * MANY), progress, "records", None, every=100):
            pass
    assert written.getvalue().splitlines() == [
        "records: 0",
        "records: 10,000",
        "records: 20,000",
        "records: 30,000",
    ]


def test_a_job_that_is_done_at_once_says_nothing() -> None:
    to, written = console(terminal=False)
    with shown(to, patience=60.0) as progress:
        progress("rows", 0, 1)
        progress("rows", 1, 1)
    assert written.getvalue() == ""


def test_a_slow_stage_is_named_although_it_reports_nothing_more() -> None:
    to, written = console(terminal=False)
    with shown(to, patience=0.05) as progress:
        progress("pages", 0, 1)
        assert written.getvalue() == ""
        wait_for(written, "pages: 0 of 1\n")


@pytest.mark.parametrize("fails", [False, True])
def test_on_a_terminal_each_stage_has_a_bar_that_is_taken_down(fails: bool) -> None:
    to, written = console(terminal=True)
    try:
        with shown(to) as progress:
            progress("tables", 0, 2)
            progress("tables", 2, 2)
            progress("rows", 0, 1_000)
            if fails:
                raise KeyboardInterrupt
            progress("rows", 1_000, 1_000)
    except KeyboardInterrupt:
        assert fails
    text = re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue())
    assert re.search(r"tables ━+ 2/2 \d:\d\d:\d\d", text)
    assert re.search(rf"rows ━+ {'   0' if fails else '1000'}/1000", text)
    # The cursor that a live display hides is there again.
    assert written.getvalue().rindex("\x1b[?25h") > written.getvalue().rindex("\x1b[?25l")


def test_counted_items_are_the_items() -> None:
    told: list[tuple[str, int, int | None]] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        told.append((stage, done, total))

    assert list(counted("abcde", progress, "letters", 5, every=2)) == list("abcde")
    assert told == [("letters", done, 5) for done in (0, 2, 4, 5)]
    told.clear()
    assert list(counted("", progress, "letters", 0)) == []
    assert told == [("letters", 0, 0), ("letters", 0, 0)]


def test_log_lines_go_to_standard_error_as_it_is_at_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("home_credit.test").warning("seen")
    assert '"event": "seen"' in capsys.readouterr().err
