"""The fidelity report: one table, one page of plots, and a page that says what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from home_credit.synthetic.fidelity.figures import page
from home_credit.synthetic.fidelity.measure import Fidelity, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TABLE, PLOTS, PAGE = "fidelity.csv", "fidelity.png", "fidelity.md"
NAMED = 12


def run(
    synthetic: Path,
    real: Path,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    parameters: Sequence[Mapping[str, Any]] | None = None,
) -> Fidelity:
    """Compare the tables of two folders and write :data:`TABLE`, :data:`PLOTS` and :data:`PAGE` to ``out``.

    ``progress`` is told the steps done and their total; ``parameters`` of the default models are the committed
    ones unless given. Raises :class:`TableError` for tables that cannot be used.
    """
    found = measure(real, synthetic, progress, parameters)
    out.mkdir(parents=True, exist_ok=True)
    found.table().write_csv(out / TABLE)
    page(found).savefig(out / PLOTS, dpi=90)
    (out / PAGE).write_text(words(found), encoding="utf-8")
    return found


def words(found: Fidelity) -> str:
    """Return the report as Markdown."""
    trained, own = found.rankings.values()
    near = found.closest_records
    lines = [
        "# How faithful the synthetic tables are",
        "",
        f"![Distances, missing values, correlations, discriminating columns, ranking, closest_records]({PLOTS})",
        "",
        f"Every number is in [{TABLE}]({TABLE}).",
        "",
        "| figure | synthetic | of real rows, or best |",
        "|---|---|---|",
        *(
            f"| AUC of a classifier that tells synthetic from real rows of {name} ({told.rows:,} rows) "
            f"| {told.auc:.3f} ({told.low:.3f} to {told.high:.3f}) | 0.5 |"
            for name, told in found.discriminators.items()
        ),
        (
            f"| AUC on real applicants, trained on the synthetic (real: out of fold) "
            f"| {trained.auc:.4f} ({trained.low:.4f} to {trained.high:.4f}) "
            f"| {own.auc:.4f} ({own.low:.4f} to {own.high:.4f}) |"
        ),
        f"| Mean difference of Spearman correlations | {found.correlation_distance:.4f} | 0 |",
        *(
            f"| Distance to the nearest real row, quantile {q:g} | {synthetic:.3f} | {real:.3f} |"
            for q, synthetic, real in near.quantiles()
        ),
        f"| Rows nearer to a real row than a hundredth of real rows are | {near.nearer:.2%} | 1.00% |",
        (
            f"| Rows equal to a real one on quasi-identifiers | {near.synthetic_matches:.3%} "
            f"| {near.real_matches:.3%} |"
        ),
        *(
            f"| Rows of {name} per applicant (credit for bureau_balance) that has any | {ours:.1f} | {theirs:.1f} |"
            for name, (ours, theirs) in found.rows.items()
        ),
        "",
        "## Columns that still give rows away",
        "",
        "| table | column | share of the classifier's gain |",
        "|---|---|---|",
        *(
            f"| {name} | {column} | {share:.1%} |"
            for name, told in found.discriminators.items()
            for column, share in list(told.gain.items())[:NAMED]
        ),
        "",
        "## Columns furthest from the real ones",
        "",
        "| table | column | distance | missing, synthetic | missing, real |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {column} | {statistic} {distance:.3f} | {synthetic:.1%} | {real:.1%} |"
            for _, rows in found.columns.drop_nulls("distance").group_by("table", maintain_order=True)
            for name, column, statistic, distance, real, synthetic in rows.head(NAMED // 2).iter_rows()
        ),
    ]
    return "\n".join(lines) + "\n"
