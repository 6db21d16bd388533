"""Train models: folds, baselines, search, the run that saves and registers a model, the gate to the champion."""
