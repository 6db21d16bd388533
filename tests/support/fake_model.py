"""The real API on a free port, with a fake model of known answers."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from home_credit.api.app import create_app
from home_credit.config import Settings
from home_credit.examples import BUNDLE
from home_credit.ledger import Ledger
from home_credit.policy import Costs, Policy
from home_credit.terms.annuity import credit_over_annuity
from support.fakes import FakeApplicantStore, FakeScorer
from support.sites import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

APPROVED, REVIEW, DECLINED, NARROW = 100001, 100005, 100013, 100028
APPLICANTS = (APPROVED, REVIEW, DECLINED, NARROW, 100038, 100042, 100057, 100065, 100066, 100067)
REPAYS = {APPROVED: 0.9688, REVIEW: 0.9, DECLINED: 0.7653, NARROW: 0.9}
VERSION, SUCCESSOR = "2026.11-test", "2026.12-test"
# Favourable and unfavourable ones, unsorted, since the page sorts them.
EFFECTS = {
    "NAME_EDUCATION_TYPE": -0.35,
    "OCCUPATION_TYPE": 0.12,
    "EXT_SOURCE_2": 0.84,
    "AMT_CREDIT": -0.22,
    "DAYS_EMPLOYED": 0.41,
    **{
        name: -0.01 * place
        for place, name in enumerate(
            (
                "NAME_INCOME_TYPE", "AMT_INCOME_TOTAL", "DAYS_ID_PUBLISH", "NAME_HOUSING_TYPE",
                "FLAG_OWN_REALTY", "DAYS_REGISTRATION",
            ),
            start=1,
        )
    },
}  # fmt: skip
# A loan of the price list with a known term: 36 months at 24.85 %, a premium of 0.55 % a month.
PRICE, MONTHS = 450_000.0, 36
CREDIT = PRICE * (1 + 0.0055 * MONTHS)
ANNUITY = CREDIT * round(1 / credit_over_annuity(0.2485, MONTHS), 5)
LOWER_ANNUITY = 0.8 * ANNUITY


def bundle(applicant_id: int) -> dict[str, Any]:
    """The example's rows as those of an applicant, who asks for a loan of the price list."""
    loan = {"AMT_GOODS_PRICE": PRICE, "AMT_CREDIT": CREDIT, "AMT_ANNUITY": ANNUITY}
    own: dict[str, Any] = {"SK_ID_CURR": applicant_id, "EXT_SOURCE_2": REPAYS.get(applicant_id, 0.95), **loan}
    if applicant_id == REVIEW:
        own["ORGANIZATION_TYPE"] = "Space agency"
    if applicant_id == DECLINED:
        own["OCCUPATION_TYPE"] = None
    histories: dict[str, Any] = {table: rows for table, rows in BUNDLE.items() if table != "application"}
    rows = {
        table: [{**row, "SK_ID_CURR": applicant_id} if "SK_ID_CURR" in row else row for row in history]
        for table, history in histories.items()
    }
    return {"application": {**BUNDLE["application"], **own}, **rows}


def likes(application: Mapping[str, Any]) -> bool:
    """Of two applicants under review, a loan that costs much less a month; of one of them, hardly less than that."""
    applicant, annuity = application["SK_ID_CURR"], application["AMT_ANNUITY"] or 0.0
    least = {REVIEW: 0.0, NARROW: 0.999 * LOWER_ANNUITY}
    return applicant in least and least[applicant] <= annuity <= LOWER_ANNUITY


@dataclass
class RunningApi:
    """The running API and its ledger; ``requests`` are the request lines in order."""

    url: str
    scorer: FakeScorer
    ledger: Ledger
    requests: list[str]


@contextmanager
def running(folder: Path, *, model: bool = True, reports: Path = Path("reports")) -> Iterator[RunningApi]:
    """Run the API with its ledger in ``folder`` until the context ends; without ``model`` it has none."""
    scorer: Any = FakeScorer(VERSION, Policy.of(Costs()), effects=EFFECTS, likes=likes)
    known: Any = FakeApplicantStore({applicant: bundle(applicant) for applicant in APPLICANTS})
    settings = Settings(HOME_CREDIT_MODELS=folder / "no-model", HOME_CREDIT_REPORTS=reports)
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    app = create_app(settings, scorer=scorer if model else None, applicants=known, ledger=ledger)
    requests: list[str] = []
    try:
        with serve(_noting(app, requests)) as url:
            yield RunningApi(url, scorer, ledger, requests)
    finally:
        ledger.close()


def _noting(app: ASGIApp, requests: list[str]) -> ASGIApp:
    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            requests.append(f"{scope['method']} {scope['path']}")
        await app(scope, receive, send)

    return noted
