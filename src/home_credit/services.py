"""All three services as processes of this one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from home_credit.errors import ServiceError, UsageError
from home_credit.progress import Progress, silent
from home_credit.serve import DEFAULT_PORTS, HEALTH, Name, command, environment, port_of, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from home_credit.config import Settings

TITLES: dict[Name, str] = {"api": "API", "dashboard": "Dashboard", "mlflow": "MLflow UI"}
START_SECONDS = 120.0
STOP_SECONDS = 10.0
LOGS = Path("var/log")
DEMO_APPLICANTS, DEMO_SEED, DEMO_DECISIONS = 5_000, 2018, 300


@dataclass(slots=True)
class Service:
    """A running service and its address."""

    name: Name
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """The address of the service."""
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Return whether the health check of the service succeeds."""
        try:
            with urllib.request.urlopen(self.address + HEALTH[self.name], timeout=2) as response:  # noqa: S310  # local
                return bool(response.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def _claim(ports: dict[Name, int]) -> None:
    """Raise :class:`UsageError` where a port is in use, before anything is started."""
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise UsageError(
                    f"port {port} ({TITLES[name]}) is in use; set PORT_{name.upper()} to another"
                ) from error


def _stop(services: Sequence[Service]) -> None:
    for service in services:
        if service.process.poll() is None:
            os.killpg(service.process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for service in services:
        try:
            service.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(service.process.pid, signal.SIGKILL)
            service.process.wait()


def _echo(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # the command's own output


def up(settings: Settings, progress: Progress = silent, echo: Callable[[str], None] = _echo) -> None:
    """Run all three services until Ctrl-C, SIGTERM or the end of one of them; no process is left running.

    Creates the demo portfolio first where the configured one is missing, and loads changed tables into the store of
    applicants. Raises :class:`UsageError` for a port in use and :class:`ServiceError` where a service ends or
    does not answer in time.
    """
    ports: dict[Name, int] = {
        name: port_of(f"PORT_{name.upper()}", port) for name, port in DEFAULT_PORTS.items()
    }
    _claim(ports)
    began = time.monotonic()
    # A shell starts background jobs with SIGINT ignored; here both signals stop all services.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    services: list[Service] = []
    try:
        more = _demo_variables(settings, _prepare_applicants(settings, progress, echo))
        for name, port in ports.items():
            services.append(_start(name, port, api_url=f"http://127.0.0.1:{ports['api']}", **more))
        echo(f"starting; the logs of the services are in {LOGS}/")
        _await_all(services, echo)
        echo(f"all three answer after {time.monotonic() - began:.0f} s; Ctrl-C stops them")
        while all(service.process.poll() is None for service in services):
            time.sleep(0.5)
        ended = next(service for service in services if service.process.poll() is not None)
        raise _ended(ended)
    except KeyboardInterrupt:
        echo("stopping ...")
    finally:
        _stop(services)


def _prepare_applicants(settings: Settings, progress: Progress, echo: Callable[[str], None]) -> Path:
    """Load the portfolio into the store of applicants, unless the store has just that, and return its folder.

    What was loaded from another folder is served as it is, or loaded anew where that folder changed; only a
    portfolio that is asked for by its setting takes its place.
    """
    # Not in the serving images.
    from home_credit.applicants import loading  # noqa: PLC0415
    from home_credit.decisioning.grading import grading  # noqa: PLC0415
    from home_credit.synthetic import write_demo  # noqa: PLC0415

    portfolio, held = settings.portfolio, loading.held(settings.applicants_url)
    if held and "portfolio" not in settings.model_fields_set and Path(held.source) != portfolio.resolve():
        portfolio = Path(held.source)
        if not portfolio.is_dir():
            echo(f"serving {held.total:,} applicants loaded from {portfolio}, which is no longer there")
            return portfolio
    if not portfolio.exists():
        echo(f"making a demo portfolio of {DEMO_APPLICANTS:,} applicants in {portfolio}")
        write_demo(portfolio, DEMO_APPLICANTS, DEMO_SEED, "parquet", partial(progress, "applicants written"))
    features = loading.current_features()
    graded = grading(settings.models, settings.model_key)
    if held and held.generation == loading.generation(portfolio, features, graded):
        return portfolio
    echo(f"loading the applicants of {portfolio}")
    loading.load(portfolio, settings.applicants_url, features, graded, progress=progress)
    return portfolio


def _demo_variables(settings: Settings, portfolio: Path) -> dict[str, str]:
    """Return what makes the ledger begin with a simulated history: where applicants and ledger are the demo's own."""
    chosen = settings.model_fields_set & {"portfolio", "applicants_url", "database_url", "demo_decisions"}
    if chosen or portfolio.resolve() != settings.portfolio.resolve():
        return {}
    return {"HOME_CREDIT_DEMO_DECISIONS": str(DEMO_DECISIONS)}


def _start(name: Name, port: int, *, api_url: str, **more: str) -> Service:
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # a fixed command
            [sys.executable, "-m", *command(name, "127.0.0.1", port, public=False), *sign_in(name)],
            env=environment(name, API_URL=api_url, **more),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Service(name, port, process)


def _ended(service: Service) -> ServiceError:
    words = (LOGS / f"{service.name}.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    last = f": {words[-1]}" if words else ""
    return ServiceError(f"{TITLES[service.name]} ended with code {service.process.returncode}{last}")


def _await_all(services: Sequence[Service], echo: Callable[[str], None]) -> None:
    waiting = list(services)
    deadline = time.monotonic() + START_SECONDS
    while waiting:
        for service in list(waiting):
            if service.process.poll() is not None:
                raise _ended(service)
            if service.answers():
                echo(f"{TITLES[service.name]:<10} {service.address}")
                waiting.remove(service)
        if time.monotonic() > deadline:
            raise ServiceError(f"{TITLES[waiting[0].name]} did not answer within {START_SECONDS:.0f} s")
        time.sleep(0.2)
