"""Plain FastAPI: parse a vector and predict, the same with contributions, and a constant."""

import os

import lightgbm as lgb
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
booster = lgb.Booster(model_file=os.environ["MODEL_FILE"])


class Vector(BaseModel):
    """One row."""

    values: list[float]


@app.post("/predict")
def predict(vector: Vector) -> list[float]:
    """Return the probability."""
    found: list[float] = booster.predict(np.array([vector.values])).tolist()
    return found


@app.post("/contributions")
def contributions(vector: Vector) -> list[float]:
    """Return the contribution of each feature."""
    found: list[float] = booster.predict(np.array([vector.values]), pred_contrib=True)[0].tolist()
    return found


@app.post("/constant")
async def constant() -> list[float]:
    """Return a constant."""
    return [0.5]
