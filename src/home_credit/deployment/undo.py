"""Undoing a rollout: what it changed, in memory and in a file, and the way back to what was live before.

The file is for a rollout that was killed: a cancelled workflow gives a process ten seconds, but steps that come
after it five minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, TypeAdapter, ValidationError

from home_credit import whole_file
from home_credit.errors import HomeCreditError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from home_credit.deployment.answers import Deploy
    from home_credit.deployment.render import Render

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
            whole_file.replace(self._file, TypeAdapter(list[Change]).dump_json(self.changes))

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
        self._rollbacks: list[Deploy] = []
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
        if change.requested:
            self._take_back(self._ours())

    def finish(self) -> None:
        """Wait until what was cancelled has ended, and what was live before is live again."""
        change, render = self._change, self._render
        if not change.requested:
            return
        if not self._found:
            # An answer may have been lost, and a deploy is listed late.
            self._take_back(render.listed_after(change.service_id, change.newest_before, change.version))
        self._wait()
        # One may have become live before it was cancelled, another may be listed only now.
        while self._take_back(self._ours()):
            self._wait()
        if self._rollbacks:
            self._say("rolled back")
        elif not self._kept:
            live = render.live_deploy(change.service_id)
            unseen = "" if self._found else f"; Render lists no deploy of {change.version}"
            self._say(f"{f'still runs {live.id}' if live else 'runs nothing, as before'}{unseen}")

    def _ours(self) -> list[Deploy]:
        """Return the listed deploys of the rollout, without those that undo it."""
        change = self._change
        listed = self._render.deploys_after(change.service_id, change.newest_before, change.version)
        rollbacks = {deploy.id for deploy in self._rollbacks}
        return [deploy for deploy in listed if deploy.id not in rollbacks]

    def _take_back(self, ours: list[Deploy]) -> bool:
        """Cancel deploys that are in progress, roll back one that is live; return whether there was one."""
        change, render = self._change, self._render
        self._found |= bool(ours)
        in_progress = [deploy for deploy in ours if deploy.in_progress]
        for deploy in in_progress:
            # It must not become live later.
            render.cancel(change.service_id, deploy.id)
        self._cancelled += in_progress
        live = render.live_deploy(change.service_id) if ours else None
        if live is None or live.id not in {deploy.id for deploy in ours}:
            return bool(in_progress)
        if change.before is None:
            if not self._kept:
                self._say(f"keeps {live.id}, for there is no earlier deploy to go back to")
            self._kept = True
            return bool(in_progress)
        deploy = render.roll_back(change.service_id, change.before)
        self._rollbacks.append(deploy)
        self._say(f"going back to {change.before} with {deploy.id}")
        return True

    def _wait(self) -> None:
        """Wait until what was cancelled has ended and the last rollback is live."""
        change, render = self._change, self._render
        while self._cancelled:
            render.wait_until_ended(change.service_id, self._cancelled.pop())
        if self._rollbacks:
            render.wait_until_live(render.service(change.service_id), self._rollbacks[-1])

    def _say(self, words: str) -> None:
        self._echo(f"{self._change.name}: {words}")
