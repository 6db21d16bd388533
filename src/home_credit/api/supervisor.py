"""Several processes that serve one port: uvicorn's supervisor with an end in time."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from uvicorn.supervisors import Multiprocess

if TYPE_CHECKING:
    import socket

    from uvicorn.config import Config


class Supervisor(Multiprocess):
    """Kills the processes that do not end in ``stop_seconds``: a thread that computes would keep one alive."""

    def __init__(self, config: Config, sockets: list[socket.socket], *, stop_seconds: float) -> None:
        super().__init__(config, sockets)
        self._stop_seconds = stop_seconds

    def handle_hup(self) -> None:
        """Tell the processes to look for another model; uvicorn would start them anew."""
        for worker in self.processes:
            if worker.process.pid is not None and worker.process.is_alive():
                os.kill(worker.process.pid, signal.SIGHUP)

    def join_all(self) -> None:
        """Wait for the processes to end."""
        deadline = time.monotonic() + self._stop_seconds
        for worker in self.processes:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.exitcode is None:
                worker.process.kill()
        super().join_all()
