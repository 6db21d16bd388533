"""``home-credit keys …``: the keys of the API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from home_credit.config import Settings
from home_credit.errors import UsageError

if TYPE_CHECKING:
    from home_credit.api.keys import KeyFile

app = typer.Typer(help="API keys with names and scopes, in the file API_KEYS_FILE.", no_args_is_help=True)

File = Annotated[Path | None, typer.Option("--file", help="file of the keys; API_KEYS_FILE if not given")]
Scopes = Annotated[
    list[str],
    typer.Option(
        "--scope",
        help="score, read, review, act-for (name another reviewer) or admin (all of them); may be repeated",
    ),
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="who uses the key; it is logged with every request")],
    scope: Scopes,
    file: File = None,
) -> None:
    """Make a key and print it, once; only its hash is stored."""
    typer.echo(_keys(file).add(name, scope))


@app.command(name="list")
def listed(file: File = None) -> None:
    """List the keys: name, scopes, when each was made, and when it was revoked."""
    for key in _keys(file).read():
        revoked = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "valid"
        typer.echo(f"{key.name}\t{','.join(key.scopes)}\t{key.created_at:%Y-%m-%d %H:%M}\t{revoked}")


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="name of the key")], file: File = None) -> None:
    """Revoke a key; running servers refuse it within a second or two."""
    _keys(file).revoke(name)
    typer.echo(f"{name} is revoked")


def _keys(file: Path | None) -> KeyFile:
    from home_credit.api.keys import KeyFile

    path = file or Settings().api_keys_file
    if path is None:
        raise UsageError("name the file of the keys: --file, or the setting API_KEYS_FILE")
    return KeyFile(path)
