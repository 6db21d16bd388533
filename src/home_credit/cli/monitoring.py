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
    from home_credit.schemas.verdicts import RealisedPerformance, StoredVerdict

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
    if scoring is None:
        typer.echo(f"no valid model in {models}: scores and decisions are not compared", err=True)
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
def outcomes(
    file: Annotated[
        Path | None, typer.Argument(help="CSV or Parquet: decision_id or SK_ID_CURR, and TARGET")
    ] = None,
    *,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="draw the outcomes of the simulated history of a demo instead")
    ] = False,
    ledger: Annotated[
        str | None, typer.Option(metavar="URL", help="address of the ledger; DATABASE_URL")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder of the verdict; HOME_CREDIT_REPORTS or reports/")
    ] = None,
    models: Models = None,
) -> None:
    """Compare recorded decisions with outcomes, by month and grade, and the estimates with what was realised."""
    from home_credit.monitoring import storing

    if simulated == (file is not None):
        raise UsageError("outcomes needs a FILE, or --simulated")
    settings = Settings()
    opened = settings.model_copy(update={"database_url": ledger or settings.database_url})
    found = _realised(file, models or settings.models, opened)
    storing.store_outcomes(found, out or settings.reports)
    typer.echo(f"{found.known:,} of {found.decided:,} granted loans have an outcome")
    rate = found.default_rate
    typer.echo(
        f"default rate {rate.value:.2%} ({rate.low:.2%} to {rate.high:.2%}), estimated {found.estimated_rate:.2%}:"
        f" {'within' if found.estimate_holds else 'beyond'} chance"
    )
    if found.auc:
        typer.echo(f"AUC {found.auc.value:.4f} ({found.auc.low:.4f} to {found.auc.high:.4f})")
    for vintage in found.vintages:
        realised_rate = f"{vintage.realised_rate.value:.2%}" if vintage.realised_rate else "none known"
        partial = "" if vintage.mature else ", partial"
        typer.echo(
            f"  {vintage.month}: {vintage.known:,} of {vintage.decided:,} known{partial}, {realised_rate}"
        )
    for grade in found.grades:
        if grade.verdict == "fail":
            typer.echo(
                f"  grade {grade.grade} is underestimated: {grade.mean_probability:.2%}, {grade.observed_rate:.2%}"
            )


def _realised(file: Path | None, models: Path, settings: Settings) -> RealisedPerformance:
    """Return the realised performance by the outcomes in a file, or simulated ones without a file."""
    from datetime import UTC, datetime

    from home_credit.default_risk.manifest import Manifest
    from home_credit.errors import TableError
    from home_credit.ledger import Ledger
    from home_credit.monitoring.outcomes import read, realised
    from home_credit.monitoring.simulated_outcomes import draw
    from home_credit.policy import Costs, Policy

    policy, version, now = (
        Policy.of(Costs.of(settings)),
        Manifest.read(models).model_version,
        datetime.now(UTC),
    )
    known = read(file) if file else None
    with closing(Ledger.of(settings, create=False)) as decisions:
        if known is None:
            found = realised(*draw(decisions.simulated(), now), policy, version)
        else:
            decided = decisions.decided(datetime(1970, 1, 1, tzinfo=UTC), now)
            found = realised(known, decided, policy, version)
    if found is None:
        raise TableError(
            "outcomes", f"{file or 'the history'} has no outcome of a loan that model {version} granted"
        )
    return found.model_copy(update={"simulated": known is None})


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
