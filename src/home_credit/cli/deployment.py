"""``home-credit deploy …``: commands of the deployment workflow.

Only the deployment extra installs the HTTP client and LightGBM, so a command imports them when it is called.
"""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from home_credit.errors import HomeCreditError, UsageError

app = typer.Typer(
    help="Roll out to the hosting platform and check the services that run there.", no_args_is_help=True
)

Commit = Annotated[str, typer.Option(envvar="GITHUB_SHA", help="commit to deploy, and tag of its images")]
Registry = Annotated[str, typer.Option(help="registry of the images, such as ghcr.io/OWNER")]


@app.command()
def rollout(commit: Commit, registry: Registry) -> None:
    """Deploy API, dashboard and MLflow UI and check them; roll all of them back if anything fails."""
    from home_credit.deployment.settings import DeploymentSettings, Secrets

    deployment = DeploymentSettings()
    secrets = Secrets.of(deployment)

    from home_credit.config import Settings
    from home_credit.decisioning.scoring import Scorer
    from home_credit.deployment import report
    from home_credit.deployment import rollout as rolling
    from home_credit.deployment.render import Render
    from home_credit.deployment.smoke import smoke

    settings = Settings()
    lines: list[str] = []

    def echo(line: str) -> None:
        lines.append(line)
        typer.echo(line)

    def check(addresses: rolling.Addresses) -> None:
        smoke(
            addresses, scorer, echo=echo, api_key=settings.api_key, wake_seconds=deployment.smoke_wake_seconds
        )

    # A cancelled workflow sends both signals; a partial rollout must be undone.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    scorer = Scorer.load(settings.models, settings)
    try:
        with Render(secrets.key, deployment, echo) as render:
            version = rolling.Version(registry, commit)
            addresses = rolling.rollout(render, secrets, version, check=check, echo=echo)
    except (HomeCreditError, KeyboardInterrupt) as error:
        report.not_deployed(str(error) or "interrupted", lines, commit)
        raise
    report.deployed(addresses, commit)
    typer.echo(f"API       {addresses.api}\nDashboard {addresses.dashboard}\nMLflow    {addresses.mlflow}")


@app.command()
def smoke(
    api: Annotated[str, typer.Option(help="address of the API")],
    dashboard: Annotated[str, typer.Option(help="address of the dashboard")],
    mlflow: Annotated[str, typer.Option(help="address of the MLflow UI")],
) -> None:
    """Check three running services against the model in HOME_CREDIT_MODELS; API_KEY if the API requires one."""
    for address in (api, dashboard, mlflow):
        if not address.startswith(("http://", "https://")):
            raise UsageError(f"an address starts with http:// or https://, {address!r} does not")

    from home_credit.config import Settings
    from home_credit.decisioning.scoring import Scorer
    from home_credit.deployment.rollout import Addresses
    from home_credit.deployment.settings import DeploymentSettings
    from home_credit.deployment.smoke import smoke as check

    settings = Settings()
    check(
        Addresses(*(address.rstrip("/") for address in (api, dashboard, mlflow))),
        Scorer.load(settings.models, settings),
        echo=typer.echo,
        api_key=settings.api_key,
        wake_seconds=DeploymentSettings().smoke_wake_seconds,
    )
