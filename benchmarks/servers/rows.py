"""The rows of a table of hostile requests: what each gave, against its limits."""

from __future__ import annotations

import os
import platform
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from servers.raw import Reply


class Outcome(NamedTuple):
    """What a row gave: a text for the table, and what was wrong (empty: nothing)."""

    text: str
    wrong: str = ""


def statuses(replies: Iterable[Reply]) -> str:
    """Return how many answers had each status."""
    counts = Counter(reply.status for reply in replies)
    return ", ".join(f"{count} × {status or 'none'}" for status, count in counts.items())


def ended(closed: Sequence[bool], seconds: float) -> Outcome:
    """Return the outcome of connections that the server has to end within ``seconds``."""
    open_ = closed.count(False)
    text = f"{len(closed) - open_} of {len(closed)} ended"
    return Outcome(text, f"{open_} held for {seconds:.0f} s" if open_ else "")


def start_table() -> None:
    """Print the machine and the head of the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| row | answers | wall s | CPU s | peak MiB | missed |\n|---|---|---:|---:|---:|---|")


def row(name: str, outcome: Outcome, *, wall: float, cpu: float, peak: float, missed: Sequence[str]) -> bool:
    """Print a row and return whether it missed no limit."""
    print(
        f"| {name} | {outcome.text} | {wall:.1f} | {cpu:.1f} | {peak:.0f} | {'; '.join(missed)} |", flush=True
    )
    return not missed


def end_table(held: Sequence[bool]) -> int:
    """Print how many rows held, and return the exit code."""
    print(f"\n{sum(held)} of {len(held)} rows within their limits")
    return int(not all(held))
