"""What the verbs that run on a cluster share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import typer

from home_credit.cli.progress import shown
from home_credit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.spark.job import Outcome
    from home_credit.spark.work import Work
    from home_credit.tables.source import Split

HERE = "local[*]"


def require_no_master(master: str | None) -> None:
    """Raise :class:`UsageError` where a master is named for an engine that has none."""
    if master is not None:
        raise UsageError("--master URL goes with --engine spark")


def run_on_spark(work: Work, tables: Path, split: Split, out: Path, master: str | None) -> Outcome:
    """Compute ``work`` on a cluster and write it to the folder ``out``, as CSV where its name ends in .csv."""
    from home_credit.spark.session import connected

    form: Literal["parquet", "csv"] = "csv" if out.suffix == ".csv" else "parquet"
    with shown() as progress, connected(master or HERE) as spark:
        from home_credit.spark.job import Run  # where Spark is known to be installed

        outcome = Run(spark, tables, split, work, out, form, progress=progress)()
    for warning in outcome.warnings:
        typer.echo(warning, err=True)
    if outcome.kept:
        typer.echo(f"{outcome.kept} of {outcome.batches} parts were there already", err=True)
    return outcome
