"""How far a Spark job is, asked of Spark while the caller waits for it."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark import SparkContext

    from home_credit.progress import Progress

# Seconds between two questions.
INTERVAL = 0.5


@contextmanager
def watched(context: SparkContext, progress: Progress, stage: str) -> Iterator[None]:
    """Report the tasks of all jobs that run inside the block."""
    progress(stage, 0, None)
    ended = Event()
    watcher = Thread(target=_watch, args=(context, progress, stage, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(context: SparkContext, progress: Progress, stage: str, ended: Event) -> None:
    tracker = context.statusTracker()
    seen: dict[int, tuple[int, int]] = {}
    while not ended.wait(INTERVAL):
        seen |= {number: (total, total) for number, (_, total) in seen.items()}
        for number in tracker.getActiveStageIds():
            info = tracker.getStageInfo(number)
            if info is not None:
                seen[number] = (info.numCompletedTasks, info.numTasks)
        if seen:
            progress(stage, sum(done for done, _ in seen.values()), sum(total for _, total in seen.values()))
    tasks = sum(total for _, total in seen.values())
    if tasks:
        progress(stage, tasks, tasks)
