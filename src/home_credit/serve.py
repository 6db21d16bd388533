"""One service in the foreground, in this process: what the images run, ``python -m home_credit.serve NAME``.

``home-credit serve NAME`` does the same; its command line takes longer to import.
"""

from __future__ import annotations

import gc
import importlib
import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from home_credit.errors import HomeCreditError, UsageError
from home_credit.tracking import server as tracking_server

if TYPE_CHECKING:
    from collections.abc import Sequence

Name = Literal["api", "dashboard", "mlflow"]
DEFAULT_PORTS: dict[Name, int] = {"api": 8000, "dashboard": 8501, "mlflow": 5000}
HEALTH: dict[Name, str] = {"api": "/health", "dashboard": "/_stcore/health", "mlflow": "/health"}
MLFLOW_CONNECTIONS = 1_000  # open at once; more get 503
ANYWHERE = "0.0.0.0"  # noqa: S104  # a container's own address
# Streamlit serves it as /app/static; in the image a link to a folder in /tmp.
DASHBOARD_FILES = Path("streamlit_app/static")


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
        arguments += ["--lifespan", "off", "--ws", "none"]
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


def port_of(variable: str, default: int) -> int:
    """Return the port in an environment variable; raises :class:`UsageError` where it is none."""
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
    host, port = os.environ.get("HOST"), port_of("PORT", DEFAULT_PORTS[name])
    # Behind a proxy the host name is the platform's; by default MLflow accepts localhost only.
    allowed = os.environ.get("MLFLOW_SERVER_ALLOWED_HOSTS", "*")
    os.environ.update(environment(name, MLFLOW_SERVER_ALLOWED_HOSTS=allowed))
    if name == "dashboard":
        _publish_revision()
        _import_dashboard()
    sys.argv = command(name, host, port, public=True, workers=workers) + sign_in(name)
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def sign_in(name: Name) -> list[str]:
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


def _named(arguments: Sequence[str]) -> Name:
    for name in DEFAULT_PORTS:
        if list(arguments) == [name]:
            return name
    raise UsageError(f"name one service: {', '.join(DEFAULT_PORTS)}")


def main(arguments: Sequence[str]) -> int:
    """Run the service that ``arguments`` name; an error of this package is one line on standard error."""
    try:
        serve(_named(arguments))
    except HomeCreditError as error:
        sys.stderr.write(f"home-credit: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
