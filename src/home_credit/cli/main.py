"""The command ``home-credit``: one verb per job.

Each image installs only its own part, so every verb imports what it needs when it is called.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from home_credit import __version__, logs
from home_credit.config import Settings
from home_credit.deployment.commands import app as deploy_app
from home_credit.errors import HomeCreditError, InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    help="Home Credit Scoring: decide on loan applications, explain, record and monitor.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ledger_app = typer.Typer(help="The decision ledger.", no_args_is_help=True)
app.add_typer(ledger_app, name="ledger")
app.add_typer(deploy_app, name="deploy")

Tables = Annotated[Path, typer.Option(help="folder with the tables under their original names")]
Models = Annotated[Path | None, typer.Option(help="folder of the saved model; HOME_CREDIT_MODELS or models/")]
Split = Literal["train", "test"]


@app.callback()
def start(
    version: Annotated[bool, typer.Option("--version", help="print the version and stop")] = False,
) -> None:
    """Home Credit Scoring."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    logs.configure()


@app.command()
def demo(
    *,
    out: Annotated[Path | None, typer.Option(help="folder to write to")] = None,
    applicants: Annotated[int, typer.Option(min=1)] = 10_000,
    seed: int = 2018,
    format: Literal["parquet", "csv"] = "parquet",  # noqa: A002  # the option's name is contract
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
    with TemporaryDirectory(prefix="home-credit-demo-") as passing:
        written = out or Path(passing)
        write_demo(written, applicants, seed, format, _progress("applicants written"))
        if report is not None and against is not None:
            from home_credit.synthetic.fidelity import report as fidelity

            found = fidelity.run(written, against, report, _progress("steps of the report"))
            test, ranking = found.discriminators["application_train"], found.rankings["synthetic applicants"]
            typer.echo(f"two-sample AUC of synthetic and real applications: {test.auc:.3f}")
            typer.echo(f"AUC on real applicants, trained on synthetic ones: {ranking.auc:.4f}")
            typer.echo(f"report written to {report}")


@app.command("demo-statistics", hidden=True)
def demo_statistics(
    tables: Tables,
    out: Annotated[Path, typer.Option(help="JSON file to write")],
) -> None:
    """Fit the statistics of real tables that the synthetic portfolio is drawn from."""
    from home_credit.synthetic.fitting import fit_statistics
    from home_credit.synthetic.statistics import save_statistics

    save_statistics(fit_statistics(tables, _progress("variables fitted")), out)
    typer.echo(f"statistics written to {out}")


@app.command()
def features(
    tables: Tables,
    out: Annotated[Path, typer.Option(help="file to write: .parquet or .csv")],
    split: Literal["train", "test", "all"] = "all",
) -> None:
    """Write the feature matrix, one row per applicant."""
    from home_credit.features.build import feature_batches
    from home_credit.tables.schema import ID
    from home_credit.tables.sink import write_batches
    from home_credit.tables.source import open_tables

    with open_tables(tables, split) as source:
        for warning in source.warnings:
            typer.echo(warning, err=True)
        rows = write_batches(feature_batches(source.frames, source.applicants[ID]), out)
    typer.echo(f"{rows} applicants written to {out}")


@app.command()
def train(
    tables: Tables,
    models: Models = None,
    track: Annotated[bool, typer.Option(help="track the run in MLflow")] = True,
    holdout: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="share of persons kept from training, for the gate")
    ] = 0.0,
) -> None:
    """Train on application_train and its histories, save the model, register it in MLflow."""
    from home_credit import policy
    from home_credit.training.run import train

    settings = Settings()
    manifest = train(
        tables,
        models or settings.models,
        tracking=settings.mlflow_tracking_uri if track else None,
        costs=policy.Costs.of(settings),
        holdout=holdout,
    )
    measured = manifest["metrics"]["out_of_fold"]
    typer.echo(f"model {manifest['model_version']} saved to {models or settings.models}")
    typer.echo(
        f"cross-validated AUC {measured['auc']:.4f} (95 % {measured['auc_low']:.4f} to {measured['auc_high']:.4f})"
        f" on {manifest['training_data']['applicants']} applicants"
    )
    for name in ("train_auc", "log_loss", "brier", "ks", "calibration_slope", "cost_per_applicant"):
        typer.echo(f"{name:>20} {measured[name]:.4f}")
    typer.echo(f"{'cut_off':>20} {manifest['policy']['cut_off']:.4f}")


@app.command("ladder", hidden=True)  # the name of releases before 1.0
@app.command()
def baselines(
    tables: Tables,
    track: Annotated[bool, typer.Option(help="track each model in MLflow")] = True,
) -> None:
    """Cross-validate the baselines and the model on the same folds."""
    from home_credit.default_risk import classifier
    from home_credit.training import data
    from home_credit.training.baselines import HEAD, candidates, evaluate

    typer.echo(HEAD)
    parameters = classifier.committed_parameters()
    for result in evaluate(
        data.load(tables), candidates(parameters), tracking=Settings().mlflow_tracking_uri if track else None
    ):
        typer.echo(result.line)


@app.command()
def search(
    tables: Tables,
    minutes: Annotated[float, typer.Option(min=0.0, help="time budget")] = 30.0,
    study: Annotated[Path, typer.Option(help="file of all trials; an existing one is continued")] = Path(
        "var/search.db"
    ),
) -> None:
    """Search for better hyper-parameters; prints them as parameters.toml wants them."""
    from home_credit.training import data
    from home_credit.training.search import search as run

    parameters, auc = run(data.load(tables), study, minutes=minutes)
    typer.echo(f"# out-of-fold AUC {auc:.4f}")
    for name, value in parameters.items():
        typer.echo(f"{name} = {value}")


@app.command()
def promote(
    tables: Annotated[Path, typer.Option(help="labelled tables to judge champion and challenger on")],
    models: Models = None,
    unseen: Annotated[bool, typer.Option(help="neither model was trained on anybody in the tables")] = False,
) -> None:
    """Make the challenger the champion if it passes the gate; exit code 3 where it does not."""
    from home_credit import policy
    from home_credit.training import promotion

    settings = Settings()
    verdict = promotion.promote(
        tables,
        models or settings.models,
        tracking=settings.mlflow_tracking_uri,
        costs=policy.Costs.of(settings),
        unseen=unseen,
    )
    typer.echo(f"{verdict.applicants} applicants that neither was trained on, {verdict.defaults} defaults")
    for difference in verdict.differences:
        typer.echo(
            f"{difference.metric:>10} {difference.champion:.4f} -> {difference.challenger:.4f}, difference"
            f" {difference.low:+.4f} to {difference.high:+.4f} (95 %)"
        )
    for refusal in verdict.refusals:
        typer.echo(f"refused: {refusal}")
    if not verdict.passed:
        raise typer.Exit(3)
    _say_champion(verdict.challenger, models or settings.models)


@app.command()
def rollback(models: Models = None) -> None:
    """Make the champion of before the champion again; a second time undoes the first."""
    from home_credit.training import promotion

    settings = Settings()
    version = promotion.rollback(models or settings.models, tracking=settings.mlflow_tracking_uri)
    _say_champion(version, models or settings.models)


@app.command()
def score(
    tables: Tables,
    out: Annotated[Path, typer.Option(help="file to write: .parquet or .csv")],
    models: Models = None,
    split: Split = "test",
) -> None:
    """Decide on every applicant of a split: probability, score, grade, decision and reason codes."""
    from home_credit.decisioning.scoring import Scorer
    from home_credit.features.build import feature_batches
    from home_credit.tables.schema import ID
    from home_credit.tables.sink import write_batches
    from home_credit.tables.source import open_tables

    settings = Settings()
    scorer = Scorer.load(models or settings.models, settings)
    with open_tables(tables, split) as source:
        for warning in source.warnings:
            typer.echo(warning, err=True)
        batches = feature_batches(source.frames, source.applicants[ID])
        rows = write_batches((scorer.score_matrix(batch) for batch in batches), out)
    typer.echo(f"{rows} applicants scored by model {scorer.version}, written to {out}")


@app.command()
def drift(
    reference: Annotated[Path, typer.Option(help="folder with the reference tables")],
    current: Annotated[Path, typer.Option(help="folder with the current tables")],
    out: Annotated[Path, typer.Option(help="folder for the report and the verdict")],
) -> None:
    """Compare current applications with a reference; exit code 3 on alarm."""
    from home_credit.monitoring.report import run

    verdict = run(reference, current, out)
    typer.echo(verdict.summary)
    if verdict.alarm:
        raise typer.Exit(3)


@app.command()
def serve(service: Literal["api", "dashboard", "mlflow"]) -> None:
    """Run one service in the foreground on PORT."""
    from home_credit import services

    services.serve(service)


@app.command()
def up() -> None:
    """Run the API, the dashboard and the MLflow UI together until Ctrl-C."""
    from home_credit import services

    services.up(Settings(), _progress("applicants written"))


@ledger_app.command()
def verify() -> None:
    """Check the chain of every record."""
    from home_credit.ledger import Ledger

    typer.echo(f"{Ledger.open(Settings().database_url).verify()} records, chain whole")


@ledger_app.command()
def export(out: Annotated[Path, typer.Option(help="file to write, one JSON object a line")]) -> None:
    """Write every record as JSON lines."""
    import json

    from home_credit.ledger import Ledger

    with out.open("w", encoding="utf-8") as file:
        for record in Ledger.open(Settings().database_url).export():
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


@app.command()
def replay(decision_id: str) -> None:
    """Compute a recorded decision again and compare every bit; exit code 1 where it differs."""
    from home_credit.decisioning.scoring import Scorer, replay_record
    from home_credit.ledger import Ledger

    settings = Settings()
    record = Ledger.open(settings.database_url).read(decision_id)
    outcome = replay_record(Scorer.load(settings.models, settings), record)
    typer.echo(outcome.model_dump_json(indent=2))
    if not outcome.identical:
        raise typer.Exit(1)


def _say_champion(version: str, models: Path) -> None:
    typer.echo(f"model {version} is the champion, saved to {models}; the API serves it from its next start")


def _progress(label: str) -> Callable[[int, int], None]:
    """Return a callback that shows done / total: a bar on a terminal, a line each tenth otherwise."""
    terminal = sys.stderr.isatty()
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        tenth = 10 * done // max(total, 1)
        if terminal:
            bar = "█" * (30 * done // max(total, 1))
            sys.stderr.write(f"\r{bar:<30} {done:,}/{total:,} {label}" + ("\n" if done >= total else ""))
            sys.stderr.flush()
        elif tenth != shown:
            shown = tenth
            sys.stderr.write(f"{done:,} of {total:,} {label}\n")

    return show


def main() -> None:
    """Run the command; errors of ours are one line on standard error."""
    try:
        app()
    except InputError as error:
        sys.exit(_fail(error, 2))
    except HomeCreditError as error:
        sys.exit(_fail(error, 1))


def _fail(error: HomeCreditError, code: int) -> int:
    sys.stderr.write(f"home-credit: {error}\n")
    return code
