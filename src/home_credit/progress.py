"""How long work says how far it is; who shows it, and how, is the caller's matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


class Progress(Protocol):
    """Takes the name of a stage, what of it is done, and how much there is: ``None`` where nobody knows."""

    def __call__(self, stage: str, done: int, total: int | None, /) -> None:
        """Take how far the work is."""


def silent(*_: object) -> None:
    """Show nothing."""


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
