"""Commands on decisions: score a table, replay a recorded decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from home_credit.cli.cluster import require_no_master, run_on_spark
from home_credit.cli.options import Engine, Master, Models, Tables
from home_credit.cli.progress import shown
from home_credit.config import Settings

app = typer.Typer()


@app.command()
def score(
    *,
    tables: Tables,
    out: Annotated[
        Path, typer.Option(help="file to write, .parquet or .csv; a folder of such files with Spark")
    ],
    models: Models = None,
    split: Literal["train", "test"] = "test",
    engine: Engine = "polars",
    master: Master = None,
) -> None:
    """Decide on every applicant of a split: probability, score, grade, decision and reason codes."""
    settings = Settings()
    saved = models or settings.models
    if engine == "spark":
        from home_credit.spark.work import Decisions

        work = Decisions.of(saved, settings)
        outcome = run_on_spark(work, tables, split, out, master)
        typer.echo(f"{outcome.applicants} applicants scored by model {work.model}, written to {out}")
        return
    require_no_master(master)
    from home_credit.decisioning.scoring import Scorer
    from home_credit.decisioning.tables import score_batches
    from home_credit.features.build import feature_batches
    from home_credit.tables.schema import ID
    from home_credit.tables.sink import write_batches
    from home_credit.tables.source import open_tables

    scorer = Scorer.load(saved, settings)
    with shown() as progress, open_tables(tables, split, progress) as source:
        for warning in source.warnings:
            typer.echo(warning, err=True)
        applicants = source.applicants[ID]
        batches = feature_batches(source.frames, applicants, scorer.terms, progress=progress)
        rows = write_batches(score_batches(scorer, batches, len(applicants), progress), out)
    typer.echo(f"{rows} applicants scored by model {scorer.version}, written to {out}")


@app.command()
def replay(decision_id: str) -> None:
    """Compute a recorded decision again and compare every bit; exit code 1 where it differs."""
    from home_credit.decisioning.factory import decision_service

    with decision_service(Settings()) as service:
        outcome = service.replay(decision_id)
    typer.echo(outcome.model_dump_json(indent=2))
    if not outcome.identical:
        raise typer.Exit(1)
