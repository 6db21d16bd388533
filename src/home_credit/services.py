"""The three services as processes: one alone in the foreground, or all three together."""

from __future__ import annotations

import gc
import importlib
import os
import runpy
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
from typing import TYPE_CHECKING, Literal

from home_credit.errors import ServiceError, UsageError
from home_credit.progress import Progress, silent
from home_credit.tracking import server as tracking_server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from home_credit.config import Settings

Name = Literal["api", "dashboard", "mlflow"]
DEFAULT_PORTS: dict[Name, int] = {"api": 8000, "dashboard": 8501, "mlflow": 5000}
HEALTH: dict[Name, str] = {"api": "/health", "dashboard": "/_stcore/health", "mlflow": "/health"}
TITLES: dict[Name, str] = {"api": "API", "dashboard": "Dashboard", "mlflow": "MLflow UI"}
START_SECONDS = 120.0
STOP_SECONDS = 10.0
MLFLOW_CONNECTIONS = 1_000  # open at once; more get 503
ANYWHERE = "0.0.0.0"  # noqa: S104  # a container's own address
LOGS = Path("var/log")
# Streamlit serves it as /app/static; in the image a link to a folder in /tmp.
DASHBOARD_FILES = Path("streamlit_app/static")
DEMO_APPLICANTS, DEMO_SEED, DEMO_DECISIONS = 5_000, 2018, 300


def command(
    name: Name, host: str | None, port: int, *, public: bool, workers: int | None = None
) -> list[str]:
    """Return the module that runs one service, with its arguments; without a ``host`` it listens on every address.

    The API then listens on this machine alone, unless a key or the demo is set. Only the API has ``workers``.

    ``public`` serves MLflow behind the read-only proxy. On a developer's own machine the proxy is not needed: nobody
    else reaches the server, and tags and aliases can be changed.
    """
    at = str(port)
    if name == "api":
        arguments = ["home_credit.api.server", "--port", at]
        arguments += ["--host", host] if host else []
        return arguments + (["--workers", str(workers)] if workers else [])
    host = host or ANYWHERE
    if name == "dashboard":
        arguments = [
            "streamlit",
            "run",
            "streamlit_app/app.py",
            "--server.address",
            host,
            "--server.port",
            at,
        ]
        arguments += ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
        arguments += ["--server.fileWatcherType", "none"]
    else:
        arguments = ["uvicorn", *tracking_server.application(public=public), "--host", host, "--port", at]
        if public:
            # Clients that hold connections open, or fill them, are as in the API.
            arguments += ["--http", "home_credit.connections:GuardedProtocol"]
            arguments += ["--limit-concurrency", str(MLFLOW_CONNECTIONS)]
    return arguments


def environment(name: Name, **more: str) -> dict[str, str]:
    """Return the environment of one service: that of this process, ``more``, and the variables of MLflow's server."""
    if name == "mlflow":
        more |= tracking_server.environment(os.environ.get("MLFLOW_TRACKING_URI", "mlruns"))
    return {**os.environ, **more}


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise UsageError(f"{variable} must be a port number, not {text!r}")
    return int(text)


def serve(name: Name, workers: int | None = None) -> None:
    """Run one service on the port in PORT, and on all addresses unless HOST names one.

    The service runs in this process: a second one would import many modules again, which takes seconds on a tenth
    of a core.
    """
    # Almost nothing of what a service imports is garbage; it collects garbage once it has loaded all that it serves.
    gc.disable()
    host, port = os.environ.get("HOST"), _port("PORT", DEFAULT_PORTS[name])
    # Behind a proxy the host name is the platform's; by default MLflow accepts localhost only.
    allowed = os.environ.get("MLFLOW_SERVER_ALLOWED_HOSTS", "*")
    os.environ.update(environment(name, MLFLOW_SERVER_ALLOWED_HOSTS=allowed))
    if name == "dashboard":
        _publish_revision()
        _import_dashboard()
    sys.argv = command(name, host, port, public=True, workers=workers) + _sign_in(name)
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _sign_in(name: Name) -> list[str]:
    """Return the arguments that set up the sign-in of the dashboard; raises :class:`UsageError`."""
    if name != "dashboard":
        return []
    # The other services have no part in it.
    from home_credit.config import Settings  # noqa: PLC0415
    from home_credit.dashboard import oidc  # noqa: PLC0415

    return oidc.arguments(Settings())


def _publish_revision() -> None:
    """Write the running commit where Streamlit serves files, so that a smoke test can read it."""
    # The other services read it with their settings.
    from home_credit.config import Settings  # noqa: PLC0415

    if revision := Settings().revision:
        folder = DASHBOARD_FILES.resolve()
        folder.mkdir(exist_ok=True)
        (folder / "revision.txt").write_text(revision, encoding="utf-8")
        os.environ["STREAMLIT_SERVER_ENABLE_STATIC_SERVING"] = "true"


def _import_dashboard() -> None:
    """Import Streamlit and the pages, which the first visitor would otherwise wait for."""
    for module in ("streamlit.web.cli", "home_credit.dashboard.navigation"):
        importlib.import_module(module)
    gc.freeze()
    gc.enable()


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
        name: _port(f"PORT_{name.upper()}", port) for name, port in DEFAULT_PORTS.items()
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
            [sys.executable, "-m", *command(name, "127.0.0.1", port, public=False), *_sign_in(name)],
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
