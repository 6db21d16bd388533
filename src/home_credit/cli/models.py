"""Commands on saved models: sign, export a registered one, report on a challenger in shadow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from home_credit.cli.options import Models
from home_credit.config import Settings

if TYPE_CHECKING:
    from home_credit.schemas.shadow import ShadowReport

app = typer.Typer()


@app.command()
def sign(models: Models = None) -> None:
    """Sign a saved model with the key in MODEL_KEY; whatever has the key then accepts this model and no other."""
    from home_credit.default_risk import artifacts
    from home_credit.errors import UsageError

    settings = Settings()
    if settings.model_key is None:
        raise UsageError("MODEL_KEY is not set: it is the key to sign with, at least 32 characters")
    folder = models or settings.models
    artifacts.sign(folder, settings.model_key)
    typer.echo(f"model {artifacts.load(folder, settings.model_key).version} in {folder} is signed")


@app.command()
def export(
    alias: Annotated[
        Literal["champion", "challenger", "previous"], typer.Option(help="the registered model")
    ] = "champion",
    models: Models = None,
) -> None:
    """Write a registered model to a folder; an API that serves the folder swaps it in."""
    from home_credit.tracking import registered_models

    settings = Settings()
    folder = models or settings.models
    version = registered_models.export(
        settings.mlflow_tracking_uri, alias, folder, settings.model_versions, settings.model_key
    )
    typer.echo(f"model {version}, the {alias}, saved to {folder}")


@app.command()
def shadow(
    challenger: Annotated[str | None, typer.Option(help="model version; the latest one if not given")] = None,
    most: Annotated[int, typer.Option(min=1, help="the last so many decisions that it scored")] = 100_000,
    json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Report how a challenger in shadow judged the last decisions, and what it would have changed."""
    from home_credit.decisioning.factory import decision_service

    with decision_service(Settings()) as service:
        report = service.shadow_report(challenger, most)
    if json:
        typer.echo(report.model_dump_json(indent=2))
        return
    for line in lines(report):
        typer.echo(line)


def lines(report: ShadowReport) -> list[str]:
    """Return the report as lines of text."""
    changes = [
        f"  {change.decision} -> {change.challenger_decision}: {change.decisions}, probability"
        f" {change.mean_probability:.4f} -> {change.challenger_mean_probability:.4f}"
        for change in report.changes
    ]
    grades = [
        f"  {grade.grade}: {grade.decisions} decisions, {grade.same_decision} the same, {grade.same_grade} with the"
        f" same grade, probability {grade.mean_probability:.4f} -> {grade.challenger_mean_probability:.4f}"
        for grade in report.grades
    ]
    correlation = "undefined" if report.correlation is None else f"{report.correlation:.4f}"
    period = f"{report.first:%Y-%m-%d %H:%M} to {report.last:%Y-%m-%d %H:%M}"
    means = f"{report.mean_probability:.5f} -> {report.challenger_mean_probability:.5f}"
    difference = f"{report.mean_difference:+.5f} (standard error {report.mean_difference_standard_error:.5f})"
    return [
        f"challenger {report.challenger} beside champion {report.champion}, {period}",
        f"{report.decisions} decisions scored by both, {report.not_scored} by the champion alone",
        f"agreement {report.agreement:.4f}",
        f"mean probability {means}, difference {difference}",
        f"PSI {report.psi:.4f}, correlation of log-odds {correlation}",
        f"decisions that would change: {sum(change.decisions for change in report.changes)}",
        *changes,
        "by grade:",
        *grades,
    ]
