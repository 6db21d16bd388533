"""Compute the statistics that the demo portfolio is drawn from; run on real tables by hand.

    python benchmarks/fit_demo_statistics.py --tables DIR

Writes distributions, shares and correlations to src/home_credit/tables/demo/statistics.json: no rows, and no
value that fewer than five applicants share.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import norm, rankdata

from home_credit.tables.demo.applicants import DERIVED, STRUCTURAL
from home_credit.tables.demo.bureau import bureau_kind
from home_credit.tables.demo.previous import previous_kind
from home_credit.tables.schema import ID, TARGET, table

OUT = Path(__file__).parents[1] / "src" / "home_credit" / "tables" / "demo" / "statistics.json"
GRID = 101
FEWEST = 5
FULL_DEFAULT_RATE = 0.0807  # of the 307,511 labelled applications of the complete table


def short(value: float) -> float:
    return float(f"{value:.5g}")


def step(values: np.ndarray) -> float:
    for candidate in (45.0, 4.5, 1.0, 0.5, 0.1, 0.01, 0.0001, 0.000001):
        if np.mean(np.abs(values / candidate - np.round(values / candidate)) < 1e-4) > 0.98:
            return candidate
    return 0.0


def marginal(series: pl.Series, order: list[str] | None = None, most: int = 120) -> dict:
    missing = short(series.null_count() / max(len(series), 1))
    present = series.drop_nulls()
    counts = present.value_counts(sort=True)
    if series.dtype == pl.String:
        kept = dict(counts.rows())
        levels = [level for level in (order or sorted(kept)) if kept.get(level, 0) >= FEWEST]
        if not levels:
            return {"missing": 1.0, "levels": ["XNA"], "shares": [1.0]}
        return {
            "missing": missing,
            "levels": levels,
            "shares": [short(kept[level] / len(present)) for level in levels],
        }
    if len(present) == 0:
        return {"missing": 1.0, "levels": [0.0], "shares": [1.0]}
    common = counts.filter(pl.col("count") >= FEWEST).sort(present.name)
    if common["count"].sum() > 0.97 * len(present) and len(common) <= most:
        shares = common["count"] / common["count"].sum()
        return {
            "missing": missing,
            "levels": [float(f"{v:.7g}") for v in common[present.name]],
            "shares": [short(s) for s in shares],
        }
    values = present.to_numpy().astype(float)
    # The extreme quantiles are averages over the outermost five, nobody's own value.
    ends = np.sort(values)
    quantiles = np.quantile(values, np.linspace(0, 1, GRID))
    quantiles[0], quantiles[-1] = ends[:FEWEST].mean(), ends[-FEWEST:].mean()
    return {"missing": missing, "quantiles": [float(f"{q:.7g}") for q in quantiles], "step": step(values)}


def scores(series: pl.Series, order: list[str] | None) -> tuple[np.ndarray, float]:
    """Normal scores (the mean normal value of each tie), NaN where missing, and their variance."""
    if series.dtype == pl.String:
        series = series.replace_strict(
            {level: code for code, level in enumerate(order or [])}, default=None, return_dtype=pl.Float64
        )
    values = series.cast(pl.Float64).to_numpy()
    present = ~np.isnan(values)
    result = np.full(len(values), np.nan)
    if present.sum() < 50:
        return result, 1.0
    low = (rankdata(values[present], "min") - 1) / present.sum()
    high = rankdata(values[present], "max") / present.sum()
    width = np.maximum(high - low, 1e-12)
    result[present] = (norm.pdf(norm.ppf(low)) - norm.pdf(norm.ppf(high))) / width
    return result, float(np.nanvar(result))


def latent_correlation(columns: dict[str, tuple[np.ndarray, float]]) -> np.ndarray:
    """First-order polychoric: covariance of normal scores over the product of their variances."""
    names = list(columns)
    matrix = np.column_stack([columns[name][0] for name in names])
    variance = np.array([columns[name][1] for name in names])
    present = ~np.isnan(matrix)
    filled = np.where(present, matrix, 0.0)
    n = present.T.astype(float) @ present.astype(float)
    sums = filled.T @ present.astype(float)
    products = filled.T @ filled
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = products / n - (sums / n) * (sums.T / n)
        correlation = covariance / np.outer(variance, variance)
    correlation[(n < 400) | ~np.isfinite(correlation)] = 0.0
    correlation = np.clip(correlation, -0.995, 0.995)
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    repaired = vectors * np.clip(values, 1e-4, None) @ vectors.T
    scale = np.sqrt(np.diag(repaired))
    return repaired / np.outer(scale, scale)


def history_summaries(tables: Path, complete: pl.DataFrame) -> pl.DataFrame:
    """Summaries per applicant that the histories are drawn from."""
    ids = complete.select(ID)
    bureau = pl.read_parquet(tables / "bureau.parquet").join(ids, on=ID, how="semi")
    previous = pl.read_parquet(tables / "previous_application.parquet").join(ids, on=ID, how="semi")
    pos = pl.read_parquet(tables / "POS_CASH_balance.parquet").join(ids, on=ID, how="semi")
    card = pl.read_parquet(tables / "credit_card_balance.parquet").join(ids, on=ID, how="semi")
    paid = pl.read_parquet(tables / "installments_payments.parquet")
    b = bureau.group_by(ID).agg(
        BUREAU_COUNT=pl.len(),
        BUREAU_RECENCY=pl.col("DAYS_CREDIT").mean(),
        BUREAU_ACTIVE=(pl.col("CREDIT_ACTIVE") == "Active").mean(),
        BUREAU_DEBT=pl.col("AMT_CREDIT_SUM_DEBT").sum()
        / (pl.col("AMT_CREDIT_SUM").filter(pl.col("CREDIT_ACTIVE") == "Active").sum() + 1),
        BUREAU_LATE=(pl.col("AMT_CREDIT_MAX_OVERDUE") > 0).mean(),
        BUREAU_SIZE=pl.col("AMT_CREDIT_SUM").mean(),
    )
    p = previous.group_by(ID).agg(
        PREV_COUNT=pl.len(),
        PREV_RECENCY=pl.col("DAYS_DECISION").mean(),
        PREV_REFUSED=(pl.col("NAME_CONTRACT_STATUS") == "Refused").mean(),
        PREV_CANCELED=(pl.col("NAME_CONTRACT_STATUS") == "Canceled").mean(),
        PREV_REVOLVING=(pl.col("NAME_CONTRACT_TYPE") == "Revolving loans").mean(),
        PREV_CASH=(pl.col("NAME_CONTRACT_TYPE") == "Cash loans").mean(),
        PREV_SIZE=pl.col("AMT_CREDIT").filter(pl.col("AMT_CREDIT") > 0).mean(),
        PREV_DOWN=pl.col("RATE_DOWN_PAYMENT").mean(),
    )
    s = pos.group_by(ID).agg(POS_LATE=(pl.col("SK_DPD_DEF") > 0).mean())
    c = card.group_by(ID).agg(
        CARD_USE=(pl.col("AMT_BALANCE") / pl.col("AMT_CREDIT_LIMIT_ACTUAL").replace(0, None)).mean(),
        CARD_CASH=(pl.col("CNT_DRAWINGS_ATM_CURRENT")).mean(),
    )
    i = paid.group_by(ID).agg(
        PAY_LATE=((pl.col("DAYS_ENTRY_PAYMENT") - pl.col("DAYS_INSTALMENT")) > 0).mean(),
        PAY_EARLY=(pl.col("DAYS_INSTALMENT") - pl.col("DAYS_ENTRY_PAYMENT")).mean(),
    )
    joined = complete.select(ID)
    for part in (b, p, s, c):
        joined = joined.join(part, on=ID, how="left")
    joined = joined.with_columns(pl.col("BUREAU_COUNT", "PREV_COUNT").fill_null(0))
    return (
        pl.concat([joined, i.join(joined, on=ID, how="anti")], how="diagonal")
        .join(i, on=ID, how="left", coalesce=True, suffix="_i")
        .with_columns(
            PAY_LATE=pl.coalesce("PAY_LATE_i", "PAY_LATE"), PAY_EARLY=pl.coalesce("PAY_EARLY_i", "PAY_EARLY")
        )
        .drop("PAY_LATE_i", "PAY_EARLY_i")
    )


def row_statistics(rows: pl.DataFrame, kind: pl.Expr, columns: list[str]) -> dict:
    kinds = rows.with_columns(kind.alias("kind"))
    return {
        str(name): {column: marginal(part[column], most=60) for column in columns}
        for (name,), part in sorted(kinds.partition_by("kind", as_dict=True).items(), key=str)
        if len(part) >= 30
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    tables = parser.parse_args().tables
    train = pl.read_parquet(tables / "application_train.parquet")
    test = pl.read_parquet(tables / "application_test.parquet")
    complete = pl.read_parquet(tables / "complete_history_clients.parquet")
    history = history_summaries(tables, complete)

    derived = {name: expression.alias(name) for name, expression in DERIVED.items()}
    train, test = (frame.with_columns(**derived) for frame in (train, test))
    names = [name for name in table("application").columns if name != ID and name not in STRUCTURAL] + list(
        DERIVED
    )
    both = pl.concat([train, test], how="diagonal").join(history, on=ID, how="left")
    rate = train[TARGET].mean()
    orders = {
        name: train.drop_nulls(name)
        .group_by(name)
        .agg(pl.len(), risk=(pl.col(TARGET).sum() + 50 * rate) / (pl.len() + 50))
        .sort("risk", name)[name]
        .to_list()
        for name in names
        if train.schema[name] == pl.String
    }
    columns: dict[str, tuple[np.ndarray, float]] = {}
    for name in names:
        columns[name] = scores(both[name], orders.get(name))
        share = both[name].null_count() / len(both)
        if 0.001 < share < 0.999 and name not in ("OWN_CAR_AGE",):
            columns[f"{name}?"] = scores(both[name].is_null().cast(pl.Int64), None)
    for name in history.columns[1:]:
        columns[name] = scores(both[name], None)
    columns[TARGET] = scores(both[TARGET], None)
    correlation = latent_correlation(columns)
    lower = np.tril_indices(len(columns), -1)

    bureau = (
        pl.read_parquet(tables / "bureau.parquet")
        .with_columns(
            LENGTH=pl.col("DAYS_CREDIT_ENDDATE") - pl.col("DAYS_CREDIT"),
            LAG=pl.col("DAYS_CREDIT_ENDDATE") - pl.col("DAYS_ENDDATE_FACT"),
            INDEBTED=pl.when(pl.col("AMT_CREDIT_SUM") > 0).then(
                pl.col("AMT_CREDIT_SUM_DEBT") / pl.col("AMT_CREDIT_SUM")
            ),
            SINCE=pl.col("DAYS_CREDIT_UPDATE") - pl.coalesce("DAYS_ENDDATE_FACT", pl.lit(0)),
        )
        .filter(pl.col("LENGTH").is_null() | pl.col("LENGTH").is_between(0, 33000))
    )
    previous = pl.read_parquet(tables / "previous_application.parquet").with_columns(
        GRANTED=pl.when(pl.col("AMT_APPLICATION") > 0).then(pl.col("AMT_CREDIT") / pl.col("AMT_APPLICATION")),
        COST=pl.when(pl.col("AMT_CREDIT") > 0).then(
            pl.col("AMT_ANNUITY") * pl.col("CNT_PAYMENT") / pl.col("AMT_CREDIT")
        ),
        FIRST_DUE=pl.when(pl.col("DAYS_FIRST_DUE") < 365243).then(
            pl.col("DAYS_FIRST_DUE") - pl.col("DAYS_DECISION")
        ),
    )
    rows = {
        "bureau": row_statistics(
            bureau,
            bureau_kind(),
            [
                "DAYS_CREDIT",
                "LENGTH",
                "LAG",
                "SINCE",
                "INDEBTED",
                "CREDIT_DAY_OVERDUE",
                "AMT_CREDIT_MAX_OVERDUE",
                "CNT_CREDIT_PROLONG",
                "AMT_CREDIT_SUM",
                "AMT_CREDIT_SUM_LIMIT",
                "AMT_CREDIT_SUM_OVERDUE",
                "AMT_ANNUITY",
            ],
        ),
        "bureau_types": row_statistics(
            bureau, pl.lit("all"), ["CREDIT_TYPE", "CREDIT_CURRENCY", "DAYS_CREDIT"]
        ),
        "previous": row_statistics(
            previous,
            previous_kind(),
            [
                "DAYS_DECISION",
                "AMT_APPLICATION",
                "GRANTED",
                "COST",
                "CNT_PAYMENT",
                "RATE_DOWN_PAYMENT",
                "FIRST_DUE",
                "NAME_CASH_LOAN_PURPOSE",
                "NAME_PAYMENT_TYPE",
                "CODE_REJECT_REASON",
                "NAME_TYPE_SUITE",
                "NAME_CLIENT_TYPE",
                "NAME_GOODS_CATEGORY",
                "NAME_PORTFOLIO",
                "NAME_PRODUCT_TYPE",
                "CHANNEL_TYPE",
                "SELLERPLACE_AREA",
                "NAME_SELLER_INDUSTRY",
                "NAME_YIELD_GROUP",
                "PRODUCT_COMBINATION",
                "NFLAG_INSURED_ON_APPROVAL",
            ],
        ),
        "previous_outcomes": row_statistics(previous, pl.col("NAME_CONTRACT_TYPE"), ["NAME_CONTRACT_STATUS"]),
        "previous_days": row_statistics(
            previous,
            pl.lit("all"),
            ["NAME_CONTRACT_TYPE", "DAYS_DECISION", "WEEKDAY_APPR_PROCESS_START", "HOUR_APPR_PROCESS_START"],
        ),
    }
    card = pl.read_parquet(tables / "credit_card_balance.parquet")
    rows["card"] = row_statistics(
        card, pl.lit("all"), ["AMT_CREDIT_LIMIT_ACTUAL", "AMT_DRAWINGS_POS_CURRENT"]
    )
    application = {
        split: {name: marginal(frame[name], orders.get(name), most=1000) for name in names}
        for split, frame in (("train", train), ("test", test))
    }
    for marginals in application.values():
        # The credit follows from the first two, and no application comes without one; the age of the car is
        # there where there is a car.
        for name in ("AMT_GOODS_PRICE", "CREDIT_TO_GOODS", "OWN_CAR_AGE"):
            marginals[name]["missing"] = 0.0
    statistics = {
        "default_rate": FULL_DEFAULT_RATE,
        "latent": {
            "names": list(columns),
            "thousandths": np.round(correlation[lower] * 1000).astype(int).tolist(),
        },
        "application": application,
        "history": {name: marginal(history[name]) for name in history.columns[1:]},
        "rows": rows,
    }
    OUT.write_text(json.dumps(statistics, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size:,} bytes, {len(columns)} latent variables")


if __name__ == "__main__":
    main()
