"""The page of plots of a fidelity report: aggregates only, no point stands for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from home_credit.synthetic.fidelity.result import Fidelity

BLUE, GREY, ORANGE = "#1f5c99", "#8a8f98", "#c8631a"
NAMED = 15


def page(found: Fidelity) -> Figure:
    """Return six plots: distances, missing values, correlations, discriminating columns, TSTR, closest records."""
    figure = Figure(figsize=(15, 9), layout="constrained")
    axes = figure.subplots(2, 3).ravel()
    applications = found.columns.filter(pl.col("table") == "application_train")
    _bars(axes[0], applications.drop_nulls("distance").head(NAMED).select("column", "distance").rows(),
          "Columns with the largest distance", "KS or total variation")  # fmt: skip
    _diagonal(axes[1], found.columns["missing_real"].to_numpy(), found.columns["missing_synthetic"].to_numpy(),
              "Missing values, columns of every table", "share")  # fmt: skip
    _diagonal(axes[2], found.correlations["real"], found.correlations["synthetic"],
              "Spearman correlations, pairs of columns", "correlation")  # fmt: skip
    discriminated = found.discriminators["application_train"]
    _bars(axes[3], list(discriminated.gain.items())[:NAMED],
          f"Discriminating columns (AUC {discriminated.auc:.3f})", "share of the classifier's gain")  # fmt: skip
    _rankings(axes[4], found)
    _closest_records(axes[5], found)
    return figure


def _bars(axes: Axes, rows: Sequence[tuple[str, float]], title: str, unit: str) -> None:
    names, values = zip(*reversed(rows), strict=True) if rows else ((), ())
    axes.barh(names, values, color=BLUE)
    axes.set(title=title, xlabel=unit)
    axes.tick_params(axis="y", labelsize=7)


def _diagonal(axes: Axes, real: ArrayLike, synthetic: ArrayLike, title: str, unit: str) -> None:
    axes.plot(real, synthetic, ".", color=BLUE, markersize=3, alpha=0.5)
    ends = [float(np.nanmin([real, synthetic])), float(np.nanmax([real, synthetic]))]
    axes.plot(ends, ends, color=GREY, linewidth=1)
    axes.set(title=title, xlabel=f"real {unit}", ylabel=f"synthetic {unit}")


def _rankings(axes: Axes, found: Fidelity) -> None:
    for place, (_name, ranking) in enumerate(found.rankings.items()):
        axes.plot([ranking.low, ranking.high], [place, place], color=GREY)
        axes.plot(ranking.auc, place, "o", color=BLUE)
        axes.annotate(f"{ranking.auc:.3f}", (ranking.auc, place), xytext=(0, 8), textcoords="offset points")
    axes.set(title="AUC on real applicants, by training rows", xlabel="AUC", ylim=(-0.5, 1.5))
    axes.set_yticks(range(len(found.rankings)), list(found.rankings))


def _closest_records(axes: Axes, found: Fidelity) -> None:
    distances = found.closest_records
    sides = ((distances.synthetic, "synthetic", ORANGE), (distances.real, "other real", BLUE))
    for values, name, colour in sides:
        shares = np.linspace(0.01, 0.99, 99)
        axes.plot(np.quantile(values, shares), shares, color=colour, label=name)
    axes.set(title="Distance to the closest real record", xlabel="distance", ylabel="share of rows below")
    axes.legend(frameon=False)
