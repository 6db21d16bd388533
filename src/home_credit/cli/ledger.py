"""``home-credit ledger …``: the record of every decision."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from home_credit.cli.progress import shown
from home_credit.config import Settings

app = typer.Typer(help="The decision ledger.", no_args_is_help=True)

Applicant = Annotated[int, typer.Argument(metavar="SK_ID_CURR", min=0, max=2**63 - 1)]
Erasures = Annotated[
    Path | None, typer.Option(help="folder of the erasures' files; LEDGER_ANCHORS if not given")
]


@app.command()
def verify() -> None:
    """Verify every record: its hash, its place in the chain, that it can be read, and that no anchor contradicts."""
    from home_credit.ledger import Ledger

    with shown() as progress, closing(Ledger.of(Settings(), create=False)) as ledger:
        found = ledger.audit(progress)
    erased = f"; {found.erased} decisions were erased" if found.erased else ""
    typer.echo(f"{found.records} records, chain intact{erased}")


@app.command()
def migrate() -> None:
    """Create the tables of the ledger, or migrate those of an earlier version, as the API does when it starts."""
    from home_credit.ledger import Ledger

    Ledger.of(Settings()).close()
    typer.echo("the ledger has this version's tables")


@app.command()
def recount() -> None:
    """Verify every record and count them anew, for counts that are not those of the records."""
    from home_credit.ledger import Ledger

    with shown() as progress, closing(Ledger.of(Settings(), create=False)) as ledger:
        records = ledger.recount(progress)
    typer.echo(f"{records} records, chain intact, counted anew")


@app.command()
def export(out: Annotated[Path, typer.Option(help="file to write, one JSON object per line")]) -> None:
    """Write every record as JSON lines, with everything that its hash is computed from."""
    import json

    from home_credit.ledger import Ledger

    with (
        shown() as progress,
        closing(Ledger.of(Settings(), create=False)) as ledger,
        out.open("w", encoding="utf-8") as file,
    ):
        for record in ledger.export(progress):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


@app.command()
def copy(to: Annotated[str, typer.Option(metavar="URL", help="address of the empty database")]) -> None:
    """Copy the ledger into another database, with the same keys, and verify the copy."""
    from home_credit.ledger import Ledger

    with shown() as progress, closing(Ledger.of(Settings(), create=False)) as ledger:
        records = ledger.copy_to(to, progress)
    typer.echo(f"{records} records copied, chain intact; set LEDGER_KEY to the keys of this ledger")


@app.command()
def backup(file: Path) -> None:
    """Write a verified copy of the ledger, as it is now, into a new SQLite file; the keys are not in it."""
    from home_credit.errors import UsageError
    from home_credit.ledger import Ledger

    if file.exists():
        raise UsageError(f"{file} exists already")
    with shown() as progress, closing(Ledger.of(Settings(), create=False)) as ledger:
        records = ledger.copy_to(f"sqlite:///{file}", progress)
    typer.echo(f"{records} records, chain intact: {file}")


@app.command()
def restore(file: Path, erasures: Erasures = None) -> None:
    """Fill an empty ledger at DATABASE_URL from a backup, verify it, and erase what was erased since.

    The keys have to be in place.
    """
    from home_credit.ledger import Ledger

    settings = Settings()
    folder = erasures or settings.ledger_anchors
    with shown() as progress, closing(Ledger.backup_of(settings, file)) as ledger:
        records = ledger.copy_to(settings.database_url, progress, erasures=folder)
    typer.echo(f"{records} records restored, chain intact")
    if folder is None:
        typer.echo(
            "nothing was erased again: no folder of erasures is named (--erasures, LEDGER_ANCHORS)", err=True
        )


@app.command()
def subject(
    applicant: Applicant,
    out: Annotated[Path | None, typer.Option(help="file to write; standard output if not given")] = None,
) -> None:
    """Write everything that is held of a person, as JSON: known rows, decisions with their rows, and reviews."""
    import json

    from home_credit.applicants import ApplicantStore
    from home_credit.decisioning.subject import subject as held_of
    from home_credit.ledger import Ledger

    settings = Settings()
    with (
        closing(Ledger.of(settings, create=False)) as ledger,
        closing(ApplicantStore.open(settings.applicants_url)) as applicants,
    ):
        text = json.dumps(held_of(applicant, ledger, applicants), ensure_ascii=False, indent=1)
    if out is None:
        typer.echo(text)
    else:
        out.write_text(f"{text}\n", encoding="utf-8")


@app.command()
def erase(applicant: Applicant) -> None:
    """Erase the decisions on a person, with their rows and reviews; the chain can still be verified."""
    from home_credit.ledger import Ledger

    with closing(Ledger.of(Settings(), create=False)) as ledger:
        number = ledger.privacy.erase(applicant)
    typer.echo(f"{number} decisions erased")


@app.command()
def retain(
    days: Annotated[
        int | None, typer.Option(min=1, help="age in days; LEDGER_RETENTION_DAYS if not given")
    ] = None,
) -> None:
    """Erase the decisions that are older than records are kept; to be run on a schedule."""
    from datetime import UTC, datetime, timedelta

    from home_credit.errors import UsageError
    from home_credit.ledger import Ledger

    settings = Settings()
    kept = days or settings.ledger_retention_days
    if kept is None:
        raise UsageError("say how long decisions are kept: --days, or LEDGER_RETENTION_DAYS")
    since = datetime.now(UTC) - timedelta(days=kept)
    with shown() as progress, closing(Ledger.of(settings, create=False)) as ledger:
        number = ledger.privacy.retain(since, progress)
    typer.echo(f"{number} decisions before {since:%Y-%m-%d %H:%M} UTC erased")


@app.command()
def erase_again(erasures: Erasures = None) -> None:
    """Erase what was erased since a copy was made that was put in the place of the ledger."""
    from home_credit.errors import UsageError
    from home_credit.ledger import Ledger

    settings = Settings()
    folder = erasures or settings.ledger_anchors
    if folder is None:
        raise UsageError("name the folder of the erasures: --erasures, or LEDGER_ANCHORS")
    with closing(Ledger.of(settings, create=False)) as ledger:
        number = ledger.privacy.erase_again(folder)
    typer.echo(f"{number} decisions erased again")


@app.command()
def anchor() -> None:
    """Write the signed heads of the ledger into LEDGER_ANCHORS; to be run on a schedule."""
    from home_credit.ledger import Ledger

    with shown() as progress, closing(Ledger.of(Settings(), create=False)) as ledger:
        path = ledger.anchor(progress)
    typer.echo(str(path))


@app.command()
def prove(
    decision_id: str,
    out: Annotated[Path | None, typer.Option(help="file to write; standard output if not given")] = None,
) -> None:
    """Write the proof of a decision: its record, and its path to an anchor."""
    from home_credit.ledger import Ledger

    with closing(Ledger.of(Settings(), create=False)) as ledger:
        text = ledger.prove(decision_id).model_dump_json(indent=1)
    if out is None:
        typer.echo(text)
    else:
        out.write_text(f"{text}\n", encoding="utf-8")


@app.command()
def check_proof(
    file: Path,
    anchor: Annotated[
        Path | None, typer.Option(help="a copy of the anchor, from where nobody can change it")
    ] = None,
) -> None:
    """Check a proof without the database: by LEDGER_KEY where it is set, and by a copy of the anchor."""
    from home_credit.errors import UsageError
    from home_credit.ledger.anchors import read_file
    from home_credit.ledger.keys import Keyring
    from home_credit.ledger.proofs import read_proof

    key = Settings().ledger_key
    if anchor is None and key is None:
        raise UsageError("a proof is checked by --anchor FILE, by LEDGER_KEY, or by both")
    proof = read_proof(file)
    record = proof.check(
        Keyring.parse(key, "LEDGER_KEY") if key else None, read_file(anchor) if anchor else None
    )
    said = record.assessment
    typer.echo(
        f"decision {record.decision_id} of {record.recorded_at:%Y-%m-%d %H:%M:%S} UTC on applicant "
        f"{record.applicant_id} was recorded as {said.decision}, score {said.score}, by model {record.model_version}: "
        f"record {proof.sequence} in {proof.anchor.name}"
    )
    typer.echo("signatures checked" if key else "signatures not checked: LEDGER_KEY is not set")


@app.command()
def new_key(
    file: Annotated[
        Path | None, typer.Option(help="key file in which the new key is put before the earlier ones")
    ] = None,
) -> None:
    """Make a new key: printed for LEDGER_KEY, or put into the key file of a ledger, which verifies by all of them."""
    from home_credit.ledger.keys import new_secret, rotate_file

    if file is None:
        typer.echo(new_secret())
    else:
        typer.echo(f"new records are signed with the key {rotate_file(file).current.id}")
