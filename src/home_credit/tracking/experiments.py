"""The experiments: what each is for, and the metrics that MLflow's page shows of its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from home_credit.tracking.addresses import local_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow import MlflowClient

# The page opens an experiment of this kind among those of model training instead of those of generative AI.
KIND, MODEL_TRAINING = "mlflow.experimentKind", "custom_model_development"
NOTE, PRIMARY_METRIC = "mlflow.note.content", "mlflow.experiment.primaryMetric.name"


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment: its name, a note in Markdown, and the metrics shown as columns, the primary one first."""

    name: str
    note: str
    columns: Sequence[str]

    def tags(self) -> dict[str, str]:
        """Return the tags that MLflow's page reads."""
        return {
            KIND: MODEL_TRAINING,
            NOTE: self.note,
            PRIMARY_METRIC: self.columns[0],
        }

    def view(self) -> dict[str, object]:
        """Return the columns and the order of its runs, as MLflow's page keeps them in the browser."""
        return {
            "selectedColumns": [
                *(f"metrics.`{name}`" for name in self.columns),
                "attributes.`Dataset`",
                "attributes.`Models`",
            ],
            "orderByKey": f"metrics.`{self.columns[0]}`",
            "orderByAsc": False,
        }

    def made(self, client: MlflowClient, setting: str) -> str:
        """Return its id; it is created where it is missing, with local artefacts beside the database."""
        found = client.get_experiment_by_name(self.name)
        if found is None:
            database = local_database(setting)
            place = str(database.parent / "artifacts") if database else None
            return str(client.create_experiment(self.name, place, tags=self.tags()))
        for key, value in self.tags().items():
            if found.tags.get(key) != value:
                client.set_experiment_tag(found.experiment_id, key, value)
        return str(found.experiment_id)


DEFAULT_RISK = Experiment(
    "home-credit-default-risk",
    "The models that are trained to serve: each run is cross-validated and its model registered as `home-credit`. The"
    " description of a run has its data, folds, metrics and decision; its artifacts are the model card and the curves.",
    ("auc", "log_loss", "brier", "cost_per_applicant", "train_auc"),
)
BASELINES = Experiment(
    "home-credit-baselines",
    "Models from the simplest to the final one, cross-validated on the same folds: what each step of complexity is"
    " worth.",
    ("auc", "auc_low", "auc_high", "log_loss", "train_auc"),
)
