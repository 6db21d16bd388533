"""Commands of monitoring: drift since training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from home_credit.cli.progress import shown

app = typer.Typer()


@app.command()
def drift(
    reference: Annotated[Path, typer.Option(help="folder with the reference tables")],
    current: Annotated[Path, typer.Option(help="folder with the current tables")],
    out: Annotated[Path, typer.Option(help="folder for the report and the verdict")],
) -> None:
    """Compare current applications with a reference; exit code 3 on alarm."""
    from home_credit.monitoring.report import run

    with shown() as progress:
        verdict = run(reference, current, out, progress)
    typer.echo(verdict.summary)
    if verdict.alarm:
        raise typer.Exit(3)
