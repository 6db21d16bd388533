"""The interface by which long jobs report progress; the caller decides how it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


class Progress(Protocol):
    """A callback with the name of a stage, the steps done and their total, ``None`` where it is not known."""

    def __call__(self, stage: str, done: int, total: int | None, /) -> None:
        """Report the progress of a stage."""


def silent(*_: object) -> None:
    """Ignore the progress."""


def counted(
    items: Iterable[T], progress: Progress, stage: str, total: int | None, *, every: int = 1
) -> Iterator[T]:
    """Yield ``items`` as they are, and report after each ``every`` of them, at the start and at the end."""
    done = 0
    progress(stage, done, total)
    for done, item in enumerate(items, 1):
        yield item
        if done % every == 0:
            progress(stage, done, total)
    progress(stage, done, total)
