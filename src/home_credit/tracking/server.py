"""MLflow's own server as a process: its command, and the environment that configures it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from home_credit.tracking.addresses import tracking_uri

if TYPE_CHECKING:
    from collections.abc import Sequence

PROXIED: Sequence[str] = ("--factory", "home_credit.tracking.read_only_proxy:create_app")
DIRECT: Sequence[str] = ("--factory", "home_credit.tracking.pages:create_app")


def application(*, public: bool) -> Sequence[str]:
    """Return uvicorn's arguments that name the application; a ``public`` server is behind the read-only proxy.

    ``mlflow server`` starts the same application in a further process; without that process, time and memory are
    halved.
    """
    return PROXIED if public else DIRECT


def environment(setting: str) -> dict[str, str]:
    """Return the environment variables of a server for the runs tracked at ``setting``."""
    folder = Path("mlruns" if "://" in setting else setting)
    return {
        "_MLFLOW_SERVER_FILE_STORE": tracking_uri(setting),
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_AI_GATEWAY": "false",
    }
