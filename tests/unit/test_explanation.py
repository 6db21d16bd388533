"""Formulas, explanations and versions of definitions."""

from __future__ import annotations

import pytest

from home_credit.features.arithmetic import mean, share, standard_deviation, thousandths, where
from home_credit.features.canonical import canonical
from home_credit.features.catalogue import CATALOGUE
from home_credit.features.explanation import explain, steps
from home_credit.features.expression import INTEGER, Expr, coalesce, col, count_rows, max_horizontal, when
from home_credit.features.formula import formula
from home_credit.features.lineage import lineage
from home_credit.features.plan import scan
from home_credit.tables.schema import ID

X, Y = col("x"), col("y")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (X - (Y - 1), "x − (y − 1)"),
        ((X - Y) - 1, "x − y − 1"),
        (X / (Y / 2), "x / (y / 2)"),
        ((X + Y) * 0.5, "(x + y) × 0.5"),
        (X + Y * 0.5, "x + y × 0.5"),
        (-X, "−x"),
        ((X > 1) & ((Y <= 2) | (X == Y)), "x > 1 and (y ≤ 2 or x = y)"),
        (~(X == 1), "x ≠ 1"),
        (~(X > 1), "not x > 1"),
        (~X.is_null(), "x is known"),
        (X.is_null(), "x is missing"),
        (X.is_in(["a", "b"]), "x is one of “a”, “b”"),
        (where(X > 0, Y), "y where x > 0"),
        (when(X > 0).then(Y).otherwise(0), "y if x > 0, else 0"),
        (where(X > 0, Y).max(), "greatest(y where x > 0)"),
        (thousandths("x"), "round(x × 1000)"),
        (X.cast(INTEGER), "whole(x)"),
        (coalesce(X, Y), "first known(x, y)"),
        (max_horizontal(X, Y).clip(0.0, 1.0), "within(greatest(x, y), 0, 1)"),
        (count_rows(), "number of rows"),
        (share(X > 0, Y > 0), "(number of rows where x > 0 and y > 0) / (number of rows where y > 0)"),
        (X.n_unique(), "distinct values(x)"),
        (mean(where(X > 0, Y)), "sum(a) / count(a), with a = y where x > 0"),
        (
            X.cum_count(partition_by=[ID], order_by=["x", "y"]),
            "number so far(x; per SK_ID_CURR; by x, y)",
        ),
    ],
)
def test_an_expression_as_a_formula(expression: Expr, text: str) -> None:
    assert str(formula(expression.operation)) == text


def test_parts_that_come_again_are_named_once_and_after_their_own_parts() -> None:
    found = formula(standard_deviation(where(X > 0, Y)).operation)
    assert list(found.parts) == ["a", "b", "c", "d"]
    assert found.parts["a"] == "y where x > 0"
    assert found.parts["d"] == "(sum(a × a) − c × c / b) / (b − 1)"
    assert found.text == "(square root(d) if d > 0, else 0) where b > 1"


def test_a_feature_is_explained_down_to_the_tables() -> None:
    assert [str(step) for step in steps("MIX_OPENING_TO_AGE")] == [
        "MIX_OPENING_TO_AGE = BUR_ALL_AGE_MAX / DAYS_BIRTH",
        "  BUR_ALL_AGE_MAX = greatest(age where SK_ID_CURR is known)   [per SK_ID_CURR]",
        "    age = −whole(DAYS_CREDIT)",
    ]
    assert steps("AMT_CREDIT") == []
    assert explain("BB_WORST").splitlines() == [
        "BB_WORST (code)",
        "  en: worst status of any credit with other lenders (0 to 5)",
        "  fr: pire statut des crédits auprès d’autres prêteurs (0 à 5)",
        "  missing: no record of the applicant is in scope, or none holds the value",
        "  formula:",
        "    BB_WORST = greatest(worst)   [per SK_ID_CURR]",
        "      worst = greatest(severity)   [per SK_ID_BUREAU]",
        "        severity = whole(STATUS if STATUS is one of “1”, “2”, “3”, “4”, “5”, else “0”)",
        "  columns:",
        "    bureau: SK_ID_CURR, SK_ID_BUREAU",
        "    bureau_balance: SK_ID_BUREAU, STATUS",
    ]


def test_every_feature_can_be_explained_and_stands_on_some_table() -> None:
    for name, feature in CATALOGUE.items():
        told = explain(name)
        assert feature.en in told and feature.fr in told
        assert lineage(name)
    with pytest.raises(KeyError):
        steps("NO_SUCH_FEATURE")


def test_the_canonical_form_tells_definitions_apart() -> None:
    several = [
        X + Y,
        Y + X,
        X - Y,
        X + 1,
        X + 1.0,
        X == "1",
        X == 1,
        X.sum(),
        X.count(),
        X.clip(0.0, 1.0),
        X.clip(0.0, 2.0),
        X.cum_sum(partition_by=["x"], order_by=["y"]),
        X.cum_sum(partition_by=["y"], order_by=["x"]),
        when(X > 0).then(Y),
        when(X > 0).then(Y).otherwise(0),
    ]
    forms = [canonical(each.operation) for each in several]
    assert len(set(forms)) == len(forms)
    assert canonical((X + Y).operation) == canonical((col("x") + col("y")).operation)
    plans = [
        scan("bureau"),
        scan("bureau").select("x"),
        scan("bureau").group_by("x").agg(),
        scan("application"),
    ]
    assert len({canonical(plan) for plan in plans}) == len(plans)
