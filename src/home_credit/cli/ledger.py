"""``home-credit ledger …``: the record of every decision."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from home_credit.cli.progress import shown
from home_credit.config import Settings

app = typer.Typer(help="The decision ledger.", no_args_is_help=True)


@app.command()
def verify() -> None:
    """Verify every record: its hash, its place in the chain, and that it can be read."""
    from home_credit.ledger import Ledger

    with shown() as progress, closing(Ledger.open(Settings().database_url)) as ledger:
        records = ledger.verify(progress)
    typer.echo(f"{records} records, chain intact")


@app.command()
def export(out: Annotated[Path, typer.Option(help="file to write, one JSON object per line")]) -> None:
    """Write every record as JSON lines, with everything that its hash is computed from."""
    import json

    from home_credit.ledger import Ledger

    with (
        shown() as progress,
        closing(Ledger.open(Settings().database_url)) as ledger,
        out.open("w", encoding="utf-8") as file,
    ):
        for record in ledger.export(progress):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
