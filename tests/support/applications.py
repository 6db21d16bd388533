"""Applications drawn at random, with the columns that drift is measured on."""

from __future__ import annotations

import numpy as np
import polars as pl


def applications(n: int, seed: int) -> pl.DataFrame:
    """Draw ``n`` applications; ids differ between seeds."""
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "SK_ID_CURR": np.arange(n) + seed * 1_000_000,
            "AMT_CREDIT": random.lognormal(13, 0.6, n),
            "EXT_SOURCE_2": np.where(random.random(n) < 0.1, np.nan, random.random(n)),
            "FLAG_EMAIL": (random.random(n) < 0.05).astype(int),
            "CODE_GENDER": random.choice(["F", "M"], n, p=[0.66, 0.34]),
            "OWN_CAR_AGE": [None] * n,
        },
        schema_overrides={"OWN_CAR_AGE": pl.Float64},
        nan_to_null=True,
    )
