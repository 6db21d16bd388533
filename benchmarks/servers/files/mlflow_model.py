"""MLflow: save the booster as a model that ``mlflow models serve`` can load. Takes the folder as its argument."""

import os
import sys

import lightgbm as lgb
import mlflow

mlflow.lightgbm.save_model(lgb.Booster(model_file=os.environ["MODEL_FILE"]), sys.argv[1])
