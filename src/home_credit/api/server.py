"""The server: uvicorn with guarded connections, on one port, in one process or several.

``python -m home_credit.api.server --host HOST --port PORT --workers N``; ``home-credit serve api`` runs the same.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import tempfile
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING

import uvicorn

from home_credit import logs
from home_credit.api.authentication import mode_of
from home_credit.config import Settings
from home_credit.connections import GuardedProtocol
from home_credit.errors import HomeCreditError, MissingKeyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from fastapi import FastAPI

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 10  # the end of a connection without requests
DRAIN_SECONDS = 5  # for requests to end after SIGTERM
SWITCH_SECONDS = 0.001  # between threads; Python's own is 0.005
STOP_SECONDS = 8.0  # after which the process ends, whatever still runs
ANYWHERE = "0.0.0.0"  # noqa: S104  # a container's own address


def application() -> FastAPI:
    """Return the application with the settings of the environment; uvicorn calls this in each process."""
    # Until everything is loaded: almost nothing of it is garbage.
    gc.disable()
    from home_credit.api.app import create_app  # noqa: PLC0415  # not in the process that only supervises

    _configure_logs()
    # The event loop answers probes and refusals; it must not wait long for the thread that computes.
    sys.setswitchinterval(SWITCH_SECONDS)
    return create_app(Settings())


def run(host: str | None, port: int, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT; requests in progress then have :data:`DRAIN_SECONDS` to end.

    Without a ``host`` all addresses are served where a key or the demo is set, and this machine alone otherwise.
    Raises :class:`MissingKeyError` where everybody would be answered although nobody asked for a demo.
    """
    _configure_logs()
    settings = Settings()
    config = uvicorn.Config(
        "home_credit.api.server:application",
        factory=True,
        host=_host(host, settings),
        port=port,
        workers=workers,
        http=GuardedProtocol,
        loop="home_credit.api.event_loop:EventLoop",
        limit_concurrency=settings.max_connections,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    if workers == 1:
        _Server(config).run()
        return
    # Only for several processes.
    from home_credit.api.metrics import SHARED  # noqa: PLC0415
    from home_credit.api.supervisor import Supervisor  # noqa: PLC0415

    gc.enable()  # this process loads no model
    with tempfile.TemporaryDirectory(prefix="home-credit-metrics-") as folder:
        # Each process reads it when it imports the library, so it is set before they start.
        os.environ[SHARED] = folder
        Supervisor(config, [config.bind_socket()], stop_seconds=STOP_SECONDS).run()


class _Server(uvicorn.Server):
    """Ends the process in time: a thread that computes cannot be stopped, and would keep the process alive.

    A decision that was answered is durable, so nothing that was promised is lost.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        if not self.should_exit:
            watch = threading.Timer(STOP_SECONDS, os._exit, [0])
            watch.daemon = True
            watch.start()
        super().handle_exit(sig, frame)


def _configure_logs() -> None:
    logs.configure()
    logs.configure("uvicorn.error", level=logging.WARNING)


def _host(host: str | None, settings: Settings) -> str:
    """Return the address to listen on."""
    if mode_of(settings) != "loopback":
        return host or ANYWHERE
    if host is None:
        logger.warning("no API key is set: listening on 127.0.0.1 only")
        return "127.0.0.1"
    if not _is_loopback(host):
        raise MissingKeyError(
            f"everybody who reaches {host} could ask for decisions: set API_KEY or API_KEYS_FILE, or "
            "HOME_CREDIT_DEMO=1 for a demo with synthetic applicants, or HOST=127.0.0.1"
        )
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the server; an error of this package is one line on standard error."""
    parser = argparse.ArgumentParser(prog="home_credit.api.server", description=__doc__)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=os.environ.get("WEB_CONCURRENCY", "1"))
    given = parser.parse_args(arguments)
    try:
        run(given.host, given.port, given.workers)
    except HomeCreditError as error:
        sys.stderr.write(f"home-credit: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
