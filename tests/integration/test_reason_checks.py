"""No reason contradicts the applicant's own rows, by a check that does not use the features."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from home_credit.config import Settings
from home_credit.decisioning.scoring import Scorer
from home_credit.default_risk.reasons import MAX_REASONS, reason_codes
from home_credit.schemas import Reason, Text
from home_credit.tables.bundle import parse_bundle
from home_credit.validation.reason_checks import STATEMENTS, can_judge, false_statements
from support.parquet_rows import ParquetRows

if TYPE_CHECKING:
    from pathlib import Path

VAGUE = re.compile(r"higher risk|lower risk|associated with|risque plus|associé")


@pytest.fixture(scope="module")
def scorer(models: Path) -> Scorer:
    return Scorer.load(models, Settings())


def told(scorer: Scorer, tables: Path, applicants: int) -> list[tuple[dict[str, Any], list[Reason]]]:
    known = ParquetRows(tables)
    rows = [known.bundle(applicant) for applicant in known.applicants(limit=applicants)]
    return [(each, scorer.assess([parse_bundle(each)])[0].reasons) for each in rows]


def assert_true(cases: list[tuple[dict[str, Any], list[Reason]]]) -> None:
    found = [problem for rows, reasons in cases for problem in false_statements(rows, reasons)]
    assert not found, found[:5]
    principal = [reason for _, reasons in cases for reason in reasons[:MAX_REASONS]]
    assert not [reason for reason in principal if VAGUE.search(reason.text.en + reason.text.fr)]
    assert sum(map(can_judge, principal)) > 0.2 * len(principal)


def test_no_reason_told_to_a_demo_applicant_is_false(scorer: Scorer, portfolio: Path) -> None:
    assert_true(told(scorer, portfolio, 300))


@pytest.mark.real_rows
def test_no_reason_told_to_a_real_applicant_is_false(scorer: Scorer, real_tables: Path) -> None:
    assert_true(told(scorer, real_tables, 100))


def test_every_statement_is_judged_a_second_time() -> None:
    assert set(STATEMENTS) == {each.en for code in reason_codes().values() for each in code.statements}


def test_a_false_reason_is_found(scorer: Scorer, portfolio: Path) -> None:
    ((rows, reasons), *_) = told(scorer, portfolio, 1)
    without = json.loads(json.dumps({**rows, "bureau": [], "bureau_balance": []}))
    claim = Reason(
        code="BUREAU_RECENCY",
        feature="BUR_ALL_COUNT",
        value=3.0,
        contribution=0.1,
        text=Text(en="Credits were taken with other lenders in the last year", fr=""),
    )
    assert len(list(false_statements(without, [claim]))) == 2
    assert not list(false_statements(rows, reasons))
