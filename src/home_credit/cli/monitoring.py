"""Commands of monitoring: drift since training, and what is known of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from home_credit.cli.options import Models
from home_credit.cli.progress import shown
from home_credit.config import Settings

if TYPE_CHECKING:
    from home_credit.schemas.reports import StoredVerdict

app = typer.Typer()


@app.command()
def drift(
    *,
    current: Annotated[Path, typer.Option(help="folder with the current tables")],
    out: Annotated[Path, typer.Option(help="folder for the report and the verdict")],
    reference: Annotated[Path, typer.Option(help="folder with the reference tables")],
    models: Models = None,
) -> None:
    """Compare current applications with a reference; exit code 3 on alarm.

    Where a model is saved, scores and decisions are compared too.
    """
    from home_credit.monitoring.report import run
    from home_credit.monitoring.tables import Scoring
    from home_credit.policy import Costs

    settings = Settings()
    scoring = Scoring.of(models or settings.models, Costs.of(settings))
    with shown() as progress:
        verdict = run(reference, current, out, progress, scoring=scoring)
    _tell(verdict)


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


def _tell(verdict: StoredVerdict) -> None:
    """Print the verdict with its gravest causes; exit code 3 on alarm."""
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
        raise typer.Exit(3)
