"""Commands on models: train, compare, search, promote, roll back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from home_credit.cli.options import Models, Tables
from home_credit.cli.progress import shown
from home_credit.config import Settings

if TYPE_CHECKING:
    from home_credit.default_risk.manifest import Manifest

app = typer.Typer()


@app.command()
def train(
    tables: Tables,
    models: Models = None,
    track: Annotated[bool, typer.Option(help="track the run in MLflow")] = True,
    holdout: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="share of persons held out of training, for the gate")
    ] = 0.0,
) -> None:
    """Train on application_train and its histories, save the model, register it in MLflow."""
    settings = Settings()
    manifest = _trained(tables, models or settings.models, settings, holdout, track=track)
    measured = manifest.metrics.out_of_fold
    typer.echo(f"model {manifest.model_version} saved to {models or settings.models}")
    typer.echo(
        f"cross-validated AUC {measured['auc']:.4f} (95 % {measured['auc_low']:.4f} to {measured['auc_high']:.4f})"
        f" on {manifest.training_data.applicants} applicants"
    )
    for name in ("train_auc", "log_loss", "brier", "ks", "calibration_slope", "cost_per_applicant"):
        typer.echo(f"{name:>20} {measured[name]:.4f}")
    for name in ("cut_off", "out_of_fold_optimal_cut_off"):
        typer.echo(f"{name:>30} {getattr(manifest.policy, name):.4f}")


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
    tracking = Settings().mlflow_tracking_uri if track else None
    with shown() as progress:
        applicants = data.load(tables, progress=progress)
        for result in evaluate(applicants, candidates(parameters), tracking=tracking, progress=progress):
            typer.echo(result.line)


@app.command()
def search(
    tables: Tables,
    minutes: Annotated[float, typer.Option(min=0.0, help="time budget")] = 30.0,
    study: Annotated[Path, typer.Option(help="file of all trials; an existing one is continued")] = Path(
        "var/search.db"
    ),
) -> None:
    """Search for better hyper-parameters of one booster; prints them in the format of parameters.toml."""
    from home_credit.training import data
    from home_credit.training.search import search as run

    with shown() as progress:
        applicants = data.load(tables, progress=progress)
        parameters, auc = run(applicants, study, minutes=minutes, progress=progress)
    typer.echo(f"# out-of-fold AUC {auc:.4f}")
    typer.echo("[[boosters]]")
    for name, value in parameters.items():
        typer.echo(f"{name} = {value}")


@app.command()
def promote(
    tables: Annotated[Path, typer.Option(help="labelled tables to compare champion and challenger on")],
    models: Models = None,
    unseen: Annotated[bool, typer.Option(help="neither model was trained on anybody in the tables")] = False,
) -> None:
    """Make the challenger the champion if it passes the gate; exit code 3 where it does not."""
    from home_credit import policy
    from home_credit.training import promotion

    settings = Settings()
    with shown() as progress:
        verdict = promotion.promote(
            tables,
            models or settings.models,
            tracking=settings.mlflow_tracking_uri,
            costs=policy.Costs.of(settings),
            kept=settings.model_versions,
            key=settings.model_key,
            unseen=unseen,
            progress=progress,
        )
    typer.echo(f"{verdict.applicants} applicants that neither was trained on, {verdict.defaults} defaults")
    for difference in verdict.comparison.differences:
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
    """Make the previous champion the champion again; a second call undoes the first."""
    from home_credit.training import promotion

    settings = Settings()
    version = promotion.rollback(
        models or settings.models,
        tracking=settings.mlflow_tracking_uri,
        kept=settings.model_versions,
        key=settings.model_key,
    )
    _say_champion(version, models or settings.models)


def _say_champion(version: str, models: Path) -> None:
    typer.echo(f"model {version} is the champion, saved to {models}; an API that serves it swaps it in")


@app.command()
def challenge(
    tables: Tables,
    to: Annotated[Path, typer.Option(help="folder of the challenger; HOME_CREDIT_CHALLENGER reads it")],
    scheduled: Annotated[bool, typer.Option(help="train one even where no change asks for it")] = False,
    holdout: Annotated[float, typer.Option(min=0.0, max=0.9, help="share of persons for the gate")] = 0.2,
) -> None:
    """Train a challenger where the last verdict on drift asks for one; `promote` is what lets it serve."""
    from home_credit.errors import NoVerdictError
    from home_credit.monitoring.verdict import stored_verdict
    from home_credit.training import renewal

    settings = Settings()
    try:
        verdict = stored_verdict(settings.reports)
    except NoVerdictError:
        verdict = None
    why = renewal.reason(verdict, scheduled=scheduled)
    if why is None:
        typer.echo("no change asks for another model")
        return
    manifest = _trained(tables, to, settings, holdout)
    typer.echo(f"challenger {manifest.model_version} is trained ({why}) and saved to {to}")


def _trained(
    tables: Path, models: Path, settings: Settings, holdout: float, *, track: bool = True
) -> Manifest:
    """Train a model and save it, signed where ``MODEL_KEY`` is set."""
    from home_credit import policy
    from home_credit.training.run import train

    with shown() as progress:
        return train(
            tables,
            models,
            tracking=settings.mlflow_tracking_uri if track else None,
            costs=policy.Costs.of(settings),
            holdout=holdout,
            key=settings.model_key,
            progress=progress,
        )
