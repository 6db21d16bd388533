"""``home-credit ledger …``: the record of every decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from home_credit.cli.progress import shown
from home_credit.config import Settings

app = typer.Typer(help="The decision ledger.", no_args_is_help=True)


@app.command()
def verify() -> None:
    """Check the chain of every record."""
    from home_credit.ledger import Ledger

    with shown() as progress:
        records = Ledger.open(Settings().database_url).verify(progress)
    typer.echo(f"{records} records, chain whole")


@app.command()
def export(out: Annotated[Path, typer.Option(help="file to write, one JSON object a line")]) -> None:
    """Write every record as JSON lines."""
    import json

    from home_credit.ledger import Ledger

    with shown() as progress, out.open("w", encoding="utf-8") as file:
        for record in Ledger.open(Settings().database_url).export(progress):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
