"""Commands of monitoring: drift since training, and what is known of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from home_credit.cli.options import Models
from home_credit.cli.progress import shown
from home_credit.config import Settings
from home_credit.errors import MissingSecretError, UsageError

if TYPE_CHECKING:
    from home_credit.schemas.reports import StoredVerdict

app = typer.Typer()


@app.command()
def drift(
    *,
    current: Annotated[Path | None, typer.Option(help="folder with the current tables")] = None,
    reference: Annotated[Path | None, typer.Option(help="folder with the reference tables")] = None,
    ledger: Annotated[
        str | None, typer.Option(metavar="URL", help="compare what was decided: address of the ledger")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=1_000, help="days of the ledger up to today")] = 30,
    out: Annotated[
        Path | None, typer.Option(help="folder of the verdict; HOME_CREDIT_REPORTS or reports/")
    ] = None,
    models: Models = None,
) -> None:
    """Compare current applications, or recorded decisions, with a reference; exit code 3 on alarm.

    Tables are compared with the tables of --reference, scores and decisions too where a model is saved, and a report is
    written. The decisions of --ledger are compared with the statistics that were stored with the model.
    """
    settings = Settings()
    saved, reports = models or settings.models, out or settings.reports
    if ledger is not None and current is None and reference is None:
        verdict = _recorded(ledger, days, saved, reports, settings)
    elif ledger is None and current is not None and reference is not None:
        verdict = _tables(reference, current, saved, reports, settings)
    else:
        raise UsageError("drift needs --reference DIR and --current DIR, or --ledger URL")
    _tell(verdict, settings)


def _tables(reference: Path, current: Path, models: Path, reports: Path, settings: Settings) -> StoredVerdict:
    from home_credit.monitoring.report import run
    from home_credit.monitoring.tables import Scoring
    from home_credit.policy import Costs

    scoring = Scoring.of(models, Costs.of(settings))
    with shown() as progress:
        return run(reference, current, reports, progress, scoring=scoring)


def _recorded(url: str, days: int, models: Path, reports: Path, settings: Settings) -> StoredVerdict:
    from datetime import UTC, datetime, timedelta

    from home_credit.ledger import Ledger
    from home_credit.monitoring.recorded import run
    from home_credit.policy import Costs, Policy

    today = datetime.now(UTC).date()
    with (
        shown() as progress,
        closing(Ledger.of(settings.model_copy(update={"database_url": url}), create=False)) as opened,
    ):
        first = today - timedelta(days - 1)
        policy = Policy.of(Costs.of(settings))
        return run(opened, models, policy, reports, first=first, last=today, progress=progress)


@app.command()
def acknowledge(
    by: Annotated[str, typer.Option(help="who knows of the changes")],
    note: Annotated[str, typer.Option(help="what is known of them")],
    out: Annotated[
        Path | None, typer.Option(help="folder of the verdict; HOME_CREDIT_REPORTS or reports/")
    ] = None,
) -> None:
    """Acknowledge the changes of the last verdict: no alarm is raised for them until they change."""
    from home_credit.monitoring import storing

    changes = storing.acknowledge(out or Settings().reports, by, note)
    typer.echo(
        f"{changes} changes acknowledged; an alarm is raised again where one of them or another changes"
    )


def _tell(verdict: StoredVerdict, settings: Settings) -> None:
    """Print the verdict with its gravest causes and send an alarm where it is to be sent; exit code 3 on alarm."""
    if verdict.summary:
        typer.echo(
            f"{verdict.summary.en}; {verdict.reference_rows:,} reference rows, {verdict.current_rows:,} now"
        )
    material = [cause for cause in verdict.causes if cause.material]
    for cause in material[:10]:
        since = f" (since {cause.since})" if cause.since else ""
        typer.echo(f"  {cause.subject}: {cause.text.en}{since}")
    if len(material) > 10:
        typer.echo(f"  and {len(material) - 10} more")
    if verdict.advice and material:
        typer.echo(verdict.advice.en)
    if verdict.alarm:
        if settings.alert_webhook_url:
            _send(verdict, settings.alert_webhook_url, settings.alert_webhook_secret)
        raise typer.Exit(3)


def _send(verdict: StoredVerdict, url: str, secret: str | None) -> None:
    from home_credit.errors import UnavailableError
    from home_credit.monitoring import webhook

    if not secret:
        raise MissingSecretError("ALERT_WEBHOOK_URL needs ALERT_WEBHOOK_SECRET, which signs the alarms")
    try:
        webhook.send(verdict, url, secret)
    except UnavailableError as error:
        # The alarm itself is what the exit code tells.
        typer.echo(f"home-credit: {error}", err=True)
