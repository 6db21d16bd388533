"""The fidelity report: one table, one page of plots, and a page in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.synthetic.fidelity.figures import page
from home_credit.synthetic.fidelity.measure import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from home_credit.default_risk.classifier import Parameters
    from home_credit.synthetic.fidelity.result import Fidelity

TABLE, PLOTS, PAGE = "fidelity.csv", "fidelity.png", "fidelity.md"
NAMED = 12


def run(
    synthetic: Path,
    real: Path,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    parameters: Sequence[Parameters] | None = None,
) -> Fidelity:
    """Compare the tables of two folders and write :data:`TABLE`, :data:`PLOTS` and :data:`PAGE` to ``out``.

    ``progress`` is called with the steps done and their total; ``parameters`` of the default models are the committed
    ones unless given. Raises :class:`TableError` for tables that cannot be used.
    """
    found = measure(real, synthetic, progress, parameters)
    out.mkdir(parents=True, exist_ok=True)
    found.table().write_csv(out / TABLE)
    page(found).savefig(out / PLOTS, dpi=90)
    (out / PAGE).write_text(to_markdown(found), encoding="utf-8")
    return found


def to_markdown(found: Fidelity) -> str:
    """Return the report as Markdown."""
    trained, own = found.rankings.values()
    closest = found.closest_records
    lines = [
        "# Fidelity of the synthetic tables",
        "",
        f"![Distances, missing values, correlations, discriminating columns, TSTR, closest records]({PLOTS})",
        "",
        f"Every number is in [{TABLE}]({TABLE}).",
        "",
        "| figure | synthetic | real, or ideal |",
        "|---|---|---|",
        *(
            f"| Two-sample AUC of LightGBM, {name} ({test.rows:,} rows) "
            f"| {test.auc:.3f} ({test.low:.3f} to {test.high:.3f}) | 0.5 |"
            for name, test in found.discriminators.items()
        ),
        (
            f"| AUC on real applicants, trained on synthetic ones, TSTR (real: out of fold) "
            f"| {trained.auc:.4f} ({trained.low:.4f} to {trained.high:.4f}) "
            f"| {own.auc:.4f} ({own.low:.4f} to {own.high:.4f}) |"
        ),
        f"| Mean difference of Spearman correlations | {found.correlation_distance:.4f} | 0 |",
        *(
            f"| Distance to the closest real record (DCR), quantile {q:g} | {synthetic:.3f} | {real:.3f} |"
            for q, synthetic, real in closest.quantiles()
        ),
        f"| Rows closer to a real record than 1 % of real rows are | {closest.closer_share:.2%} | 1.00% |",
        (
            f"| Rows equal to a real one on quasi-identifiers | {closest.synthetic_matches:.3%} "
            f"| {closest.real_matches:.3%} |"
        ),
        *(
            f"| Rows of {name} per applicant (credit for bureau_balance) that has any | {ours:.1f} | {theirs:.1f} |"
            for name, (ours, theirs) in found.rows.items()
        ),
        "",
        "## Laws broken more often than in the real tables",
        "",
        "| table | law | synthetic rows that keep it | real rows |",
        "|---|---|---|---|",
        *(
            f"| {name} | {law} | {ours:.3%} | {theirs:.3%} |"
            for name, law, theirs, ours in found.laws.drop_nulls().iter_rows()
            if ours < theirs
        ),
        "",
        "## Discriminating columns",
        "",
        "| table | column | share of the classifier's gain |",
        "|---|---|---|",
        *(
            f"| {name} | {column} | {share:.1%} |"
            for name, test in found.discriminators.items()
            for column, share in list(test.gain.items())[:NAMED]
        ),
        "",
        "## Columns with the largest distance",
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
