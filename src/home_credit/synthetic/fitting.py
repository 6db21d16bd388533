"""Compute the statistics that the synthetic tables are drawn from: ``src/home_credit/synthetic/statistics.json``.

    python src/home_credit/synthetic/fitting.py TABLES

Only statistics are kept: quantiles, shares, coefficients and the small trees that say where they apply. No
number can be one person's: a value, a share or a quantile stands for at least ``LEAST`` rows, a leaf for many
more; docs/demo.md states the rule, and the tests of this script hold it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from home_credit.synthetic import application, building, bureau, clients, previous, risk
from home_credit.synthetic.applicants import Generator
from home_credit.synthetic.chain import (
    LEVELS,
    MAX_BINS,
    Levels,
    Number,
    normal_score,
    normal_share,
    variable,
)

LEAST = 10
LEAF = 120
MAX_LEAVES = 28
ATOM = 0.004
MOST_TARIFFS = 255
CORRECTIONS = 3
CORRECTION_LEAVES = 24
# Shrunken logits are sharpened to what models reach on the full tables.
SHARPNESS = 1.15
HISTORY_SCALE = 0.8
SILENT = {"LATE_SHARE": 150, "LATE_DAYS": 60, "UNDERPAID": 100}  # thousandths of a logit per unit of score


def shares_of(series: pl.Series, target: np.ndarray | None) -> dict[str, Any]:
    """Return the levels of a categorical column, ordered by default rate (numbers by size), with scores.

    Values of fewer than ``LEAST`` rows are left out.
    """
    counts = series.value_counts(sort=True)
    counts = counts.filter(pl.col("count") >= LEAST)
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


def quantiles_of(values: np.ndarray, shares: np.ndarray | list[float]) -> np.ndarray:
    """Return quantiles, each the mean of ``LEAST`` rows around it; the outermost ``LEAST`` rows say nothing."""
    values = np.sort(values)
    last = len(values) - 2 * LEAST
    assert last > LEAST, "too few rows to say anything of"
    start = np.round(np.asarray(shares) * (len(values) - 1)).astype(int) - LEAST // 2
    start = np.clip(start, LEAST, last)
    return np.array([values[each : each + LEAST].mean() for each in start])


def remainders_of(values: np.ndarray) -> np.ndarray:
    """Return the quantiles at ``LEVELS``, each made of means of ``LEAST`` rows; the ends go straight on."""
    values = np.sort(values)
    means = np.convolve(values, np.ones(LEAST) / LEAST, mode="valid")
    half = (LEAST - 1) / 2
    at = (np.arange(len(means)) + half) / (len(values) - 1)
    quantiles = np.interp(LEVELS, at, means)
    quantiles[0] = means[0] - (means[LEAST] - means[0]) * half / LEAST
    quantiles[-1] = means[-1] + (means[-1] - means[-1 - LEAST]) * half / LEAST
    return quantiles


def grid_of(name: str, values: np.ndarray, step: float, knots_: int, atom: float) -> dict[str, Any]:
    """Return the quantile function of a numeric column, flat at its favourite values.

    A favourite value is that of at least ``LEAST`` rows; all others are means of as many.
    """
    values = np.sort(values[~np.isnan(values)])
    distinct, count = np.unique(values, return_counts=True)
    rows = len(values)
    favourite = ((count / rows >= atom) | (len(distinct) <= 30)) & (count >= LEAST)
    ends = np.cumsum(count) / rows
    starts = ends - count / rows
    flat = np.stack([distinct, starts, ends])[:, favourite]
    inner = np.array([0, 0.0005, 0.002, 0.005, *np.linspace(0.01, 0.99, knots_), 0.995, 0.998, 0.9995, 1])
    # Favourites whose share begins before, and after, each of the inner shares.
    before = np.searchsorted(flat[1], inner, side="right") - 1
    covered = (before >= 0) & (inner < np.r_[flat[2], 0][before])
    covered |= (before >= 0) & (inner == 1) & (np.r_[flat[2], 0][before] == 1)
    inner, before = inner[~covered], before[~covered]
    if inner.size:
        between = np.r_[-np.inf, flat[0], np.inf]
        value = np.clip(quantiles_of(values, inner), between[before + 1], between[before + 2])
        flat = np.hstack([flat, np.stack([value, inner, inner])])
    value, low, high = flat[:, np.lexsort((flat[2], flat[1]))]
    # Rounded as cumulated shares, so that errors do not add up.
    low, high = np.round(low * 100_000).astype(int), np.round(high * 100_000).astype(int)
    facts: dict[str, Any] = {"name": name, "step": step, "share": (low - np.r_[0, high[:-1]]).tolist()}
    if (high > low).any():
        facts["favourite"] = (high - low).tolist()
    facts["value"] = [
        round(v / step) if step else float(v if up > down else f"{v:.6g}")
        for v, down, up in zip(value, low, high, strict=True)
    ]
    return facts


def supported_shares(path: list[np.ndarray]) -> np.ndarray:
    """Return the shares of the levels in a leaf, given their counts in the nodes from the root down to it.

    A level of fewer than ``LEAST`` rows in a node is there with the share that it has in the node above, of
    what the other levels leave; if they leave fewer than ``LEAST`` rows, it is not there.
    """
    shares = np.where(path[0] >= LEAST, path[0], 0).astype(float)
    for count in path[1:]:
        known = count >= LEAST
        rest, above = count[~known].sum(), np.where(known, 0, shares)
        below = np.where(known, count, 0).astype(float)
        if rest >= LEAST and above.sum() > 0:
            below += rest * above / above.sum()
        if below.sum() > 0:
            shares = below
    return shares / shares.sum()


class Grower:
    """Grows a tree on binned variables, leaf by leaf, best split first, to tell classes apart.

    A split is worth the squared shares that it gains, as in the Gini index, in units of their spread; classes
    that are ordered are compared by their cumulated shares.
    """

    def __init__(
        self, bins: np.ndarray, response: np.ndarray, classes: int, *, ordered: bool, least: int = LEAF
    ) -> None:
        self._bins, self._response, self._classes, self._ordered = (
            bins,
            response.astype(np.int64),
            classes,
            ordered,
        )
        self._least = least
        self._nodes: list[dict[str, Any]] = []
        self._paths: list[list[int]] = []

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
        self._walk(0, preorder, leaf, [])
        return preorder, leaf

    def counts(self) -> list[list[np.ndarray]]:
        """Return for each leaf how often each class is in the nodes on the way to it, the root's first."""
        return [
            [
                np.bincount(self._response[self._nodes[node]["index"]], minlength=self._classes)
                for node in path
            ]
            for path in self._paths
        ]

    def _add(self, index: np.ndarray) -> int:
        self._nodes.append({"index": index, "split": self._best(index)})
        return len(self._nodes) - 1

    def _walk(self, node: int, preorder: list[int], leaf: np.ndarray, above: list[int]) -> None:
        path = [*above, node]
        if "children" not in self._nodes[node]:
            preorder.append(-1)
            leaf[self._nodes[node]["index"]] = len(self._paths)
            self._paths.append(path)
            return
        preorder.extend(self._nodes[node]["split"][1:])
        for child in self._nodes[node]["children"]:
            self._walk(child, preorder, leaf, path)

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
            allowed = np.flatnonzero((size >= self._least) & (rows - size >= self._least))
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
    for least in (0.012, 0.018, None):
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


def deciles(values: np.ndarray) -> np.ndarray:
    """Return which tenth of the values each is in."""
    return np.argsort(np.argsort(values)) * 10 // len(values)


class Fitter:
    """Fits a chain variable by variable.

    Beside the real ``context`` it keeps a ``simulated`` one, drawn from what was fitted so far: in it each new
    variable's shares are corrected, so that errors of earlier variables do not show in its distribution among
    the rows of application_train, which are ``shown``.
    """

    def __init__(
        self,
        given: dict[str, Any],
        simulated: dict[str, Any],
        target: np.ndarray,
        *,
        leaves: int = MAX_LEAVES,
    ) -> None:
        self.random = np.random.default_rng(SEED)
        self.shown = given["SPLIT"].values == 0
        self.context, self.simulated = dict(given), dict(simulated)
        self.given = list(given)
        self.target, self.leaves = target, leaves
        self.variables: list[dict[str, Any]] = []

    @staticmethod
    def _matrix(context: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        columns = context.values()
        return np.stack([c.bins for c in columns]), np.stack([c.score for c in columns])

    def levels(self, series: pl.Series, *, leaves: int | None = None, least: int = LEAF) -> None:
        """Fit a categorical variable."""
        facts = shares_of(series, self.target)
        column = Levels(facts).encode(series.to_list())
        bins, _ = self._matrix(self.context)
        classes = len(facts["values"])
        grower = Grower(bins, column.values, classes, ordered=False, least=least)
        facts["tree"], _ = grower.grow(leaves or self.leaves, 30)
        counts = np.stack([supported_shares(path) for path in grower.counts()])
        shown = np.bincount(column.values[self.shown], minlength=classes)
        every = np.bincount(column.values, minlength=classes)
        wanted = np.where(shown >= LEAST, shown / self.shown.sum(), every / len(series))
        for _ in range(3):
            facts["leaves"] = [self._sparse(count) for count in counts]
            drawn = self._simulate(facts).values[self.shown]
            seen = np.bincount(drawn, minlength=classes) / len(drawn)
            counts *= np.clip(wanted / np.maximum(seen, 1e-9), 0.5, 2)
        self._add(facts, column)

    @staticmethod
    def _sparse(count: np.ndarray) -> list[int]:
        """Return codes with their shares in whole numbers, those that are too small left out."""
        unit = 9999 if len(count) <= 4 else 600 if len(count) <= 30 else 300
        share = np.round(count / count.sum() * unit).astype(int)
        share[share.argmax()] += 1
        return [int(x) for code in np.flatnonzero(share) for x in (code, share[code])]

    def number(
        self,
        series: pl.Series,
        *,
        step: float,
        presence: tuple[str, int] | None = None,
        knots: int = 41,
        atom: float = ATOM,
        leaves: int | None = None,
        corrections: int = CORRECTIONS,
    ) -> None:
        """Fit a numeric variable, after the one that says whether it is there."""
        values = series.cast(pl.Float64).to_numpy().astype(float)
        there = ~np.isnan(values)
        if presence is None and not there.all():
            presence = (series.name + "?", 1)
            self.levels(pl.Series(presence[0], there.astype(int)))
        facts: dict[str, Any] = {}
        if presence is not None:
            name, value = presence
            values_of = next(each["values"] for each in self.variables if each["name"] == name)
            facts["presence"] = [name, values_of.index(value)]
        facts |= grid_of(series.name, values[self.shown], step, knots, atom)
        number = Number(facts)
        bins, scores = self._matrix(self.context)
        bins, scores = bins[:, there], scores[:, there]
        remainder = number.spread(values[there], self.random)
        weight = sparse_linear(scores, remainder)
        remainder = remainder - weight @ scores
        facts["linear"] = [int(x) for i in np.flatnonzero(weight) for x in (i, round(weight[i] * 1000))]
        facts["corrections"] = []
        for _ in range(corrections):
            tree, leaf = Grower(bins, deciles(remainder), 10, ordered=True).grow(CORRECTION_LEAVES, 40)
            if leaf.max() == 0:
                break
            means = np.bincount(leaf, remainder) / np.bincount(leaf)
            means = np.round(means * 100).astype(int)
            facts["corrections"].append({"tree": tree, "means": means.tolist()})
            remainder = remainder - means[leaf] / 100
        tree, leaf = Grower(bins, deciles(remainder), 10, ordered=True).grow(leaves or self.leaves, 25)
        facts["tree"] = tree
        quantiles = [remainders_of(remainder[leaf == each]) for each in range(leaf.max() + 1)]
        steps = np.diff(np.round(np.array(quantiles) * 100).astype(int), axis=1, prepend=0)
        facts["leaves"] = steps.tolist()
        self._straighten(facts)
        self._add(facts, Number(facts).column(values))

    def _straighten(self, facts: dict[str, Any]) -> None:
        """Move the shares of the quantile function to where sums of simulated clients have them."""
        bins, scores = self._matrix(self.simulated)
        sums, shown = Number(facts).sum(bins, scores, self._rows(), self.random), self.shown
        if "presence" in facts:
            name, code = facts["presence"]
            shown = shown & (self.simulated[name].values == code)
        sums = sums[shown]
        if len(sums) < 1000:
            return
        knots = np.stack([facts["share"], facts.get("favourite", np.zeros(len(facts["share"])))], axis=1)
        share = np.quantile(normal_share(sums), np.minimum(np.cumsum(knots.ravel()) / knots.sum(), 1))
        share = np.diff(np.round(share * 100_000).astype(int), prepend=0)
        facts["share"] = share[::2].tolist()
        if "favourite" in facts:
            facts["favourite"] = share[1::2].tolist()

    def _rows(self) -> int:
        return len(next(iter(self.simulated.values())).bins)

    def _simulate(self, facts: dict[str, Any]) -> Any:
        bins, scores = self._matrix(self.simulated)
        each = variable(facts)
        column = each.draw(bins, scores, self._rows(), self.random)
        if isinstance(each, Number) and each.presence is not None:
            name, code = each.presence
            column = each.blank(column, self.simulated[name].values != code)
        return column

    def _add(self, facts: dict[str, Any], column: Any) -> None:
        assert facts["name"] not in self.context, facts["name"]
        self.variables.append(facts)
        self.context[facts["name"]] = column
        self.simulated[facts["name"]] = self._simulate(facts)
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


def find_tariffs(frame: pl.DataFrame) -> list[int]:
    """Return the tariffs that explain most instalments, the most used first, each found on what is left."""
    credit, annuity = (frame[name].to_numpy() for name in ("AMT_CREDIT", "AMT_ANNUITY"))
    unit = application.TARIFF_UNIT
    lowest, highest = [], []
    for fee in (0, application.FEE):
        lowest.append(np.ceil((annuity - fee) / credit * unit - 1e-6))
        highest.append(np.ceil((annuity - fee + application.CENT) / credit * unit - 1e-6) - 1)
    low, high = np.nan_to_num(np.array(lowest)), np.nan_to_num(np.array(highest))
    left = np.ones(len(credit), dtype=bool)
    tariffs: list[int] = []
    while len(tariffs) < MOST_TARIFFS:
        uses = np.zeros(20_000)
        for one_low, one_high in zip(low, high, strict=True):
            some = left & (one_high >= one_low) & (one_high < len(uses) - 1) & (one_low > 0)
            np.add.at(uses, one_low[some].astype(int), 1)
            np.add.at(uses, one_high[some].astype(int) + 1, -1)
        uses = np.cumsum(uses)
        if uses.max() < 20:
            break
        tariffs.append(int(uses.argmax()))
        left &= ~((low <= tariffs[-1]) & (high >= tariffs[-1])).any(axis=0)
    print("tariffs", len(tariffs), "explain", 1 - left.mean())
    return tariffs


# How closely a variable is looked at, where not as the others.
CARE: dict[str, dict[str, Any]] = {
    "EXT_SOURCE_3": {"atom": 0, "leaves": 40},
    "EXT_SOURCE_2": {"leaves": 40, "atom": 0.0008},
    "EXT_SOURCE_1": {"leaves": 40},
    "REGION_POPULATION_RELATIVE": {"leaves": 32},
    "ORGANIZATION_TYPE": {"leaves": 40},
    "AMT_INCOME_TOTAL": {"atom": 0.0005},
    "BASE": {"atom": 0.0003},
    "DAYS_LAST_PHONE_CHANGE": {"atom": 0.001},
    "TARIFFS": {"leaves": 64, "least": 60},
    "TARIFF": {"leaves": 250, "least": 40},
    "RATIO": {"leaves": 200, "least": 40},
    **{f"{measure}_AVG": {"atom": 0, "leaves": 32, "corrections": 8} for measure in building.BUILDING},
    **{f"{measure}_AVG": {"leaves": 32, "corrections": 8} for measure, facts in building.BUILDING.items()
       if not facts.counts},
    **{measure: {"leaves": 32} for measure in building.BUILDING},
    **{f"{name}_BY": {"leaves": 8, "knots": 21, "atom": 0.01, "corrections": 1} for name in building.OTHERS},
    **{f"YEARS_{which}_BY": {"leaves": 8, "knots": 9, "atom": 0.004, "corrections": 1} for which in
       ("BUILD_MODE", "BUILD_MEDI", "BEGINEXPLUATATION_MODE", "BEGINEXPLUATATION_MEDI")},
    **{name: {"leaves": 12} for name in building.OTHERS},
}  # fmt: skip


def fit_columns(fitter: Fitter, encoded: pl.DataFrame, module: Any, **care: Any) -> None:
    """Fit the variables that ``module`` describes."""
    presence = getattr(module, "PRESENCE", {})
    for name in module.ORDER:
        if name in module.NUMBERS:
            options = care | CARE.get(name, {}) | {"presence": presence.get(name)}
            fitter.number(encoded[name], step=module.NUMBERS[name], **options)
        else:
            fitter.levels(encoded[name], **CARE.get(name, {}))


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


# Variables of the application that the risk depends on.
RISKS = (
    "NAME_CONTRACT_TYPE", "CODE_GENDER", "NAME_INCOME_TYPE", "DAYS_BIRTH", "EMPLOYED", "NAME_EDUCATION_TYPE",
    "NAME_FAMILY_STATUS", "CNT_CHILDREN", "NAME_HOUSING_TYPE", "REGION_RATING_CLIENT_W_CITY", "FLAG_OWN_CAR",
    "OWN_CAR_AGE", "ORGANIZATION_TYPE", "OCCUPATION_TYPE", "FLAG_WORK_PHONE", "FLAG_PHONE",
    "DAYS_REGISTRATION", "PASSPORT", "ID_PUBLISH", "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY",
    "AMT_INCOME_TOTAL", "EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3", "BASE", "DAYS_LAST_PHONE_CHANGE",
    "FLAG_DOCUMENT_3", "AMT_REQ_CREDIT_BUREAU_YEAR", "AMT_REQ_CREDIT_BUREAU_QRT", "DEF_30_CNT_SOCIAL_CIRCLE",
    "DEF_60_CNT_SOCIAL_CIRCLE", "TOTALAREA_MODE", "FLOORSMAX_AVG",
)  # fmt: skip


def out_of_fold(x: np.ndarray, y: np.ndarray, offset: np.ndarray, penalty: float) -> np.ndarray:
    """Return logits of rows by the model of the other folds."""
    fold = np.random.default_rng(SEED).integers(0, 5, len(y))
    logit = np.empty(len(y))
    for each in range(5):
        inside = fold == each
        beta = penalised_logit(x[~inside], y[~inside], offset[~inside], penalty)
        logit[inside] = x[inside] @ beta + offset[inside]
    return logit


def design(
    columns: dict[str, Any], counts: dict[str, int], rows: np.ndarray
) -> tuple[np.ndarray, dict[str, slice]]:
    """Return the matrix of all variables' bases, a last column of ones, and where each variable stands."""
    blocks, places, start = [], {}, 0
    for name, column in columns.items():
        block = risk.basis(column.take(rows), counts.get(name))
        places[name] = slice(start, start + block.shape[1])
        start += block.shape[1]
        blocks.append(block)
    return np.hstack([*blocks, np.ones((len(rows), 1))]), places


def fit_risk(
    context: dict[str, Any],
    heard: dict[str, Any],
    counts: dict[str, int],
    target: np.ndarray,
    complete: np.ndarray,
) -> dict[str, Any]:
    """Fit the default logit: first on all applications, then the histories of those who have them complete."""
    labelled = np.flatnonzero(~np.isnan(target))
    y = target[labelled]
    own = {name: context[name] for name in RISKS} | {name: heard[name] for name in risk.TERMS}
    x, places = design(own, counts, labelled)
    nothing = np.zeros(len(y))
    scores = {p: auc(y, out_of_fold(x, y, nothing, p)) for p in (10, 30, 100, 300)}
    print("applications, out of fold by penalty", scores)
    penalty = max(scores, key=lambda each: scores[each])
    beta = penalised_logit(x, y, nothing, penalty)
    weights = {name: beta[place] for name, place in places.items()}

    # What histories say is taken as linear in the scores: they are known of too few for more.
    here = complete[labelled]
    offset = out_of_fold(x, y, nothing, penalty)[here]
    said = {name: column for name, column in heard.items() if name not in {*risk.TERMS, *SILENT}}
    lines = np.zeros((len(risk.KNOTS) + 1, 2))
    lines[:-1, 0], lines[-1, 1] = risk.KNOTS, 1
    z, said_places = design(said, counts, labelled[here])
    slopes = np.hstack([z[:, place] @ lines for place in said_places.values()] + [np.ones((here.sum(), 1))])
    scores = {p: auc(y[here], out_of_fold(slopes, y[here], offset, p)) for p in (10, 30, 100, 300, 1000)}
    print("histories, out of fold by penalty", auc(y[here], offset), scores)
    gamma = penalised_logit(slopes, y[here], offset, max(scores, key=lambda each: scores[each]))
    for number, name in enumerate(said_places):
        print("   ", name, gamma[2 * number : 2 * number + 2].round(3))
        weights[name] = lines @ gamma[2 * number : 2 * number + 2] * HISTORY_SCALE
    weights = {
        name: np.round(values * SHARPNESS * 1000).astype(int).tolist() for name, values in weights.items()
    }
    return {"intercept": round(beta[-1] * 1000), "weights": weights}


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
    transition, opening = (np.where(count >= LEAST, count, 0) for count in (transition, opening))
    ends = monthly.group_by("SK_ID_BUREAU").agg(pl.col("MONTHS_BALANCE").max())["MONTHS_BALANCE"]
    pos = tables["POS_CASH_balance"]
    dpd = pos.filter(pl.col("SK_DPD") > 0)["SK_DPD"].to_numpy()
    at = [0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1]
    overdue = {"loading": 0.6, "overdue": round((pos["SK_DPD"] > 0).mean(), 4),
               "intolerable": round((pos["SK_DPD_DEF"] > 0).mean(), 4), "at": at,
               "days": [round(float(q)) for q in quantiles_of(dpd, at)]}  # fmt: skip
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
        "loans": {"reported": 1.0, "stops": 0.06, "signed": 0.088, "overdue": overdue},
        "installments": {"loading": 0.55, "card_parts": 1.5, "revised": 0.08, "split": 0.09, "at": fine,
                         "loan_delay": [round(float(q)) for q in quantiles_of(loan, fine)],
                         "card_delay": [round(float(q)) for q in quantiles_of(card, fine)]},
        "cards": {"stops": 0.11, "older": 0.034, "atm": 0.6, "pays": 0.93, "interest": 0.02, "forgiven": 50, "principal": 0.957,
                  "overdue": overdue,
                  "drawing": round(float((drawn["AMT_DRAWINGS_CURRENT"] / drawn["AMT_CREDIT_LIMIT_ACTUAL"]).mean()), 3),
                  "at": np.linspace(0, 1, 11).round(1).tolist(),
                  "utilisation": quantiles_of(each["use"].to_numpy(), np.linspace(0, 1, 11)).round(3).tolist(),
                  "draws": quantiles_of(each["draws"].to_numpy(), np.linspace(0, 1, 11)).round(3).tolist()},
    }  # fmt: skip


def fit(tables: Tables) -> dict[str, Any]:
    """Return all statistics."""
    frame = tables["application"]
    target = frame["TARGET"].cast(pl.Float64).to_numpy()
    tariffs = find_tariffs(frame)
    split = shares_of(frame["SPLIT"], target)
    start = {"SPLIT": Levels(split).column(frame["SPLIT"].to_numpy())}
    fitter = Fitter(start, start, target)
    fit_columns(fitter, application.encode(frame, tariffs), application)
    whole = tables["complete_history_clients"].select("SK_ID_CURR")
    complete = frame["SK_ID_CURR"].is_in(whole["SK_ID_CURR"].implode()).to_numpy()
    people = frame.filter(pl.Series(complete))
    history = {name: tables[name].join(whole, on="SK_ID_CURR", how="semi")
               for name in ("bureau", "previous_application", "POS_CASH_balance", "credit_card_balance")}  # fmt: skip
    history["bureau_balance"] = tables["bureau_balance"]
    given = rows_of(fitter.context, np.flatnonzero(complete))
    simulated = rows_of(fitter.simulated, np.flatnonzero(complete))
    client = Fitter(given, simulated, target[complete], leaves=20)
    fit_columns(client, clients.encode(people, history), clients, knots=33)

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
        chains[name] = Fitter(context, context, target[complete][owner], leaves=20)
        fit_columns(chains[name], module.encode(rows), module, knots=33)

    # Late payments are known of clients whose instalments are only partly there; their shares still count.
    everything = history | {"installments_payments": tables["installments_payments"], "application": frame}
    said = risk.drivers(everything)
    drivers, heard = [], {}
    for name in said.columns:
        values = said[name].to_numpy()
        facts = grid_of(name, values, 0, 25, 0.02)
        drivers.append(facts)
        heard[name] = Number(facts).column(values)
    counts = {facts["name"]: len(facts["values"]) for facts in fitter.variables if "values" in facts}
    risks = fit_risk(fitter.context, heard, counts, target, complete)
    # Too few instalments are there to fit by; their slopes follow what is published of the full tables.
    risks["weights"] |= {
        name: [*np.round(risk.KNOTS * slope).astype(int).tolist(), 0] for name, slope in SILENT.items()
    }
    return {
        "least_rows": LEAST, "split": split, "application": fitter.facts(), "clients": client.facts(),
        "bureau": chains["bureau"].facts(), "previous": chains["previous"].facts(),
        "lateness": {"EXT_SOURCE_3": -0.25, "EXT_SOURCE_2": -0.08, "DAYS_BIRTH": 0.1},
        "balances": balances_of(history | tables), "drivers": drivers, "risk": risks,
    }  # fmt: skip


def centre(statistics: dict[str, Any], rate: float) -> None:
    """Set the intercept so that synthetic applicants default at ``rate``."""
    for number in range(4):
        generator = Generator(statistics)
        random = np.random.default_rng([SEED, 77])
        train = pl.concat([generator.block(4000, random)["application_train"] for _ in range(15)])
        seen = train["TARGET"].mean()
        statistics["risk"]["intercept"] += round(
            1000 * (np.log(rate / (1 - rate)) - np.log(seen / (1 - seen))) * 1.08
        )
        print("default rate", number, seen)


def main() -> None:
    """Write the statistics of the tables in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--out", type=Path, default=Path("src/home_credit/synthetic/statistics.json"))
    arguments = parser.parse_args()
    statistics = fit(read(arguments.tables))
    centre(statistics, 0.0807)
    lines = json.dumps(statistics, separators=(",", ":")).replace('{"name"', '\n{"name"')
    arguments.out.write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
