"""The registered model as MLflow loads it: rows of the feature matrix in, probabilities of default out.

MLflow keeps a copy of this file beside the artefacts and runs it to load the model. It reads the type hints of
``predict`` when the class is defined, so they must be evaluated, not strings.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import polars as pl

from home_credit.default_risk import artifacts, classifier


class ServedModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow's base class is untyped here
    """Calibrated probabilities of default."""

    def load_context(self, context: Any) -> None:  # MLflow's own type
        """Load the saved artefacts; each is checked against the manifest."""
        self._model = artifacts.load(Path(context.artifacts["models"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> np.ndarray[Any, Any]:  # noqa: ARG002  # MLflow's signature
        """Return the probability of default of each row of a pandas frame of features."""
        matrix = self._model.preprocessor.transform(pl.from_pandas(model_input))
        return self._model.calibration.probability(classifier.log_odds(self._model.booster, matrix))


mlflow.models.set_model(ServedModel())
