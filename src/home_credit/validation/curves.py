"""Figures of a training run: ROC curve, reliability diagram, cost by cut-off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from home_credit.validation.proportions import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLUE, GREY, ORANGE = "#1f5c99", "#8a8f98", "#c8631a"


def roc(target: NDArray[np.int64], probability: NDArray[np.float64]) -> Figure:
    """Return the receiver operating characteristic."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    false_positive, true_positive, _ = roc_curve(target, probability)
    axes.plot(false_positive, true_positive, color=BLUE)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    axes.set(xlabel="False positive rate", ylabel="True positive rate", title="Out-of-fold ROC")
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


def cost(cut_offs: NDArray[np.float64], costs: NDArray[np.float64], chosen: float) -> Figure:
    """Return the expected cost per applicant over the cut-off, the chosen one marked."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(cut_offs, costs, color=BLUE)
    axes.axvline(chosen, color=ORANGE, linewidth=1)
    axes.annotate(
        f"{chosen:.3f}", (chosen, float(costs.min())), xytext=(4, 4), textcoords="offset points", color=ORANGE
    )
    axes.set(
        xlabel="Cut-off", ylabel="Cost per applicant", title="Expected cost on out-of-fold probabilities"
    )
    return figure
