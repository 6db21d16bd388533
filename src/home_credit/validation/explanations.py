"""Stability of the reasons over training seeds, and their faithfulness to the model.

*Stability.* Models that differ only in their seed explain the same applicants; the principal reasons of each are
compared by the Jaccard index and all reasons by Spearman's rank correlation.

*Faithfulness.* The features behind an applicant's most harmful reasons are replaced by those of a typical applicant,
and the log-odds must fall by more than for as many features of random reasons or of the least important ones. Typical
is the median (the most frequent category) of all applicants and not a missing value: a missing value is informative
here (no history, no external score), so it is not a neutral point, and replacing by it changes nothing where the
reason *is* that the value is missing. Regulation B names the same comparison for reasons of adverse action: the
applicant's factors against the average of all applicants (12 CFR 1002.9, comment 9(b)(2)-5).
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from home_credit.default_risk.reasons import code_of, reason_codes
from home_credit.validation.proportions import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

# The lowest values that pass.
GATES: Mapping[str, Mapping[str, float]] = {
    "stability": {
        # Three of four common reasons have a Jaccard index of 3/5: on average at most one reason depends on the seed.
        "overlap": 0.6,
        # Commonly called a very strong rank correlation; it covers the reasons beyond the principal ones too.
        "rank_correlation": 0.8,
    },
    "faithfulness": {
        # A quarter of a doubling of the odds, five points of score: a smaller effect beyond chance is of no use to an
        # applicant.
        "beyond_random": 0.173,
        "beyond_least": 0.173,
        # The lower confidence bound is at least 0.9; some applicants are so safe that no reason is harmful.
        "beats_random_low": 0.9,
        "beats_least_low": 0.9,
    },
}


def by_reason(features: Sequence[str], contributions: Matrix) -> tuple[list[str], Matrix]:
    """Add up contributions (applicants by features, log-odds) by reason code; withheld reasons are left out.

    Returns the codes, sorted, and a matrix of applicants by codes.
    """
    codes = _reportable_codes(features)
    belongs = np.array([[code_of(name) == code for code in codes] for name in features], dtype=np.float64)
    return codes, contributions @ belongs


def stability(contributions: Sequence[Matrix], told: int) -> dict[str, float]:
    """Compare the explanations of two or more models, averaged over applicants and pairs of models.

    Each matrix is applicants by reason codes, as :func:`by_reason` returns it; ``told`` is the number of reasons
    given to an applicant. ``overlap`` is the Jaccard index of these reasons, ``same_first`` how often the first is
    the same, ``rank_correlation`` Spearman's coefficient over all reasons.
    """
    order = [_most_harmful_first(matrix) for matrix in contributions]
    ranks = [rankdata(matrix, axis=1) for matrix in contributions]
    pairs = list(combinations(range(len(contributions)), 2))
    shared = np.array([_shared(order[a][:, :told], order[b][:, :told]) for a, b in pairs])
    return {
        "models": len(contributions),
        "applicants": len(contributions[0]),
        "told": told,
        "overlap": float((shared / (2 * told - shared)).mean()),
        "same_first": float(np.mean([(order[a][:, 0] == order[b][:, 0]).mean() for a, b in pairs])),
        "rank_correlation": float(np.mean([_correlation(ranks[a], ranks[b]).mean() for a, b in pairs])),
    }


def typical(matrix: Matrix, categorical: Sequence[int]) -> Matrix:
    """Return a typical applicant: the median of each column, the most frequent code of a ``categorical`` one.

    A column that is missing for most applicants is missing for the typical one.
    """
    row = np.full(matrix.shape[1], np.nan)
    for place in range(matrix.shape[1]):
        known = matrix[:, place][~np.isnan(matrix[:, place])]
        if 2 * len(known) >= len(matrix):
            values, counts = np.unique(known, return_counts=True)
            row[place] = values[counts.argmax()] if place in categorical else np.median(known)
    return row


def faithfulness(
    log_odds: Callable[[Matrix], Matrix],
    matrix: Matrix,
    contributions: Matrix,
    features: Sequence[str],
    reference: Matrix,
    *,
    told: int,
    seed: int,
) -> dict[str, float]:
    """Measure the fall in log-odds when the reasons given to each applicant are removed.

    ``matrix`` and ``contributions`` are applicants by ``features``; ``log_odds`` scores such a matrix; ``reference``
    is the typical applicant whose values replace those removed. For comparison as many features are removed of
    reasons in random order, and in the order of least importance; features that the model does not use are not
    counted. ``named``, ``random`` and ``least`` are mean falls in log-odds, ``beyond_random`` and ``beyond_least``
    how much more the given reasons reduce them; ``beats_random`` and ``beats_least`` are the shares of applicants for
    whom they do, with Wilson's interval.
    """
    codes, effects = by_reason(features, contributions)
    place_of = {code: place for place, code in enumerate(codes)}
    code_places = np.array([place_of.get(code_of(name), -1) for name in features])
    removable = (code_places >= 0) & (contributions != 0).any(axis=0)
    orders = {
        "named": _most_harmful_first(effects),
        "random": np.random.default_rng(seed).permuted(
            np.tile(np.arange(len(codes)), (len(matrix), 1)), axis=1
        ),
        "least": np.argsort(np.abs(effects), axis=1, kind="stable"),
    }
    ranks = {name: np.argsort(order, axis=1)[:, code_places[removable]] for name, order in orders.items()}
    removed = (ranks["named"] < told).sum(axis=1)
    before = log_odds(matrix)
    fall = {}
    for name, rank in ranks.items():
        # Features in the order of their reasons; the first of them, as many as the given reasons have.
        place = np.argsort(np.argsort(rank, axis=1, kind="stable"), axis=1)
        changed = matrix.copy()
        changed[:, removable] = np.where(place < removed[:, None], reference[removable], matrix[:, removable])
        fall[name] = before - log_odds(changed)
    return {
        "applicants": len(matrix),
        "told": told,
        "removed_features": float(removed.mean()),
        **{name: float(values.mean()) for name, values in fall.items()},
        "beyond_random": float((fall["named"] - fall["random"]).mean()),
        "beyond_least": float((fall["named"] - fall["least"]).mean()),
        **_share("beats_random", fall["named"] > fall["random"]),
        **_share("beats_least", fall["named"] > fall["least"]),
    }


def judge(stability: Mapping[str, float], faithfulness: Mapping[str, float]) -> dict[str, object]:
    """Return both results with the gates, and ``failed``: a line for each gate that is not passed."""
    measured = {"stability": dict(stability), "faithfulness": dict(faithfulness)}
    return {
        **measured,
        "gates": {part: dict(gates) for part, gates in GATES.items()},
        "failed": [
            f"{part}.{name} is {measured[part][name]:.3f}, below {least:g}"
            for part, gates in GATES.items()
            for name, least in gates.items()
            if not measured[part][name] >= least
        ],
    }


def _reportable_codes(features: Sequence[str]) -> list[str]:
    codes = reason_codes()
    return sorted({code for name in features if not codes[code := code_of(name)].withheld})


def _most_harmful_first(effects: Matrix) -> NDArray[np.intp]:
    """Return the order of the codes of each applicant; ties are ordered by code, as in the reasons given."""
    return np.argsort(-effects, axis=1, kind="stable")


def _shared(one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return, per row, how many entries two selections have in common."""
    return np.asarray((one[:, :, None] == other[:, None, :]).sum(axis=(1, 2)))


def _correlation(one: Matrix, other: Matrix) -> Matrix:
    """Return Pearson's coefficient of each pair of rows."""
    one, other = one - one.mean(axis=1, keepdims=True), other - other.mean(axis=1, keepdims=True)
    return np.asarray((one * other).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1)))


def _share(name: str, flags: NDArray[np.bool_]) -> dict[str, float]:
    low, high = wilson(int(flags.sum()), len(flags))
    return {name: float(flags.mean()), f"{name}_low": low, f"{name}_high": high}
