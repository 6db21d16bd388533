"""What the generator knows of real applicants: distributions and correlations, no rows.

``statistics.json`` is written by ``benchmarks/fit_demo_statistics.py`` from real tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Marginal:
    """The distribution of one column among its present values, and the share of missing ones.

    Discrete columns have ``levels`` with ``cumulative`` shares; the others a grid of equally spaced
    quantiles and the ``step`` that values are rounded to.
    """

    missing: float
    levels: NDArray[Any] | None
    cumulative: NDArray[np.float64] | None
    quantiles: NDArray[np.float64] | None
    step: float

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Marginal:
        """Build from an entry of the statistics file."""
        if "levels" in plain:
            shares = np.asarray(plain["shares"], dtype=np.float64)
            levels = np.asarray(
                plain["levels"], dtype=object if isinstance(plain["levels"][0], str) else np.float64
            )
            return cls(plain["missing"], levels, np.cumsum(shares) / shares.sum(), None, 0.0)
        return cls(
            plain["missing"], None, None, np.asarray(plain["quantiles"], dtype=np.float64), plain["step"]
        )

    @property
    def shares(self) -> dict[Any, float]:
        """The share of each level of a discrete column."""
        if self.levels is None or self.cumulative is None:
            return {}
        return dict(zip(self.levels.tolist(), np.diff(self.cumulative, prepend=0.0).tolist(), strict=True))

    def at(self, uniform: NDArray[np.float64]) -> NDArray[Any]:
        """Return the value at each level of probability in [0, 1)."""
        if self.levels is not None and self.cumulative is not None:
            place = np.searchsorted(self.cumulative, uniform, side="right")
            return self.levels[np.minimum(place, len(self.levels) - 1)]
        assert self.quantiles is not None  # noqa: S101  # one of the two forms is always there
        grid = np.linspace(0.0, 1.0, len(self.quantiles))
        values: NDArray[np.float64] = np.interp(uniform, grid, self.quantiles)
        # Rounding through a whole number of steps keeps decimals such as 0.0123 as short as the real ones.
        return np.round(np.round(values / self.step) * self.step, 6) if self.step else values


@dataclass(frozen=True, slots=True)
class Statistics:
    """All that the generator draws from."""

    names: list[str]
    root: NDArray[np.float64]
    application: Mapping[str, Mapping[str, Marginal]]
    history: Mapping[str, Marginal]
    rows: Mapping[str, Mapping[str, Mapping[str, Marginal]]]
    default_rate: float

    def latent(self, generator: np.random.Generator, applicants: int) -> Mapping[str, NDArray[np.float64]]:
        """Draw correlated standard normal variables, one array of ``applicants`` per latent variable."""
        drawn = generator.standard_normal((applicants, self.root.shape[1])) @ self.root.T
        return dict(zip(self.names, drawn.T, strict=True))


def _marginals(plain: Mapping[str, Any]) -> dict[str, Marginal]:
    return {name: Marginal.from_plain(entry) for name, entry in plain.items()}


@cache
def statistics() -> Statistics:
    """Read the statistics file."""
    plain = json.loads(
        files("home_credit.tables.demo").joinpath("statistics.json").read_text(encoding="utf-8")
    )
    names = plain["latent"]["names"]
    correlation = np.eye(len(names))
    lower = np.tril_indices(len(names), -1)
    correlation[lower] = np.asarray(plain["latent"]["thousandths"], dtype=np.float64) / 1000.0
    correlation = correlation + np.tril(correlation, -1).T
    # Rounding may leave tiny negative eigenvalues.
    values, vectors = np.linalg.eigh(correlation)
    return Statistics(
        names=names,
        root=vectors * np.sqrt(np.clip(values, 0.0, None)),
        application={split: _marginals(entry) for split, entry in plain["application"].items()},
        history=_marginals(plain["history"]),
        rows={
            table: {kind: _marginals(entry) for kind, entry in kinds.items()}
            for table, kinds in plain["rows"].items()
        },
        default_rate=plain["default_rate"],
    )


def uniform(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability level of standard normal values."""
    return np.asarray(ndtr(normal), dtype=np.float64)
