"""Commands that run the services: one of them, or all three."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from home_credit.cli.progress import shown
from home_credit.config import Settings

app = typer.Typer()


@app.command()
def serve(
    service: Literal["api", "dashboard", "mlflow"],
    workers: Annotated[
        int, typer.Option(min=1, help="processes of the API, which share the port and one ledger")
    ] = 1,
) -> None:
    """Run one service in the foreground on PORT."""
    from home_credit import services
    from home_credit.errors import UsageError

    if workers > 1 and service != "api":
        raise UsageError("only the API is served by several processes")
    services.serve(service, workers)


@app.command()
def up() -> None:
    """Run the API, the dashboard and the MLflow UI together until Ctrl-C."""
    from home_credit import services

    with shown() as progress:
        services.up(Settings(), progress)
