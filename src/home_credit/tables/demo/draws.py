"""Draws that the histories share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from home_credit.tables.demo.statistics import uniform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from home_credit.tables.demo.applicants import Applicants
    from home_credit.tables.demo.statistics import Marginal

DAYS_PER_MONTH = 30.4375


def mixed(generator: np.random.Generator, trait: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return standard normal values that correlate with a standard normal trait by ``weight``."""
    noise = generator.standard_normal(len(trait))
    return np.asarray(weight * trait + np.sqrt(1.0 - weight * weight) * noise)


def months_ago(days: pl.Series) -> NDArray[np.int64]:
    """Return whole months before today of days counted backwards from it."""
    return np.asarray(np.floor(np.maximum(-days.to_numpy(), 0) / DAYS_PER_MONTH), dtype=np.int64)


def counted(lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each of ``lengths`` in turn its place, repeated, and 0, 1, ... up to it."""
    place = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return place, np.arange(int(lengths.sum())) - starts


def draw_kinds(
    generator: np.random.Generator,
    frame: pl.DataFrame,
    kinds: Mapping[str, Mapping[str, Marginal]],
    applicants: Applicants,
    leans: Mapping[str, tuple[str, float]],
    *,
    skip: Sequence[str] = (),
) -> pl.DataFrame:
    """Add the columns whose distribution depends on the row's ``kind``; rows keep their order.

    ``frame`` has ``kind`` and ``owner`` (the applicant's place in the block). A kind without statistics takes
    those of the first kind.
    """
    fallback = next(iter(kinds.values()))
    parts = []
    for (kind,), part in (
        frame.with_row_index("place").partition_by("kind", as_dict=True, maintain_order=True).items()
    ):
        marginals = kinds.get(str(kind), fallback)
        owner = part["owner"].to_numpy()
        drawn = []
        for name, marginal in marginals.items():
            if name in skip:
                continue
            if name in leans:
                trait, weight = leans[name]
                level = uniform(mixed(generator, applicants.latent[trait][owner], weight))
            else:
                level = generator.random(len(part))
            values = pl.Series(name, marginal.at(level), strict=False)
            there = pl.Series("there", generator.random(len(part)) >= marginal.missing)
            drawn.append(values.to_frame().select(pl.when(there).then(pl.col(name)).alias(name)))
        parts.append(pl.concat([part, *drawn], how="horizontal"))
    return pl.concat(parts, how="vertical_relaxed").sort("place").drop("place")
