"""Settings, read from the environment on instantiation and passed down as arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Role = Literal["officer", "reviewer", "analyst"]


class Settings(BaseSettings):
    """Settings of an operator; each field is read from the environment variable of the same name, in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    models: Path = Field(Path("models"), validation_alias="HOME_CREDIT_MODELS", description="saved model")
    revision: str | None = Field(
        None,
        validation_alias=AliasChoices("HOME_CREDIT_REVISION", "RENDER_GIT_COMMIT"),
        description="the commit that is running, as the image or the hosting platform names it",
    )
    model_key: str | None = Field(
        None,
        description="key of `home-credit sign`; a model that is not signed by it is refused",
        min_length=32,
    )
    model_versions: Path = Field(
        Path("var/models"),
        validation_alias="HOME_CREDIT_MODEL_VERSIONS",
        description="models by their version, kept for the replay of what they decided",
    )
    model_poll_seconds: float = Field(
        5.0,
        description="how often the API looks for another model in its folder; 0: on SIGHUP only",
        ge=0,
    )
    challenger: Path | None = Field(
        None,
        validation_alias="HOME_CREDIT_CHALLENGER",
        description="a saved model that scores every decision in shadow",
    )
    portfolio: Path = Field(
        Path("data/demo"),
        validation_alias="HOME_CREDIT_PORTFOLIO",
        description="tables of the applicants that `make up` loads into the store",
    )
    applicants_url: str = Field(
        "sqlite:///data/applicants.db", description="the store of known applicants: SQLite or PostgreSQL"
    )
    reports: Path = Field(Path("reports"), validation_alias="HOME_CREDIT_REPORTS", description="drift report")
    alert_webhook_url: str | None = Field(None, description="address that drift alarms are sent to")
    alert_webhook_secret: str | None = Field(
        None, description="secret that signs them; needed with the address"
    )
    database_url: str = Field("sqlite:///var/ledger.db", description="any SQLAlchemy address")
    ledger_key: str | None = Field(
        None,
        description="key that signs the ledger, at least 32 characters; earlier ones after a space. Needed with a "
        "database; a ledger in a file has a key file beside it",
    )
    ledger_anchors: Path | None = Field(
        None,
        description="folder of the ledger's anchors and erasures, on another machine or disk than the ledger",
    )
    ledger_retention_days: int | None = Field(
        None, description="`home-credit ledger retain` erases decisions that are older", gt=0
    )
    second_reader: bool = Field(
        False, description="a review that overrides a decision needs a second one, by another reviewer"
    )
    mlflow_tracking_uri: str = Field(
        "sqlite:///mlruns/mlflow.db", description="an MLflow address, or a folder with mlflow.db in it"
    )
    mlflow_admin_user: str | None = Field(
        None,
        description="user who may change runs through the address of the MLflow UI; without one nobody may",
    )
    mlflow_admin_password: str | None = Field(None, description="password of this user")
    api_url: str = Field("http://127.0.0.1:8000", description="address of the API, for the dashboard")
    dashboard_key: str | None = Field(
        None, description="key that the dashboard asks for before it shows a page", min_length=16
    )
    oidc_issuer: str | None = Field(None, description="address of the OpenID provider that people sign in at")
    oidc_client_id: str | None = Field(None, description="name of the dashboard at the provider")
    oidc_client_secret: str | None = Field(None, description="secret of the dashboard at the provider")
    oidc_redirect_uri: str | None = Field(
        None, description="address of the dashboard, with the path /oauth2callback"
    )
    oidc_cookie_secret: str | None = Field(
        None,
        description="signs the cookies of those who signed in; without one every start of the dashboard signs all out",
        min_length=32,
    )
    oidc_scope: str = Field("openid email profile", description="what the provider is asked for")
    oidc_identity_claim: str = Field(
        "email", description="the claim that reviews are recorded under, one that people cannot change"
    )
    oidc_role_claim: str = Field(
        "roles", description="the claim that gives roles; a dot leads into a claim that is an object"
    )
    oidc_roles: dict[str, Role] = Field(
        {"officer": "officer", "reviewer": "reviewer", "analyst": "analyst"},
        description="the role for each value of that claim, as a JSON object",
    )
    oidc_default_role: Role | Literal["none"] = Field(
        "officer", description="the role of who has no value of these; none: no access"
    )
    oidc_session_hours: float = Field(12.0, description="how long a sign-in lasts", gt=0)
    api_key: str | None = Field(
        None, description="one key with every scope, which requests carry as X-API-Key"
    )
    api_keys_file: Path | None = Field(
        None, description="file of named keys with scopes, written by `home-credit keys`"
    )
    demo: bool = Field(
        False,
        validation_alias="HOME_CREDIT_DEMO",
        description="answer everybody while no key is set; synthetic applicants and the local ledger only",
    )
    demo_decisions: int = Field(
        0,
        validation_alias="HOME_CREDIT_DEMO_DECISIONS",
        description="an empty ledger begins with so many simulated decisions; without effect where a key is set",
        ge=0,
        le=1_000,
    )
    max_body_bytes: int = Field(
        6_000_000, description="larger bodies of one applicant's rows are refused with 413", gt=0
    )
    max_batch_bytes: int = Field(6_000_000, description="larger bodies of a batch are refused with 413", gt=0)
    max_buffered_bytes: int = Field(
        16_000_000, description="bodies held at once per process, finished or not; more get 503", gt=0
    )
    body_seconds: float = Field(10.0, description="a body must arrive within this time, or gets 408", gt=0)
    max_requests_per_minute: int = Field(600, description="per client address; more get 429", gt=0)
    max_key_requests_per_minute: int = Field(60_000, description="per API key; more get 429", gt=0)
    max_decisions_at_once: int = Field(
        64, description="requests for decisions worked on at once per process; more get 503", gt=0
    )
    max_batches_at_once: int = Field(
        2, description="batches worked on at once per process; more get 503", gt=0
    )
    max_reads_at_once: int = Field(
        64, description="other requests worked on at once per process; more get 503", gt=0
    )
    max_connections: int = Field(1_000, description="open connections per process; more are refused", gt=0)
    cost_false_negative: float = Field(10.0, description="cost of approving an applicant who defaults", gt=0)
    cost_false_positive: float = Field(1.0, description="cost of declining an applicant who would pay", gt=0)
    cost_review: float = Field(0.4, description="cost of one human review, in the same unit", ge=0)
    reviewer_error_rate: float = Field(
        0.2, description="share of human reviews that end in the wrong decision", ge=0, le=1
    )
