"""Compute the statistics that the made-up tables are drawn from: ``src/home_credit/tables/demo/statistics.json``.

    python benchmarks/fit_demo_statistics.py TABLES

Only statistics are kept: quantiles, shares, coefficients and the small trees that say where they apply; no
leaf stands for fewer than ``LEAF`` rows.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from home_credit.tables.demo import application, bureau, clients, previous, risk
from home_credit.tables.demo.applicants import Generator
from home_credit.tables.demo.chain import LEVELS, MAX_BINS, Levels, Number, normal_score

LEAF = 120
MAX_LEAVES = 28
ATOM = 0.004


def shares_of(series: pl.Series, target: np.ndarray | None) -> dict[str, Any]:
    """Return the levels of a categorical column, ordered by default rate (numbers by size), with scores."""
    counts = series.value_counts(sort=True)
    counts = counts.filter(pl.col("count") >= 5)
    values = counts[series.name].to_list()
    if all(isinstance(value, (int, float)) for value in values if value is not None):
        values.sort(key=lambda value: (value is not None, value))
    else:
        frame = pl.DataFrame({"x": series, "y": target})
        means = dict(
            frame.group_by("x").agg((pl.col("y").sum() + 4) / (pl.col("y").count() + 50)).iter_rows()
        )
        values.sort(key=lambda value: (means[value], str(value)))
    count = dict(zip(counts[series.name], counts["count"], strict=True))
    share = np.array([count[value] for value in values], dtype=float)
    middle = (np.cumsum(share) - share / 2) / share.sum()
    return {"name": series.name, "values": values,
            "scores": [int(z) for z in np.round(normal_score(middle) * 100)]}  # fmt: skip


def grid_of(name: str, values: np.ndarray, step: float, knots: int, atom: float) -> dict[str, Any]:
    """Return the quantile function of a numeric column, flat at its favourite values."""
    values = np.sort(values[~np.isnan(values)])
    distinct, count = np.unique(values, return_counts=True)
    rows = len(values)
    favourite = (count / rows >= atom) | (len(distinct) <= 30)
    out: list[tuple[float, float]] = []
    ends = np.cumsum(count) / rows
    starts = ends - count / rows
    inner = np.array([0.0005, 0.002, 0.005, *np.linspace(0.01, 0.99, knots), 0.995, 0.998, 0.9995])
    for value, start, end, yes in zip(distinct, starts, ends, favourite, strict=True):
        if yes:
            out += [(start, value), (end, value)]
        elif value in (distinct[0], distinct[-1]):
            out.append((start if value == distinct[0] else end, value))
        elif ((inner >= start) & (inner < end)).any():
            out.append(((start + end) / 2, value))
    share = np.array([p for p, _ in out])
    digits = 0 if step >= 1 else 5
    compact = [float(f"{v:.6g}") for _, v in out]
    return {"name": name, "share": [round(x) for x in np.diff(share, prepend=0) * 100000],
            "value": [int(v) if digits == 0 and float(v).is_integer() else round(v, 6) for v in compact],
            "step": step}  # fmt: skip


class Grower:
    """Grows a tree on binned variables, leaf by leaf, best split first, to tell classes apart.

    A split is worth the squared shares that it gains, as in the Gini index, in units of their spread; classes
    that are ordered are compared by their cumulated shares.
    """

    def __init__(self, bins: np.ndarray, response: np.ndarray, classes: int, *, ordered: bool) -> None:
        self._bins, self._response, self._classes, self._ordered = (
            bins,
            response.astype(np.int64),
            classes,
            ordered,
        )
        self._nodes: list[dict[str, Any]] = []

    def grow(self, leaves: int, least_gain: float) -> tuple[list[int], np.ndarray]:
        """Return the tree in preorder, and each row's leaf."""
        self._add(np.arange(len(self._response)))
        open_leaves = [0]
        while len(open_leaves) < leaves:
            node = max(open_leaves, key=lambda number: self._nodes[number]["split"][0])
            gain, feature, cut = self._nodes[node]["split"]
            if gain < least_gain:
                break
            index = self._nodes[node]["index"]
            left = self._bins[feature, index] <= cut
            self._nodes[node]["children"] = [self._add(index[left]), self._add(index[~left])]
            open_leaves.remove(node)
            open_leaves += self._nodes[node]["children"]
        preorder: list[int] = []
        leaf = np.empty(len(self._response), dtype=int)
        self._walk(0, preorder, leaf, 0)
        return preorder, leaf

    def _add(self, index: np.ndarray) -> int:
        self._nodes.append({"index": index, "split": self._best(index)})
        return len(self._nodes) - 1

    def _walk(self, node: int, preorder: list[int], leaf: np.ndarray, number: int) -> int:
        if "children" not in self._nodes[node]:
            preorder.append(-1)
            leaf[self._nodes[node]["index"]] = number
            return number + 1
        preorder.extend(self._nodes[node]["split"][1:])
        for child in self._nodes[node]["children"]:
            number = self._walk(child, preorder, leaf, number)
        return number

    def _best(self, index: np.ndarray) -> tuple[float, int, int]:
        """Return the gain, the variable and the cut of the best split of some rows."""
        answer = (0.0, -1, -1)
        y, rows = self._response[index], len(index)
        total = np.bincount(y, minlength=self._classes).astype(float)
        degrees = 1 if self._ordered else max(int((total > 0).sum()) - 1, 1)
        if self._ordered:
            total = np.cumsum(total)[:-1]
        unit = degrees / max((total * (rows - total)).sum() / rows**2, 1e-12)
        for feature, bins in enumerate(self._bins):
            table = np.bincount(
                bins[index].astype(np.int64) * self._classes + y, minlength=MAX_BINS * self._classes
            )
            left = np.cumsum(table.reshape(MAX_BINS, self._classes), axis=0)[:-1].astype(float)
            size = left.sum(axis=1)
            if self._ordered:
                left = np.cumsum(left, axis=1)[:, :-1]
            allowed = np.flatnonzero((size >= LEAF) & (rows - size >= LEAF))
            if allowed.size:
                left, size = left[allowed], size[allowed]
                gain = (left**2).sum(1) / size + ((total - left) ** 2).sum(1) / (rows - size)
                at = int(gain.argmax())
                worth = (gain[at] - (total**2).sum() / rows) * unit - degrees
                if worth > answer[0]:
                    answer = (worth, feature, int(allowed[at]))
        return answer


def sparse_linear(scores: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Regress by ridge and keep the coefficients that matter."""
    kept = np.arange(len(scores))
    for least in (0.012, 0.02, None):
        x = scores[kept].astype(float)
        beta = np.linalg.solve(x @ x.T + 20 * np.eye(len(kept)), x @ z)
        if least is None:
            break
        kept = kept[np.abs(beta) * x.std(axis=1) > least]
        if not kept.size:
            return np.zeros(len(scores))
    full = np.zeros(len(scores))
    full[kept] = np.round(beta, 3)
    return full


class Fitter:
    """Fits a chain variable by variable, keeping the context as the chain will see it."""

    def __init__(self, given: dict[str, Any], target: np.ndarray, *, leaves: int = MAX_LEAVES) -> None:
        self.random = np.random.default_rng(SEED)
        self.context = dict(given)
        self.given = list(given)
        self.target, self.leaves = target, leaves
        self.variables: list[dict[str, Any]] = []

    def _matrix(self) -> tuple[np.ndarray, np.ndarray]:
        columns = self.context.values()
        return np.stack([c.bins for c in columns]), np.stack([c.score for c in columns])

    def levels(self, series: pl.Series, *, leaves: int | None = None) -> None:
        """Fit a categorical variable."""
        facts = shares_of(series, self.target)
        column = Levels(facts).encode(series.to_list(), self.random)
        if self.context:
            bins, _ = self._matrix()
            classes = len(facts["values"])
            tree, leaf = Grower(bins, column.values, classes, ordered=False).grow(leaves or self.leaves, 30)
        else:
            tree, leaf = [-1], np.zeros(len(series), dtype=int)
        facts["tree"] = tree
        facts["leaves"] = []
        for number in range(leaf.max() + 1):
            codes, count = np.unique(column.values[leaf == number], return_counts=True)
            share = np.round(count / count.sum() * (1000 if len(facts["values"]) > 4 else 9999)).astype(int)
            facts["leaves"].append(
                [int(x) for pair in zip(codes, np.maximum(share, 1), strict=True) for x in pair]
            )
        self._add(facts, column)

    def number(self, series: pl.Series, *, step: float, partial: bool = False, knots: int = 49,
               atom: float = ATOM, leaves: int | None = None, presence: str | None = None) -> None:  # fmt: skip
        """Fit a numeric variable, after the one that says whether it is there."""
        values = series.cast(pl.Float64).to_numpy().astype(float)
        there = ~np.isnan(values)
        if not partial and not there.all() and presence is None:
            presence = series.name + "?"
            self.levels(pl.Series(presence, there.astype(int)))
        facts = {"presence": presence} if presence else {}
        facts |= grid_of(series.name, values, step, knots, atom)
        column = Number(facts).encode(values, self.random)
        bins, scores = self._matrix()
        z = column.score[there].astype(float)
        weight = sparse_linear(scores[:, there], z)
        remainder = z - weight @ scores[:, there]
        rank = np.argsort(np.argsort(remainder)) * 10 // there.sum()
        tree, leaf = Grower(bins[:, there], rank, 10, ordered=True).grow(leaves or self.leaves, 25)
        kept = np.flatnonzero(weight)
        facts["linear"] = [int(x) for i in kept for x in (i, round(weight[i] * 1000))]
        facts["tree"] = tree
        facts["leaves"] = [
            [round(float(q) * 100) for q in np.quantile(remainder[leaf == number], LEVELS)]
            for number in range(leaf.max() + 1)
        ]
        self._add(facts, column)

    def _add(self, facts: dict[str, Any], column: Any) -> None:
        assert facts["name"] not in self.context, facts["name"]
        self.variables.append(facts)
        self.context[facts["name"]] = column
        print(facts["name"], len(facts["leaves"]), len(json.dumps(facts)), flush=True)

    def facts(self) -> dict[str, Any]:
        """Return the chain as the generator reads it."""
        return {"given": self.given, "variables": self.variables}


Tables = dict[str, pl.DataFrame]
HISTORY_GIVEN = (
    "SPLIT", "CODE_GENDER", "DAYS_BIRTH", "NAME_INCOME_TYPE", "NAME_EDUCATION_TYPE", "EMPLOYED",
    "AMT_INCOME_TOTAL", "EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "REGION_RATING_CLIENT", "BASE",
    "AMT_REQ_CREDIT_BUREAU_YEAR", "DAYS_LAST_PHONE_CHANGE",
)  # fmt: skip
SEED = 1
# One person's several applications gather in these ids, and default less: they would bias the shares.
BIASED_IDS = (108150, 400000)


def read(folder: Path) -> Tables:
    """Read the real tables; ``application`` holds both splits, with ``SPLIT`` 1 for the one to be scored."""
    train = pl.read_parquet(folder / "application_train.parquet").with_columns(SPLIT=pl.lit(0))
    test = pl.read_parquet(folder / "application_test.parquet").with_columns(
        SPLIT=pl.lit(1), TARGET=pl.lit(None, pl.Int64)
    )
    train = train.filter(~pl.col("SK_ID_CURR").is_between(*BIASED_IDS))
    names = ("bureau", "bureau_balance", "previous_application", "POS_CASH_balance", "installments_payments",
             "credit_card_balance", "complete_history_clients")  # fmt: skip
    tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in names}
    return tables | {"application": pl.concat([train, test.select(train.columns)])}


def fit_application(frame: pl.DataFrame, target: np.ndarray) -> tuple[Fitter, dict[str, Any]]:
    """Fit the applications of both splits, and return the split's own scores."""
    encoded = application.encode(frame)
    split = shares_of(frame["SPLIT"], target)
    fitter = Fitter({"SPLIT": Levels(split).column(frame["SPLIT"].to_numpy())}, target)
    for name in application.ORDER:
        series = encoded[name]
        departure = (
            name.endswith(("_MODE", "_MEDI")) and name in application.STEPS and name != "TOTALAREA_MODE"
        )
        if name in application.LEVELS:
            fitter.levels(series)
        elif name == "RATIO":
            fitter.number(series, step=0, atom=0.0001)
        elif departure:
            presence = name.rsplit("_", 1)[0] + "_AVG?"
            fitter.number(series, step=application.STEPS[name], knots=25, leaves=10, presence=presence)
        else:
            fitter.number(series, step=application.STEPS.get(name, 0), atom=0.0005 if name == "RATE" else ATOM,
                          partial=name in application.PARTIAL)  # fmt: skip
    return fitter, split


def fit_columns(fitter: Fitter, encoded: pl.DataFrame, module: Any) -> None:
    """Fit the variables that ``module`` describes."""
    for name in module.ORDER:
        if name in module.LEVELS:
            fitter.levels(encoded[name])
        else:
            fitter.number(encoded[name], step=getattr(module, "STEPS", {}).get(name, 0), knots=33)


def rows_of(context: dict[str, Any], keep: np.ndarray) -> dict[str, Any]:
    """Return the context at these rows."""
    return {name: column.take(keep) for name, column in context.items()}


def penalised_logit(x: np.ndarray, y: np.ndarray, offset: np.ndarray, penalty: float) -> np.ndarray:
    """Fit a ridge logistic regression by Newton's method; the last column is not penalised."""
    beta = np.zeros(x.shape[1])
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = 1e-6
    for _ in range(12):
        p = 1 / (1 + np.exp(-(x @ beta + offset)))
        w = p * (1 - p)
        beta += np.linalg.solve((x * w[:, None]).T @ x + np.diag(ridge), x.T @ (y - p) - ridge * beta)
    return beta


def fit_risk(context: dict[str, Any], heard: dict[str, Any], variables: list[dict[str, Any]],
             target: np.ndarray, complete: np.ndarray) -> dict[str, Any]:  # fmt: skip
    """Fit the default logit: first on all applications, then the histories of those who have them complete."""
    counts = {facts["name"]: len(facts["values"]) for facts in variables if "values" in facts}

    def design(columns: dict[str, Any]) -> tuple[np.ndarray, dict[str, slice]]:
        blocks, places, start = [], {}, 0
        for name, column in columns.items():
            block = risk.basis(column, counts.get(name))
            places[name] = slice(start, start + block.shape[1])
            start += block.shape[1]
            blocks.append(block)
        return np.hstack([*blocks, np.ones((len(blocks[0]), 1))]), places

    labelled = ~np.isnan(target)
    y = target[labelled]
    skip = {"REGION_POPULATION_RELATIVE", "SPLIT"}
    own = {name: column.take(np.flatnonzero(labelled)) for name, column in context.items()
           if name not in skip and not name.endswith(("_MODE", "_MEDI", "?"))}  # fmt: skip
    x, places = design(own)
    beta = penalised_logit(x, y, np.zeros(len(y)), 12)
    offset = x @ beta
    here = complete[labelled]
    z, driver_places = design({name: column.take(np.flatnonzero(labelled)) for name, column in heard.items()})
    gamma = penalised_logit(z[here], y[here], offset[here], 60)
    weights = {name: np.round(beta[place] * 1000).astype(int).tolist() for name, place in places.items()}
    weights |= {
        name: np.round(gamma[place] * 1000).astype(int).tolist() for name, place in driver_places.items()
    }
    weights = {name: values for name, values in weights.items() if max(map(abs, values)) >= 10}
    order = np.argsort(-offset)
    print("in-sample AUC of the application part", auc(y, offset), "with histories",
          auc(y[here], offset[here]), auc(y[here], offset[here] + z[here] @ gamma), len(order))  # fmt: skip
    return {"intercept": round((beta[-1] + gamma[-1]) * 1000), "weights": weights}


def auc(y: np.ndarray, score: np.ndarray) -> float:
    """Return the area under the ROC curve."""
    rank = np.argsort(np.argsort(score)) + 1
    good, bad = (y == 0).sum(), (y == 1).sum()
    return float((rank[y == 1].sum() - bad * (bad + 1) / 2) / (good * bad))


def balances_of(tables: Tables) -> dict[str, Any]:
    """Return the few numbers that the monthly tables need beside the terms of the credits they follow."""
    bureau_, monthly = tables["bureau"], tables["bureau_balance"].sort("SK_ID_BUREAU", "MONTHS_BALANCE")
    monthly = monthly.join(bureau_.select("SK_ID_BUREAU"), on="SK_ID_BUREAU", how="semi")
    codes = monthly["STATUS"].replace_strict(
        {s: i for i, s in enumerate(bureau.STATUSES)}, return_dtype=pl.Int64
    )
    code, owner = codes.to_numpy(), monthly["SK_ID_BUREAU"].to_numpy()
    same = (owner[1:] == owner[:-1]) & (code[1:] != bureau.CLOSED) & (code[:-1] != bureau.CLOSED)
    transition = np.zeros((bureau.CLOSED, bureau.CLOSED))
    np.add.at(transition, (code[:-1][same], code[1:][same]), 1)
    opening = np.bincount(code[np.r_[True, owner[1:] != owner[:-1]]], minlength=8)[: bureau.CLOSED]
    ends = monthly.group_by("SK_ID_BUREAU").agg(pl.col("MONTHS_BALANCE").max())["MONTHS_BALANCE"]
    pos = tables["POS_CASH_balance"]
    dpd = pos.filter(pl.col("SK_DPD") > 0)["SK_DPD"].to_numpy()
    at = [0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1]
    overdue = {"loading": 0.6, "overdue": round((pos["SK_DPD"] > 0).mean(), 4),
               "intolerable": round((pos["SK_DPD_DEF"] > 0).mean(), 4), "at": at,
               "days": [round(float(q)) for q in np.quantile(dpd, at)]}  # fmt: skip
    paid = tables["installments_payments"].with_columns(
        late=pl.col("DAYS_ENTRY_PAYMENT") - pl.col("DAYS_INSTALMENT")
    )
    loan = paid.filter(pl.col("NUM_INSTALMENT_VERSION") > 0, pl.col("late").is_not_null())["late"].to_numpy()
    card = paid.filter(pl.col("NUM_INSTALMENT_VERSION") == 0, pl.col("late").is_not_null())["late"].to_numpy()
    fine = [0, 0.005, 0.02, 0.05, *np.round(np.arange(0.1, 0.95, 0.05), 2).tolist(), 0.95, 0.97, 0.98, 0.99, 0.995,
            0.999, 1]  # fmt: skip
    cards = tables["credit_card_balance"].filter(pl.col("AMT_CREDIT_LIMIT_ACTUAL") > 0)
    each = cards.group_by("SK_ID_PREV").agg(
        use=(pl.col("AMT_BALANCE") / pl.col("AMT_CREDIT_LIMIT_ACTUAL")).quantile(0.8),
        draws=(pl.col("AMT_DRAWINGS_CURRENT") > 0).mean(), top=pl.col("AMT_BALANCE").max(),
    ).filter(pl.col("top") > 0)  # fmt: skip
    drawn = cards.filter(pl.col("AMT_DRAWINGS_CURRENT") > 0)
    return {
        "reported": 0.98,
        "bureau": {"next_month": 0.957, "stops": round(float((ends < 0).mean()), 4),
                   "transition": [[round(float(x), 5) for x in row / row.sum()] for row in transition],
                   "opening": [int(x) for x in opening]},
        "loans": {"reported": 0.96, "stops": 0.1, "signed": 0.088, "overdue": overdue},
        "installments": {"loading": 0.55, "revised": 0.08, "split": 0.09, "at": fine,
                         "loan_delay": [round(float(q)) for q in np.quantile(loan, fine)],
                         "card_delay": [round(float(q)) for q in np.quantile(card, fine)]},
        "cards": {"stops": 0.12, "atm": 0.6, "pays": 0.93, "interest": 0.02, "forgiven": 50, "principal": 0.957,
                  "overdue": overdue,
                  "drawing": round(float((drawn["AMT_DRAWINGS_CURRENT"] / drawn["AMT_CREDIT_LIMIT_ACTUAL"]).mean()), 3),
                  "at": np.linspace(0, 1, 11).round(1).tolist(),
                  "utilisation": [round(float(each["use"].quantile(q)), 3) for q in np.linspace(0, 1, 11)],
                  "draws": [round(float(each["draws"].quantile(q)), 3) for q in np.linspace(0, 1, 11)]},
    }  # fmt: skip


def fit(tables: Tables) -> dict[str, Any]:
    """Return all statistics."""
    frame = tables["application"]
    target = frame["TARGET"].cast(pl.Float64).to_numpy()
    fitter, split = fit_application(frame, target)
    whole = tables["complete_history_clients"].select("SK_ID_CURR")
    complete = frame["SK_ID_CURR"].is_in(whole["SK_ID_CURR"].implode()).to_numpy()
    people = frame.filter(pl.Series(complete))
    history = {name: tables[name].join(whole, on="SK_ID_CURR", how="semi")
               for name in ("bureau", "previous_application", "POS_CASH_balance", "credit_card_balance")}  # fmt: skip
    history["bureau_balance"] = tables["bureau_balance"]
    given = rows_of(fitter.context, np.flatnonzero(complete))
    client = Fitter(given, target[complete], leaves=20)
    fit_columns(client, clients.encode(people, history), clients)

    place = pl.DataFrame({"SK_ID_CURR": people["SK_ID_CURR"], "row": np.arange(len(people))})
    shared = [*HISTORY_GIVEN, *clients.ORDER]
    chains = {}
    for name, source, module in (
        ("bureau", "bureau", bureau),
        ("previous", "previous_application", previous),
    ):
        rows = history[source].join(place, on="SK_ID_CURR", how="inner")
        owner = rows["row"].to_numpy().astype(np.int64)
        context = {each: client.context[each].take(owner) for each in shared}
        chains[name] = Fitter(context, target[complete][owner])
        fit_columns(chains[name], module.encode(rows), module)

    # Late payments are known of clients whose instalments are only partly there; their shares still count.
    everything = history | {"installments_payments": tables["installments_payments"], "application": frame}
    said = risk.drivers(everything)
    random = np.random.default_rng(SEED)
    drivers, heard = [], {}
    for name in said.columns:
        values = said[name].to_numpy()
        facts = grid_of(name, values, 0, 25, 0.02)
        drivers.append(facts)
        heard[name] = Number(facts).encode(values, random)
    silent = ("LATE_SHARE", "LATE_DAYS", "UNDERPAID")
    risks = fit_risk(fitter.context, {k: v for k, v in heard.items() if k not in silent}, fitter.variables,
                     target, complete)  # fmt: skip
    # Too few instalments are there to fit by; their slopes follow what is published of the full tables.
    step = [-2.0, -1.2, -0.5, 0.0, 0.5, 1.2, 2.0]
    risks["weights"] |= {"LATE_SHARE": [round(x * 120) for x in step] + [0],
                         "UNDERPAID": [round(x * 80) for x in step] + [0]}  # fmt: skip
    return {
        "split": split, "application": fitter.facts(), "clients": client.facts(),
        "bureau": chains["bureau"].facts(), "previous": chains["previous"].facts(),
        "lateness": {"EXT_SOURCE_3": -0.25, "EXT_SOURCE_2": -0.08, "DAYS_BIRTH": 0.1},
        "balances": balances_of(history | tables), "drivers": drivers, "risk": risks,
    }  # fmt: skip


def centre(statistics: dict[str, Any], rate: float) -> None:
    """Set the intercept so that made-up applicants default at ``rate``."""
    for number in range(4):
        generator = Generator(statistics)
        random = np.random.default_rng([SEED, 77])
        train = pl.concat([generator.block(4000, random)["application_train"] for _ in range(6)])
        seen = train["TARGET"].mean()
        statistics["risk"]["intercept"] += round(
            1000 * (np.log(rate / (1 - rate)) - np.log(seen / (1 - seen))) * 1.08
        )
        print("default rate", number, seen)


def main() -> None:
    """Write the statistics of the tables in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--out", type=Path, default=Path("src/home_credit/tables/demo/statistics.json"))
    arguments = parser.parse_args()
    statistics = fit(read(arguments.tables))
    centre(statistics, 0.0807)
    lines = json.dumps(statistics, separators=(",", ":")).replace('{"name"', '\n{"name"')
    arguments.out.write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
