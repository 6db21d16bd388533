"""Commands that run the services: one of them, or all three."""

from __future__ import annotations

from typing import Literal

import typer

from home_credit.cli.progress import shown
from home_credit.config import Settings

app = typer.Typer()


@app.command()
def serve(service: Literal["api", "dashboard", "mlflow"]) -> None:
    """Run one service in the foreground on PORT."""
    from home_credit import services

    services.serve(service)


@app.command()
def up() -> None:
    """Run the API, the dashboard and the MLflow UI together until Ctrl-C."""
    from home_credit import services

    with shown() as progress:
        services.up(Settings(), progress)
