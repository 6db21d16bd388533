"""Parameters for models that a test trains: fast, and far better than chance."""

from __future__ import annotations

QUICK = [
    {"rounds": 40, "learning_rate": 0.1, "num_leaves": 8, "min_child_samples": 40},
    {"rounds": 20, "learning_rate": 0.1, "num_leaves": 16, "min_child_samples": 40},
]
