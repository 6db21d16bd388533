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
        int | None,
        typer.Option(min=1, help="processes of the API on one port, with one ledger; WEB_CONCURRENCY or 1"),
    ] = None,
) -> None:
    """Run one service in the foreground on PORT."""
    from home_credit import serve as serving
    from home_credit.errors import UsageError

    if workers is not None and service != "api":
        raise UsageError("only the API is served by several processes")
    serving.serve(service, workers)


@app.command()
def up() -> None:
    """Run the API, the dashboard and the MLflow UI together until Ctrl-C."""
    from home_credit import services

    with shown() as progress:
        services.up(Settings(), progress)
