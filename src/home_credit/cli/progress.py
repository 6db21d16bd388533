"""Progress of long work, on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def progress(label: str) -> Callable[[int, int], None]:
    """Return a callback that shows done / total: a bar on a terminal, a line each tenth otherwise."""
    terminal = sys.stderr.isatty()
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        tenth = 10 * done // max(total, 1)
        if terminal:
            bar = "█" * (30 * done // max(total, 1))
            sys.stderr.write(f"\r{bar:<30} {done:,}/{total:,} {label}" + ("\n" if done >= total else ""))
            sys.stderr.flush()
        elif tenth != shown:
            shown = tenth
            sys.stderr.write(f"{done:,} of {total:,} {label}\n")

    return show
