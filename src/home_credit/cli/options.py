"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Tables = Annotated[Path, typer.Option(help="folder with the tables under their original names")]
Models = Annotated[Path | None, typer.Option(help="folder of the saved model; HOME_CREDIT_MODELS or models/")]
Engine = Annotated[
    Literal["polars", "spark"], typer.Option(help="polars on this machine, or spark on a cluster")
]
Master = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="master of the cluster: local[N], spark://HOST:PORT, yarn, ...; local[*] if not given",
    ),
]
