"""How far long work is, on standard error: a bar on a terminal, plain lines otherwise."""

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

# Where nobody knows how much there is, a line each so many.
MANY = 10_000
# Seconds that a job may be silent: a mistake found at once is one line on standard error, and no other.
PATIENCE = 2.0


@contextmanager
def shown(console: Console | None = None, patience: float = PATIENCE) -> Iterator[Progress]:
    """Yield what shows the stages of a job, on standard error unless another console is given."""
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
        # What a verb prints goes where it is sent, not to the console of the bar.
        redirect_stdout=False,
    )
    try:
        yield _Bars(live)
    finally:
        live.stop()


class _Lines:
    """A line at the start of each stage and for each tenth of it, once the job has lasted for ``patience`` seconds."""

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
    """A bar for each stage; one that is whole stays on the screen as it is."""

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
