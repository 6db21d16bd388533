"""Progress of long jobs on standard error: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from home_credit.progress import Progress

# Steps per line where the total is not known.
MANY = 10_000
# Seconds without output at the start of a job, so that an error found at once is the only line.
PATIENCE = 2.0


@contextmanager
def shown(console: Console | None = None, patience: float = PATIENCE) -> Iterator[Progress]:
    """Yield a progress callback that shows the stages of a job, on standard error unless ``console`` is given."""
    from rich import console as rich
    from rich import progress as bars

    console = console or rich.Console(stderr=True)
    if not console.is_terminal:
        lines = _Lines(console, patience)
        try:
            yield lines
        finally:
            lines.stop()
        return
    live = bars.Progress(
        bars.SpinnerColumn(finished_text=" "),
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        console=console,
        # Output of a command goes to standard output, not to the console of the bar.
        redirect_stdout=False,
    )
    try:
        yield _Bars(live)
    finally:
        live.stop()


class _Lines:
    """Prints a line per stage and per tenth of it, once the job has run for ``patience`` seconds."""

    def __init__(self, console: Console, patience: float) -> None:
        self._console = console
        self._reached: dict[str, int] = {}
        self._line = ""
        self._waits = True
        self._lock = Lock()
        self._timer = Timer(patience, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def __call__(self, stage: str, done: int, total: int | None, /) -> None:
        reached = done // MANY if total is None else 10 * done // max(total, 1)
        with self._lock:
            if self._reached.get(stage) != reached:
                self._reached[stage] = reached
                self._line = f"{stage}: {done:,}" + ("" if total is None else f" of {total:,}")
                if not self._waits:
                    self._console.out(self._line, highlight=False)

    def _begin(self) -> None:
        with self._lock:
            self._waits = False
            if self._line:
                self._console.out(self._line, highlight=False)

    def stop(self) -> None:
        self._timer.cancel()


class _Bars:
    """Draws a bar for each stage; a finished bar stays on the screen."""

    def __init__(self, live: Bars) -> None:
        self._live = live
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int | None, /) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._live.add_task(stage, total=total)
            self._live.start()
        self._live.update(self._tasks[stage], completed=done, total=total)
        if total is not None and done >= total:
            self._live.stop()
            self._live.remove_task(self._tasks.pop(stage))
