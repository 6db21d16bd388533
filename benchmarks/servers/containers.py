"""A service in the file system of its built image, limited to a share of a core and of memory (cgroup, version 1).

Only the service's own process is in the group: no engine of containers starts it, and the browser or client that measures
it is outside. Needs root, buildah and the images.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from servers.processes import Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CGROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds of the kernel's scheduler (CFS), the default of Kubernetes and Docker
# The group is joined last, so that it pays for the service alone; env then has the image's own environment.
START = """
mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/tmp" && chmod 1777 "$1/tmp" || exit
root=$1 user=$2 folder=$3
shift 3
while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done
shift
exec chroot --userspec="$user" "$root" env --ignore-environment --chdir="$folder" "$@"
"""


def buildah(*arguments: str) -> str:
    """Run buildah and return what it prints."""
    return subprocess.run(
        ["buildah", *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


@dataclass(frozen=True, slots=True)
class Image:
    """A container's file system, and what the image says about its process."""

    root: Path
    command: list[str]
    environment: list[str]
    user: str
    folder: str


@contextmanager
def mounted(image: str) -> Iterator[Image]:
    """Mount a new container of an image until the context ends."""
    container = buildah("from", "--pull-never", image)
    try:
        config = json.loads(buildah("inspect", container))["Docker"]["config"]
        root = Path(buildah("mount", container))
        yield Image(root, config["Cmd"], config["Env"], config["User"], config["WorkingDir"])
    finally:
        buildah("rm", container)


class Service(NamedTuple):
    """A service on this machine's network."""

    name: str
    port: int
    log: Path


class Share(NamedTuple):
    """What a service may use."""

    cores: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Group:
    """The cgroups of one service, below those of this process."""

    cpu: Path
    memory: Path

    def throttled_seconds(self) -> float:
        """Return how long the service was kept waiting for its share."""
        lines = dict(line.split() for line in (self.cpu / "cpu.stat").read_text().splitlines())
        return int(lines["throttled_time"]) / 1e9

    def peak_mib(self) -> float:
        """Return the most memory that the kernel charged, cached files included."""
        return int((self.memory / "memory.max_usage_in_bytes").read_text()) / 2**20

    def ended_for_memory(self) -> bool:
        """Return whether the kernel killed a process of the group for its memory."""
        lines = dict(line.split() for line in (self.memory / "memory.oom_control").read_text().splitlines())
        return lines["oom_kill"] != "0"


@contextmanager
def group(name: str, share: Share) -> Iterator[Group]:
    """Make the cgroups of a service, and remove them when it has ended."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    own = {controller: path for _, controllers, path in lines for controller in controllers.split(",")}
    cpu, memory = (CGROUPS / kind / own[kind].lstrip("/") / name for kind in ("cpu", "memory"))
    made = Group(cpu, memory)
    try:
        cpu.mkdir()
        memory.mkdir()
        (cpu / "cpu.cfs_period_us").write_text(str(PERIOD))
        (cpu / "cpu.cfs_quota_us").write_text(str(int(PERIOD * share.cores)))
        (memory / "memory.limit_in_bytes").write_text(str(share.memory_bytes))
        yield made
    finally:
        for folder in (cpu, memory):
            if folder.exists():
                folder.rmdir()


@contextmanager
def running(service: Service, image: Image, groups: Group, settings: Mapping[str, str]) -> Iterator[Server]:
    """Run an image's command by its own user, in its own file system and in the groups, until the context ends."""
    given = [*image.environment, *(f"{key}={value}" for key, value in settings.items())]
    arguments = [str(image.root), image.user, image.folder, str(groups.cpu), str(groups.memory), "--"]
    line = ["unshare", "--mount", "--propagation", "private", "sh", "-c", START, "sh", *arguments]
    with service.log.open("wb") as output:
        process = subprocess.Popen(
            [*line, *given, *image.command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(service.name, process, service.port, service.log)
    try:
        yield server
    finally:
        server.stop()
