"""``home-credit deploy …``: commands of the deployment workflow.

Only the deployment extra installs the HTTP client and LightGBM, so a command imports them when it is called.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from home_credit.errors import HomeCreditError, HostingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.deployment.rollout import Addresses, Version
    from home_credit.deployment.settings import DeploymentSettings, Secrets

app = typer.Typer(
    help="Roll out to the hosting platform and check the services that run there.", no_args_is_help=True
)

Commit = Annotated[str, typer.Option(envvar="GITHUB_SHA", help="commit to deploy, and tag of its images")]
Registry = Annotated[str, typer.Option(help="registry of the images, such as ghcr.io/OWNER")]
Digests = Annotated[
    list[str] | None,
    typer.Option("--digest", help="digest of an image to deploy by it instead of its tag: NAME=sha256:…"),
]
JournalFile = Annotated[Path | None, typer.Option("--journal", help="file of what has to be undone")]
Optional = Annotated[
    bool, typer.Option("--skip-without-secrets", help="end well where no secret is set, as in a fork")
]


@app.command()
def rollout(
    commit: Commit,
    registry: Registry,
    digest: Digests = None,
    journal: JournalFile = None,
    skip_without_secrets: Optional = False,
) -> None:
    """Deploy API, dashboard and MLflow UI and check them; roll all of them back if anything fails."""
    from home_credit.deployment import report
    from home_credit.deployment.rollout import Version
    from home_credit.deployment.settings import DeploymentSettings, Secrets

    digests = _digests(digest or [])
    deployment = DeploymentSettings()
    if skip_without_secrets and Secrets.none_set(deployment):
        reason = (
            "No secret of Render is set, so nothing was deployed; docs/deployment.md says how to set them."
        )
        report.skipped(reason)
        typer.echo(reason)
        return
    lines: list[str] = []

    def echo(line: str) -> None:
        lines.append(line)
        typer.echo(line)

    try:
        version = Version(registry, commit, digests)
        addresses = _roll_out(deployment, Secrets.of(deployment), version, journal, echo)
    except (HomeCreditError, KeyboardInterrupt) as error:
        report.not_deployed(str(error) or "interrupted", lines, commit)
        raise
    report.deployed(addresses, commit)
    typer.echo(f"API       {addresses.api}\nDashboard {addresses.dashboard}\nMLflow    {addresses.mlflow}")


def _roll_out(
    deployment: DeploymentSettings,
    secrets: Secrets,
    version: Version,
    journal: Path | None,
    echo: Callable[[str], None],
) -> Addresses:
    from home_credit.config import Settings
    from home_credit.decisioning.scoring import Scorer
    from home_credit.deployment import rollout as rolling
    from home_credit.deployment import signals
    from home_credit.deployment.render import Render
    from home_credit.deployment.smoke import smoke
    from home_credit.deployment.undo import Journal

    settings = Settings()

    def check(addresses: Addresses) -> None:
        smoke(
            addresses,
            scorer,
            echo=echo,
            api_key=settings.api_key,
            wake_seconds=deployment.smoke_wake_seconds,
            revision=version.commit,
        )

    with signals.interrupted_once():
        scorer = Scorer.load(settings.models, settings)
        with Render(secrets.key, deployment, echo) as render:
            return rolling.rollout(
                render,
                secrets,
                version,
                check=check,
                echo=echo,
                journal=Journal(journal),
                before_undo=signals.ignore,
            )


def _digests(given: list[str]) -> dict[str, str]:
    digests = dict(each.partition("=")[::2] for each in given if each)
    for name, digest in digests.items():
        if name not in {"api", "dashboard", "mlflow"} or not re.fullmatch("sha256:[0-9a-f]{64}", digest):
            raise UsageError(f"--digest is api, dashboard or mlflow, = and sha256:…, not {name}={digest}")
    return digests


@app.command()
def undo(journal: Annotated[Path, typer.Option(help="the file that `rollout --journal` wrote")]) -> None:
    """Undo what a rollout that was killed has left; nothing where it ended by itself."""
    from home_credit.deployment import report, signals
    from home_credit.deployment.render import Render
    from home_credit.deployment.settings import DeploymentSettings, Secrets
    from home_credit.deployment.undo import Journal
    from home_credit.deployment.undo import undo as take_back

    left = Journal.read(journal)
    if not left.changes:
        typer.echo("nothing to undo")
        return
    lines: list[str] = []

    def echo(line: str) -> None:
        lines.append(line)
        typer.echo(line)

    deployment = DeploymentSettings()
    with signals.interrupted_once(), Render(Secrets.of(deployment).key, deployment, echo) as render:
        complete = take_back(render, left, echo)
    problem = "A rollout that did not end was undone." if complete else "Not everything could be undone."
    report.not_deployed(problem, lines, "undone" if complete else "to be undone")
    if not complete:
        raise HostingError(problem)


@app.command()
def smoke(
    api: Annotated[str, typer.Option(help="address of the API")],
    dashboard: Annotated[str, typer.Option(help="address of the dashboard")],
    mlflow: Annotated[str, typer.Option(help="address of the MLflow UI")],
    commit: Annotated[str | None, typer.Option(help="commit that all three must run")] = None,
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
        revision=commit,
    )
