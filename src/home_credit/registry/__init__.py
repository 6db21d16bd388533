"""Tracked runs and registered models; the only room that knows MLflow."""

from home_credit.registry.models import (
    CHALLENGER,
    CHAMPION,
    MODEL,
    PREVIOUS,
    export,
    load,
    log_and_register,
    promote,
    rollback,
)
from home_credit.registry.tracking import log_run, tracking_uri

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "MODEL",
    "PREVIOUS",
    "export",
    "load",
    "log_and_register",
    "log_run",
    "promote",
    "rollback",
    "tracking_uri",
]
