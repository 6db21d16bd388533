"""Figures of a training run: ROC curve, reliability diagram, cost by cut-off, importance of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from home_credit.validation.proportions import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

BLUE, GREY, ORANGE = "#1f5c99", "#8a8f98", "#c8631a"


def roc(points: Sequence[Mapping[str, float]]) -> Figure:
    """Return the receiver operating characteristic through the points of :func:`home_credit.validation.curves.roc`."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(
        [point["false_positive_rate"] for point in points],
        [point["true_positive_rate"] for point in points],
        color=BLUE,
    )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    axes.set(
        xlabel="Share of good payers declined",
        ylabel="Share of defaults declined",
        title="ROC, out of fold",
    )
    return figure


def reliability(target: NDArray[np.int64], probability: NDArray[np.float64], *, bins: int = 20) -> Figure:
    """Return observed default rates, with 95 % Wilson intervals, over mean probabilities by equal-sized bins."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    groups = np.array_split(np.argsort(probability, kind="stable"), bins)
    predicted = np.array([probability[group].mean() for group in groups])
    observed = np.array([target[group].mean() for group in groups])
    low, high = np.transpose([wilson(int(target[group].sum()), len(group)) for group in groups])
    axes.vlines(predicted, low, high, color=BLUE, linewidth=1)
    axes.plot(predicted, observed, "o", color=BLUE, markersize=4)
    top = float(max(predicted.max(), high.max()))
    axes.plot([0, top], [0, top], color=GREY, linewidth=1)
    axes.set(
        xlabel="Mean probability of default", ylabel="Observed default rate", title="Out-of-fold reliability"
    )
    return figure


def cost(points: Sequence[Mapping[str, float]], chosen: float, optimal: float) -> Figure:
    """Return the cost per applicant by cut-off, with the one in use and the cheapest one.

    ``points`` are those of :func:`home_credit.validation.curves.cost`.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([point["cut_off"] for point in points], [point["cost"] for point in points], color=BLUE)
    axes.axvline(chosen, color=ORANGE, linewidth=1, label=f"in use: {chosen:.3f}")
    axes.axvline(optimal, color=GREY, linewidth=1, linestyle="--", label=f"cheapest: {optimal:.3f}")
    axes.legend(frameon=False)
    axes.set(xlabel="Cut-off", ylabel="Cost per applicant", title="Cost by cut-off, out of fold")
    return figure


def importance(features: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Figure:
    """Return the mean absolute contributions of ``features``, as bars with ``names``, the most important first."""
    figure = Figure(figsize=(9, 0.3 * len(features) + 1), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(names), [each["importance"] for each in features], color=BLUE)
    axes.invert_yaxis()
    axes.set(xlabel="Mean absolute contribution to the log-odds", title="Importance of features")
    return figure
