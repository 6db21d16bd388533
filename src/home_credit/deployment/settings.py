"""Secrets and time-outs of a deployment, read from the environment on instantiation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from home_credit.errors import MissingSecretError

if TYPE_CHECKING:
    from typing import Self


class DeploymentSettings(BaseSettings):
    """Settings of a deployment; each field is read from the environment variable of the same name, in capitals.

    Times are in seconds. The defaults suit Render's free plan: a Docker image built there takes minutes, and a
    service that sleeps takes about one minute to answer.
    """

    # A secret that a workflow does not have arrives as an empty variable.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    render_api_key: SecretStr | None = Field(None, description="key of Render's REST API")
    render_service_api: str | None = Field(None, description="service id of the API, srv-…")
    render_service_dashboard: str | None = Field(None, description="service id of the dashboard, srv-…")
    render_mlflow_service_id: str | None = Field(None, description="service id of the MLflow UI, srv-…")
    render_api_url: str = Field("https://api.render.com/v1", description="address of Render's REST API")
    deploy_attempts: int = Field(6, description="attempts at one request to Render", gt=0)
    deploy_back_off_seconds: float = Field(2.0, description="pause after the first failed attempt", ge=0)
    deploy_longest_pause_seconds: float = Field(
        120.0, description="longest pause between two attempts; a longer one ends them", ge=0
    )
    deploy_poll_seconds: float = Field(
        5.0, description="pause between two queries of a deploy's status", gt=0
    )
    deploy_live_seconds: float = Field(1500.0, description="time limit of a deploy to become live", gt=0)
    deploy_listed_seconds: float = Field(
        60.0, description="time limit of Render to list a deploy that it accepted, or ended", ge=0
    )
    smoke_wake_seconds: float = Field(240.0, description="time limit of a sleeping service to answer", gt=0)


@dataclass(frozen=True, slots=True)
class Secrets:
    """The four secrets of a deployment; the key is not part of the representation."""

    key: SecretStr
    api: str
    dashboard: str
    mlflow: str

    @staticmethod
    def none_set(settings: DeploymentSettings) -> bool:
        """Return whether no secret is set at all, as in a fork or before the services exist."""
        return not any(
            value and value.strip()
            for value in (
                settings.render_api_key and settings.render_api_key.get_secret_value(),
                settings.render_service_api,
                settings.render_service_dashboard,
                settings.render_mlflow_service_id,
            )
        )

    @classmethod
    def of(cls, settings: DeploymentSettings) -> Self:
        """Return the secrets, or raise :class:`MissingSecretError` that names every one that is not set."""
        given = {
            "RENDER_API_KEY": settings.render_api_key and settings.render_api_key.get_secret_value(),
            "RENDER_SERVICE_API": settings.render_service_api,
            "RENDER_SERVICE_DASHBOARD": settings.render_service_dashboard,
            "RENDER_MLFLOW_SERVICE_ID": settings.render_mlflow_service_id,
        }
        # Secrets are often pasted with a trailing line break.
        values = {name: (value or "").strip() for name, value in given.items()}
        if missing := [name for name, value in values.items() if not value]:
            raise MissingSecretError(
                f"not set: {', '.join(missing)} (docs/deployment.md says where to find them)"
            )
        for name, value in values.items():
            # Such a value would cause an error later, and the error would show it.
            if not value.isascii() or not value.isprintable() or any(sign in value for sign in " /?#"):
                raise MissingSecretError(f"{name} holds a character that Render's keys and ids never have")
        key, api, dashboard, mlflow = values.values()
        return cls(SecretStr(key), api, dashboard, mlflow)
