"""Several processes that serve one port: uvicorn's supervisor with an end in time."""

from __future__ import annotations

import time

from uvicorn.supervisors import Multiprocess

STOP_SECONDS = 8.0


class Supervisor(Multiprocess):
    """Kills the processes that do not end in time: a thread that computes would keep one alive."""

    def join_all(self) -> None:
        """Wait for the processes to end."""
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self.processes:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.exitcode is None:
                worker.process.kill()
        super().join_all()
