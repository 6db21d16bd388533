"""Server processes on Linux: started on one core, paused, limited, measured and ended with all their children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TICKS = os.sysconf("SC_CLK_TCK")
CGROUPS = Path("/sys/fs/cgroup/cpu")
STOP_SECONDS = 15


@dataclass(slots=True)
class Server:
    """A running server, the leader of a process group of its own."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def processes(self) -> list[Path]:
        """Return the /proc folders of the server's processes."""
        return [Path(f"/proc/{self.process.pid}"), *_descendants(self.process.pid)]

    def cpu_seconds(self) -> float:
        """Return user and system time, ended children included."""
        # After the name in brackets: utime, stime and those of ended children are fields 14 to 17 of proc(5).
        fields = [text.rpartition(")")[2].split() for text in self._read("stat")]
        return sum(int(ticks) for each in fields for ticks in each[11:15]) / TICKS

    def peak_mib(self) -> float:
        """Return the sum of the peak resident sets of the processes."""
        lines = [line for text in self._read("status") for line in text.splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

    def reset_peak(self) -> None:
        """Let :meth:`peak_mib` count from now on."""
        for process in self.processes():
            (process / "clear_refs").write_text("5")

    def pause(self) -> None:
        """Stop all processes, so that an idle server takes no CPU time from the measured one."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> float:
        """End the server with SIGTERM, by force after some seconds; return the seconds that it took."""
        began = time.monotonic()
        if self.running:
            self.resume()
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                print(f"{self.name} does not end within {STOP_SECONDS} s and is killed", file=sys.stderr)
        took = time.monotonic() - began
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return took

    def end_of_log(self) -> str:
        return self.log.read_text(errors="replace")[-2_000:]

    def _read(self, name: str) -> list[str]:
        texts = []
        for process in self.processes():
            try:
                texts.append((process / name).read_text())
            except OSError:  # it has ended
                continue
        return texts


def start(
    name: str,
    command: Sequence[str | Path],
    port: int,
    log: Path,
    *,
    core: int | None,
    environment: Mapping[str, str],
    folder: Path,
) -> Server:
    """Start a server, on one core where one is given, with one thread per numeric library."""
    pinned = ["taskset", "--cpu-list", str(core)] if core is not None else []
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*pinned, *map(str, command)],
            cwd=folder,
            env={**os.environ, **threads, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(name, process, port, log)


@contextmanager
def limited(server: Server, cores: float) -> Iterator[None]:
    """Limit a server to a share of a core, by a quota of the kernel's scheduler (cgroup, version 1)."""
    group = CGROUPS / f"home-credit-{server.process.pid}"
    group.mkdir()
    try:
        (group / "cpu.cfs_period_us").write_text("100000")
        (group / "cpu.cfs_quota_us").write_text(str(int(100_000 * cores)))
        for process in server.processes():
            (group / "cgroup.procs").write_text(process.name)
        yield
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            (CGROUPS / "cgroup.procs").write_text(pid)
        group.rmdir()


def _descendants(parent: int) -> Iterator[Path]:
    for task in Path("/proc").glob(f"{parent}/task/*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield Path(f"/proc/{child}")
            yield from _descendants(int(child))
