"""BentoML: one worker that multiplies a ready vector."""

import os

import bentoml
import lightgbm as lgb
import numpy as np


@bentoml.service(workers=1)
class Model:
    """The booster."""

    def __init__(self) -> None:
        self._booster = lgb.Booster(model_file=os.environ["MODEL_FILE"])

    @bentoml.api
    def predict(self, rows: np.ndarray) -> list[float]:  # type: ignore[type-arg]  # as in BentoML's examples
        """Return the probability of each row."""
        return self._booster.predict(rows).tolist()  # type: ignore[no-any-return]
