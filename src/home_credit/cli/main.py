"""The command ``home-credit``: one command per job.

Each image installs only its own dependencies, so every command imports what it needs when it is called.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from home_credit import __version__, logs
from home_credit.cli import data, deployment, keys, ledger, models, monitoring, scoring, services, training
from home_credit.errors import HomeCreditError

app = typer.Typer(
    help="Home Credit Scoring: decide on loan applications, explain, record and monitor.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# Commands of a module that is added without a name are at the top level.
for verbs in (data, training, models, scoring, monitoring, services):
    app.add_typer(verbs.app)
app.add_typer(ledger.app, name="ledger")
app.add_typer(keys.app, name="keys")
app.add_typer(deployment.app, name="deploy")


@app.callback()
def start(
    version: Annotated[bool, typer.Option("--version", help="print the version and stop")] = False,
) -> None:
    """Home Credit Scoring."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    logs.configure()


def main() -> None:
    """Run the command; an error of this package is one line on standard error."""
    try:
        app()
    except HomeCreditError as error:
        sys.exit(_fail(str(error), error.exit_code))
    except ModuleNotFoundError as error:
        if not error.name or error.name.split(".")[0] == __name__.split(".")[0]:
            raise
        missing = f"this verb needs the package {error.name}, which is not installed here"
        sys.exit(_fail(f"{missing}; the images hold what serves, `make install` brings everything", 2))


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"home-credit: {message}\n")
    return code
