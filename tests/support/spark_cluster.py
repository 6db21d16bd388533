"""A standalone Spark master with workers on this machine, each a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pyspark

from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = "127.0.0.1"
# Of JVMs that live for seconds: compiled once and quickly.
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SETTINGS = """
spark.driver.memory 700m
spark.executor.memory 600m
spark.executor.cores 1
spark.sql.shuffle.partitions 4
spark.ui.enabled false
"""


@dataclass
class Cluster:
    """A master and its workers, oldest first; everything that they write is in ``folder``."""

    folder: Path
    port: int = field(default_factory=free_port)
    page: int = field(default_factory=free_port)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def master(self) -> str:
        """The address that drivers connect to."""
        return f"spark://{HERE}:{self.port}"

    def start(self, kind: str, *arguments: object) -> subprocess.Popen[bytes]:
        """Start a master or worker in a process group of its own, which its executors belong to."""
        command = [
            f"{os.path.dirname(pyspark.__file__)}/bin/spark-class",  # noqa: PTH120
            f"org.apache.spark.deploy.{kind.lower()}.{kind}",
            "--host",
            HERE,
            *map(str, arguments),
        ]
        environment = os.environ | {
            "SPARK_DAEMON_MEMORY": "200m",
            "SPARK_DAEMON_JAVA_OPTS": SHORT_LIVED,
            "SPARK_LOCAL_DIRS": str(self.folder),
        }
        with (self.folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, start_new_session=True, cwd=self.folder
            )

    def add_worker(self) -> None:
        """Start a worker of one core and wait until the master knows it."""
        known = self.alive()
        self.workers.append(
            self.start("Worker", "--cores", 1, "--memory", "1g", "--webui-port", 0,
                       "--work-dir", self.folder / "work", self.master)
        )  # fmt: skip
        deadline = time.monotonic() + 300
        while self.alive() <= known:
            assert time.monotonic() < deadline, "the worker does not reach the master"
            time.sleep(0.2)

    def kill_worker(self) -> None:
        """End the oldest worker and its executors at once, as if its machine lost power."""
        end(self.workers.pop(0), signal.SIGKILL)

    def alive(self) -> int:
        """The number of workers that the master can use, 0 where it does not answer yet."""
        try:
            answer = httpx.get(f"http://{HERE}:{self.page}/json/", trust_env=False)
        except httpx.TransportError:
            return 0
        if "json" not in answer.headers.get("content-type", ""):  # its pages come up one after the other
            return 0
        return int(answer.json()["aliveworkers"])


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End a process and its group, and wait for it."""
    os.killpg(process.pid, how)
    process.wait()


@contextmanager
def running(folder: Path, workers: int, java: str = SHORT_LIVED) -> Iterator[Cluster]:
    """Yield a cluster; drivers that start in this process find its settings in ``SPARK_CONF_DIR``.

    ``java`` are the options of the driver's JVM and of executors.
    """
    options = [f"spark.{side}.extraJavaOptions {java}" for side in ("driver", "executor") if java]
    settings = [*SETTINGS.strip().splitlines(), *options, f"spark.local.dir {folder}"]
    (folder / "spark-defaults.conf").write_text("\n".join(settings) + "\n")
    before = os.environ.get("SPARK_CONF_DIR")
    os.environ["SPARK_CONF_DIR"] = str(folder)
    cluster = Cluster(folder)
    master = cluster.start("Master", "--port", cluster.port, "--webui-port", cluster.page)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        for process in (*cluster.workers, master):
            end(process)
        if before is None:
            del os.environ["SPARK_CONF_DIR"]
        else:
            os.environ["SPARK_CONF_DIR"] = before
