"""Undoing a rollout: what it changed, in memory and in a file, and the way back to what was live before.

The file is for a rollout that was killed: a cancelled workflow gives a process ten seconds, but steps that come
after it five minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, TypeAdapter, ValidationError

from home_credit.errors import HomeCreditError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from home_credit.deployment.render import Deploy, Render

API_URL = "API_URL"


class Change(BaseModel):
    """The changes of a rollout to one service, with what is needed to undo them.

    ``before`` is the deploy that was live, ``newest_before`` the newest one, ``version`` the image or commit that
    the rollout deploys, ``requested`` whether a deploy may have been started.
    """

    service_id: str
    name: str
    version: str
    before: str | None = None
    newest_before: str | None = None
    api_url_before: str | None = None
    api_url_set: bool = False
    requested: bool = False


class Journal:
    """The changes of a rollout in their order, kept in ``file`` where one is given."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.changes: list[Change] = []

    @classmethod
    def read(cls, file: Path) -> Journal:
        """Return what a rollout left in its file; raises :class:`UsageError` where it is none."""
        journal = cls(file)
        if file.exists():
            try:
                journal.changes = TypeAdapter(list[Change]).validate_json(file.read_bytes())
            except ValidationError:
                raise UsageError(f"{file} is not the journal of a rollout") from None
        return journal

    def add(self, change: Change) -> None:
        """Add a change that is about to be made."""
        self.changes.append(change)
        self.save()

    def save(self) -> None:
        """Write the changes to the file, all or none."""
        if self._file:
            written = self._file.with_suffix(".new")
            written.write_bytes(TypeAdapter(list[Change]).dump_json(self.changes))
            written.replace(self._file)

    def close(self) -> None:
        """Forget the changes: they stay, or are undone."""
        self.changes = []
        if self._file:
            self._file.unlink(missing_ok=True)


def undo(render: Render, journal: Journal, echo: Callable[[str], None]) -> bool:
    """Undo the changes, last one first; return whether all of them are undone, and ``echo`` which are not.

    Little time may be left after an interrupt, so all rollbacks are started before any is awaited. It can be
    repeated: what is undone already stays as it is.
    """
    ways_back = [_WayBack(render, change, echo) for change in reversed(journal.changes)]
    for way in ways_back:
        way.attempt(way.start)
    for way in ways_back:
        way.attempt(way.finish)
    complete = not any(way.failed for way in ways_back)
    if complete:
        journal.close()
    return complete


class _WayBack:
    """One service on its way back."""

    def __init__(self, render: Render, change: Change, echo: Callable[[str], None]) -> None:
        self._render, self._change, self._echo = render, change, echo
        self._cancelled: list[Deploy] = []
        self._deploy: Deploy | None = None
        self._found = self._kept = self.failed = False

    def attempt(self, step: Callable[[], None]) -> None:
        """Take a step unless an earlier one failed; where it fails, say what is left to do."""
        if self.failed:
            return
        try:
            step()
        except HomeCreditError as error:
            self.failed = True
            target = f" to {self._change.before}" if self._change.before else ""
            self._say(
                f"NOT rolled back ({error}); roll it back{target} in the Render Dashboard, under Events"
            )

    def start(self) -> None:
        """Restore API_URL, cancel what is in progress, and start the rollback of what is live."""
        change, render = self._change, self._render
        if change.api_url_set:
            render.set_variable(change.service_id, API_URL, change.api_url_before)
            self._say(f"{API_URL} as it was")
        if not change.requested:
            return
        self._take_back(render.deploys_after(change.service_id, change.newest_before, change.version))

    def finish(self) -> None:
        """Wait until what was cancelled has ended, and what was live before is live again."""
        change, render = self._change, self._render
        if change.requested and not self._found:
            # An answer may have been lost, and a deploy is listed late.
            self._take_back(render.listed_after(change.service_id, change.newest_before, change.version))
        ended = [render.wait_until_ended(change.service_id, deploy) for deploy in self._cancelled]
        if self._deploy is None:
            # One may have become live before it was cancelled.
            self._roll_back_if_live(ended)
        if self._deploy is not None:
            render.wait_until_live(render.service(change.service_id), self._deploy)
            self._say("rolled back")
            return
        if change.requested and not self._kept:
            live = render.live_deploy(change.service_id)
            self._say(f"still runs {live.id}" if live else "runs nothing, as before")

    def _take_back(self, ours: list[Deploy]) -> None:
        self._found = bool(ours)
        for deploy in ours:
            if deploy.in_progress:
                # It must not become live later.
                self._render.cancel(self._change.service_id, deploy.id)
                self._cancelled.append(deploy)
        self._roll_back_if_live(ours)

    def _roll_back_if_live(self, ours: list[Deploy]) -> None:
        change, render = self._change, self._render
        live = render.live_deploy(change.service_id) if ours else None
        if live is None or live.id not in {deploy.id for deploy in ours}:
            return
        if change.before is None:
            self._kept = True
            self._say(f"keeps {live.id}, for there is no earlier deploy to go back to")
            return
        self._deploy = render.roll_back(change.service_id, change.before)
        self._say(f"going back to {change.before} with {self._deploy.id}")

    def _say(self, words: str) -> None:
        self._echo(f"{self._change.name}: {words}")
