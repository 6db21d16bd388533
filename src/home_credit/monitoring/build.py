"""Makes the reference: the statistics of applicants, and how much each column contributes to their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from home_credit.errors import EmptyTableError
from home_credit.features.lineage import lineage
from home_credit.monitoring.bins import Bins
from home_credit.monitoring.layout import Layout
from home_credit.monitoring.reference import ColumnReference, Reference, ScoreReference
from home_credit.monitoring.scores import GRADE_NAMES, sums
from home_credit.policy import GRADES
from home_credit.tables.schema import APPLICATION, ID, TARGET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from home_credit.policy import Policy

    Numbers = NDArray[np.float64]


def reference_of(
    rows: pl.DataFrame,
    *,
    bins: Mapping[str, Bins] | None = None,
    known: Mapping[str, ColumnReference] | None = None,
    scores: ScoreReference | None = None,
    fingerprint: str | None = None,
) -> Reference:
    """Return the statistics of ``rows``, one application each; ids and the target are left out.

    The cells are ``bins``, or learnt from the rows. Contributions and weights are those of the columns ``known``, which
    must have the same cells.

    :raises EmptyTableError: there are no rows.
    """
    if rows.is_empty():
        raise EmptyTableError(APPLICATION, "the reference has no rows")
    names = [name for name in rows.columns if name not in {ID, TARGET}]
    layout = Layout({name: (bins or {}).get(name) or Bins.of(rows[name]) for name in names})
    cells, places = layout.count(rows), layout.slices()
    columns = []
    for name, its in layout.bins.items():
        before = known.get(name) if known else None
        columns.append(
            ColumnReference(
                name=name,
                edges=its.edges,
                values=its.values,
                categories=its.categories,
                counts=tuple(cells[places[name]].tolist()),
                contributions=before.contributions if before else None,
                weight=before.weight if before else None,
            )
        )
    return Reference(
        fingerprint=fingerprint,
        rows=len(rows),
        repeated=_repeated_pairs(rows.select(names)),
        columns=tuple(columns),
        scores=scores,
    )


def _repeated_pairs(rows: pl.DataFrame) -> int:
    _, counts = np.unique(rows.hash_rows(seed=0).to_numpy(), return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def with_contributions(
    reference: Reference, rows: pl.DataFrame, features: Sequence[str], contributions: Numbers
) -> Reference:
    """Return the reference with the contributions of the columns, measured on ``rows``.

    ``contributions`` are those of the model's ``features`` to the log-odds of the rows: (rows, features). What a
    feature contributes is dealt out equally to the columns and histories that it depends on.
    """
    names = [column.name for column in reference.columns]
    mine = contributions @ attribution(features, names)
    total = np.abs(mine).mean(axis=0).sum()
    columns = []
    for place, column in enumerate(reference.columns):
        codes = column.bins.codes(rows[column.name])
        counts = np.bincount(codes, minlength=column.bins.cells)
        added = np.bincount(codes, weights=mine[:, place], minlength=column.bins.cells)
        means = np.divide(added, counts, out=np.zeros_like(added), where=counts > 0)
        weight = float(np.abs(mine[:, place]).mean() / total) if total else 0.0
        columns.append(
            column.model_copy(
                update={
                    "contributions": tuple(float(f"{mean:.6g}") for mean in means),
                    "weight": float(f"{weight:.6g}"),
                }
            )
        )
    return reference.model_copy(update={"columns": tuple(columns)})


def attribution(features: Sequence[str], columns: Sequence[str]) -> Numbers:
    """Return the part of each feature's contribution that goes to each column: (features, columns).

    A history counts as one column. What depends on none of ``columns`` is dealt to none.
    """
    place = {name: number for number, name in enumerate(columns)}
    parts = np.zeros((len(features), len(columns)))
    for number, feature in enumerate(features):
        sources = lineage(feature)
        own = {name for name in sources.get(APPLICATION, ()) if name in place}
        histories = {_history(name) for name in sources if name != APPLICATION} & place.keys()
        # Every feature of a history is joined by the application's id and may read the application beside it.
        for name in own | histories:
            parts[number, place[name]] = 1.0 / len(own | histories)
    return parts


def _history(name: str) -> str:
    return "bureau" if name == "bureau_balance" else name


def score_reference(
    probability: Numbers, policy: Policy, target: NDArray[np.int64] | None = None, auc: float | None = None
) -> ScoreReference:
    """Return the sums over applicants with these probabilities; with ``target`` the defaults of each grade too."""
    if target is None:
        return ScoreReference(
            policy_version=policy.version, sums=tuple(sums(probability, policy).tolist()), auc=auc
        )
    bounds = np.array([bound for _, bound in GRADES])
    grade = np.minimum(np.searchsorted(bounds, probability, side="right"), len(GRADES) - 1)
    return ScoreReference(
        policy_version=policy.version,
        sums=tuple(sums(probability, policy).tolist()),
        auc=auc,
        applicants=tuple(np.bincount(grade, minlength=len(GRADE_NAMES)).tolist()),
        defaults=tuple(np.bincount(grade, weights=target, minlength=len(GRADE_NAMES)).astype(int).tolist()),
    )
