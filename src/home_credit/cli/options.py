"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Tables = Annotated[Path, typer.Option(help="folder with the tables under their original names")]
Models = Annotated[Path | None, typer.Option(help="folder of the saved model; HOME_CREDIT_MODELS or models/")]
