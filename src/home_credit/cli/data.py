"""Commands on tables: the synthetic portfolio, the features of given tables, and the store of known applicants."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from home_credit.cli.cluster import require_no_master, run_on_spark
from home_credit.cli.options import Engine, Master, Models, Tables
from home_credit.cli.progress import shown
from home_credit.errors import UsageError

app = typer.Typer()


@app.command()
def demo(
    *,
    out: Annotated[Path | None, typer.Option(help="folder to write to")] = None,
    applicants: Annotated[int, typer.Option(min=1)] = 10_000,
    seed: int = 2018,
    format: Literal["parquet", "csv"] = "parquet",  # noqa: A002  # the option's name is public
    report: Annotated[Path | None, typer.Option(help="folder for a fidelity report")] = None,
    against: Annotated[Path | None, typer.Option(help="folder with the real tables for the report")] = None,
) -> None:
    """Write a synthetic portfolio (all seven tables in the original schema), report its fidelity, or both."""
    from tempfile import TemporaryDirectory

    from home_credit.synthetic import write_demo

    if out is None and report is None:
        raise UsageError("demo needs --out DIR, or --report DIR --against TABLES, or all three")
    if (report is None) != (against is None):
        raise UsageError("--report DIR and --against TABLES go together")
    with TemporaryDirectory(prefix="home-credit-demo-") as passing, shown() as progress:
        written = out or Path(passing)
        write_demo(written, applicants, seed, format, partial(progress, "applicants written"))
        if report is not None and against is not None:
            from home_credit.synthetic.fidelity import report as fidelity

            found = fidelity.run(written, against, report, partial(progress, "steps of the report"))
            test, ranking = found.discriminators["application_train"], found.rankings["synthetic applicants"]
            typer.echo(f"two-sample AUC of synthetic and real applications: {test.auc:.3f}")
            typer.echo(f"AUC on real applicants, trained on synthetic ones: {ranking.auc:.4f}")
            typer.echo(f"report written to {report}")


@app.command("demo-statistics", hidden=True)
def demo_statistics(tables: Tables, out: Annotated[Path, typer.Option(help="JSON file to write")]) -> None:
    """Fit the statistics of real tables that the synthetic portfolio is drawn from."""
    from home_credit.synthetic.fitting import fit_statistics
    from home_credit.synthetic.statistics import save_statistics

    with shown() as progress:
        save_statistics(fit_statistics(tables, partial(progress, "variables fitted")), out)
    typer.echo(f"statistics written to {out}")


@app.command()
def features(
    *,
    tables: Annotated[
        Path | None, typer.Option(help="folder with the tables under their original names")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="file to write, .parquet or .csv; a folder of such files with Spark")
    ] = None,
    models: Models = None,
    split: Literal["train", "test", "all"] = "all",
    engine: Engine = "polars",
    master: Master = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="explain how the feature NAME is computed; all explains every feature"
        ),
    ] = None,
) -> None:
    """Write the feature matrix, one row per applicant, as the saved model reads it, or explain a feature."""
    if explain is not None:
        _explain(explain)
        return
    if tables is None or out is None:
        raise UsageError("features needs --tables DIR and --out FILE, or --explain NAME")
    from home_credit.config import Settings

    saved = models or Settings().models
    if engine == "spark":
        from home_credit.spark.work import Features

        outcome = run_on_spark(Features.of(saved), tables, split, out, master)
        typer.echo(f"{outcome.applicants} applicants written to {out}")
        return
    require_no_master(master)
    from home_credit.default_risk import artifacts
    from home_credit.features.build import feature_batches
    from home_credit.tables.schema import ID
    from home_credit.tables.sink import write_batches
    from home_credit.tables.source import open_tables

    terms = artifacts.load(saved).terms
    with shown() as progress, open_tables(tables, split, progress) as source:
        for warning in source.warnings:
            typer.echo(warning, err=True)
        batches = feature_batches(source.frames, source.applicants[ID], terms, progress=progress)
        rows = write_batches(batches, out)
    typer.echo(f"{rows} applicants written to {out}")


@app.command()
def load(
    tables: Tables,
    to: Annotated[
        str | None,
        typer.Option(help="sqlite:///FILE or postgresql://…; APPLICANTS_URL where it is not given"),
    ] = None,
) -> None:
    """Replace what the store of known applicants holds by the applicants of the tables, in one stream."""
    from home_credit.applicants import loading
    from home_credit.config import Settings

    settings = Settings()
    address = to or settings.applicants_url
    if settings.models.is_dir():
        from home_credit.decisioning.grading import grading

        graded = grading(settings.models, settings.model_key)
    else:
        graded = None
        typer.echo(f"no model in {settings.models}: applicants are not graded", err=True)
    with shown() as progress:
        loaded = loading.load(tables, address, loading.current_features(), graded, progress=progress)
    for warning in loaded.warnings:
        typer.echo(warning, err=True)
    typer.echo(f"{loaded.content.total} applicants loaded")


def _explain(name: str) -> None:
    from difflib import get_close_matches

    from home_credit.features.catalogue import CATALOGUE
    from home_credit.features.explanation import explain

    if name != "all" and name not in CATALOGUE:
        alike = get_close_matches(name.upper(), CATALOGUE, n=3)
        raise UsageError(f"there is no feature {name}" + (f"; there is {', '.join(alike)}" if alike else ""))
    typer.echo("\n\n".join(map(explain, CATALOGUE if name == "all" else [name])))
