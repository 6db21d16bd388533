"""A small HTTP server that answers the contract with fixed decisions, for tests of the pages.

``python tests/support/stub_api.py PORT`` runs it by hand.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from home_credit.schemas import (
    Applicant,
    ApplicantList,
    Decision,
    DecisionRecord,
    Health,
    LoanChange,
    ModelFacts,
    PredictionRequest,
    Problem,
    Reason,
    Recourse,
    RecourseOption,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from home_credit.policy import DecisionKind

APPROVED, REVIEW, DECLINED = 100001, 100005, 100013
APPLICANTS = (APPROVED, REVIEW, DECLINED, 100028, 100038, 100042, 100057, 100065, 100066, 100067)
PROBABILITIES = {APPROVED: 0.0312, REVIEW: 0.0864, DECLINED: 0.2347}
CUT_OFF, BAND = 0.0909, (0.07, 0.115)
VERSION = "2026.11-demo"

MODEL = ModelFacts(
    model_version=VERSION,
    trained_at=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    features=412,
    cut_off=CUT_OFF,
    review_band=BAND,
    metrics={"auc": 0.781},
    training_data={"applicants": 44074},
)


# Code, feature, its value, contribution to the log-odds of default, French and English text.
HARMFUL = (
    (
        "EXTERNAL_SCORE",
        "ext_source_mean",
        0.1873,
        0.84,
        "Les scores des organismes externes sont faibles ou absents",
        "The scores of external rating agencies are low or missing",
    ),
    (
        "INSTALMENTS_LATE",
        "instal_late_days_mean_365d",
        12.5,
        0.41,
        "Des échéances de crédits antérieurs ont été payées en retard",
        "Instalments of earlier credits were paid late",
    ),
    (
        "PREVIOUS_TERMS",
        "prev_down_payment_share_last",
        None,
        0.12,
        "Le produit, l’apport ou les conditions des crédits antérieurs sont associés à un risque plus élevé",
        "The product, down payment or terms of earlier credits carry a higher risk",
    ),
)
HELPFUL = (
    ("LOAN_TERMS", "credit_over_annuity", 36.234, -0.22,
     "Le montant, la durée et l’annuité demandés présentent un risque plus faible",
     "The amount, term and annuity asked for carry a lower risk"),
    ("EDUCATION", "education", "Higher education", -0.35,
     "Le niveau d’études déclaré est associé à un risque plus faible",
     "The level of education declared is associated with a lower risk"),
    *((f"MINOR_{n}", f"minor_feature_{n}", n, -0.01 * n, f"Motif mineur {n}", f"Minor reason {n}")
      for n in range(1, 7)),
)  # fmt: skip
WARNINGS = ["application.ORGANIZATION_TYPE: 'Space agency' was never seen in training; treated as missing"]


def bundle(applicant_id: int) -> PredictionRequest:
    application = {
        "SK_ID_CURR": applicant_id,
        "NAME_CONTRACT_TYPE": "Cash loans",
        "AMT_CREDIT": 900000.0,
        "AMT_ANNUITY": 28350.0,
        "AMT_GOODS_PRICE": 810000.0,
        "AMT_INCOME_TOTAL": 180000.0,
        "NAME_INCOME_TYPE": "State servant",
        "OCCUPATION_TYPE": "Core staff",
        "DAYS_EMPLOYED": -1450,
        "NAME_EDUCATION_TYPE": "Higher education",
        "DAYS_BIRTH": -15900,
        "NAME_FAMILY_STATUS": "Married",
        "CNT_CHILDREN": 0,
        "NAME_HOUSING_TYPE": "House / apartment",
        "FLAG_OWN_REALTY": "N",
        "EXT_SOURCE_2": 0.58,
        "EXT_SOURCE_3": 0.1873,
    }
    return PredictionRequest(
        application=application,
        bureau=[{"SK_ID_BUREAU": number} for number in range(7)],
        bureau_balance=[{"MONTHS_BALANCE": -number} for number in range(1204)],
    )


def decide(applicant_id: int) -> Decision:
    probability = PROBABILITIES.get(applicant_id, 0.05)
    kind: DecisionKind = (
        "approved" if probability < BAND[0] else "review" if probability < BAND[1] else "declined"
    )
    # Helpful before harmful: the page must put them in its own order.
    reasons = [*HELPFUL, *(HARMFUL[2:] if kind == "approved" else HARMFUL)]
    return Decision(
        decision_id=f"d-{applicant_id}",
        recorded_at=datetime(2026, 11, 20, 13, 5, tzinfo=UTC),
        SK_ID_CURR=applicant_id,
        probability_of_default=probability,
        cut_off=CUT_OFF,
        decision=kind,
        score=round(700 - 900 * probability),
        grade="ABCDEFG"[min(6, int(probability * 30))],
        reasons=[
            Reason(code=code, feature=feature, value=value, contribution=effect, text=Text(fr=fr, en=en))
            for code, feature, value, effect, fr, en in reasons
        ],
        warnings=WARNINGS if kind == "review" else [],
        model_version=VERSION,
    )


def recourse(applicant_id: int) -> Recourse:
    """A loan for who was referred, none for who was declined."""
    decision = decide(applicant_id)
    option = RecourseOption(
        levers=["amount", "term"],
        changes=[
            LoanChange(field="AMT_CREDIT", unit="currency", old=900000.0, new=720000.0),
            LoanChange(field="AMT_ANNUITY", unit="currency", old=28350.0, new=19876.0),
            LoanChange(field="AMT_GOODS_PRICE", unit="currency", old=810000.0, new=648000.0),
            LoanChange(field="term", unit="months", old=48, new=60),
        ],
        cost=0.3,
        robust=False,
        probability_of_default=0.0512,
        decision="approved",
        score=650,
        grade="C",
        text=Text(fr="Demander moins, plus longtemps.", en="Ask for less, for longer."),
    )
    found = decision.decision == "review"
    return Recourse(
        SK_ID_CURR=applicant_id,
        probability_of_default=decision.probability_of_default,
        decision=decision.decision,
        options=[option] if found else [],
        loans_tried=3000,
        text=Text(fr="Un autre prêt", en="Another loan")
        if found
        else Text(fr="Rien d’autre", en="Nothing else"),
        model_version=VERSION,
    )


@dataclass
class StubApi:
    """A running server; ``has_model = False`` makes it answer as an API without a model does.

    ``has_recourse = False`` makes it answer as one that another model took over from.
    """

    url: str
    has_model: bool = True
    has_recourse: bool = True
    requests: list[str] = field(default_factory=list)

    def answer(self, method: str, target: str) -> tuple[int, BaseModel]:
        """Return status and body for a request."""
        parts = urlsplit(target)
        query = {
            name: int(values[0]) for name, values in parse_qs(parts.query).items() if values[0].isdigit()
        }
        match = re.search(r"(\d+)", parts.path)
        applicant = int(match[1]) if match else 0
        match (method, re.sub(r"\d+", "ID", parts.path)):
            case ("GET", "/health"):
                state: Any = "healthy" if self.has_model else "unhealthy"
                health = Health(status=state, model_loaded=self.has_model, version="1.0.0")
                answer = (200 if self.has_model else 503), health
            case ("GET", "/applicants"):
                known = [number for number in APPLICANTS if number > query.get("after", 0)]
                page = known[: query.get("limit", 50)]
                answer = 200, ApplicantList(applicants=page, total=len(APPLICANTS))
            case ("GET", "/model"):
                answer = 200, MODEL
            case ("GET", "/decisions/d-ID"):
                record = DecisionRecord(decision=decide(applicant), bundle=bundle(applicant), reviews=[])
                answer = 200, record
            case ("GET", "/decisions/d-ID/recourse"):
                other_model = problem(409, "another model made this decision")
                answer = (200, recourse(applicant)) if self.has_recourse else other_model
            case (_, "/applicants/ID" | "/applicants/ID/predict") if applicant not in APPLICANTS:
                answer = problem(404, f"no applicant with SK_ID_CURR {applicant} in the portfolio")
            case ("GET", "/applicants/ID"):
                answer = 200, Applicant(SK_ID_CURR=applicant, bundle=bundle(applicant))
            case ("POST", "/predict" | "/applicants/ID/predict") if self.has_model:
                answer = 200, decide(applicant)
            case ("POST", "/applicants/ID/predict"):
                answer = problem(503, "no model is loaded")
            case _:
                answer = problem(404, f"nothing at {parts.path}")
        return answer


def problem(status: int, detail: str) -> tuple[int, Problem]:
    return status, Problem(type="about:blank", title="problem", status=status, detail=detail)


@contextmanager
def running(port: int = 0) -> Iterator[StubApi]:
    """Run the server on 127.0.0.1 until the context ends; port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            self.rfile.read(length)
            api.requests.append(f"{self.command} {self.path}")
            status, answer = api.answer(self.command, self.path)
            body = answer.model_dump_json().encode()
            self.send_response(status)
            kind = "application/problem+json" if isinstance(answer, Problem) else "application/json"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # the name that http.server looks for

        def log_message(self, *args: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    api = StubApi(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    with running(int(sys.argv[1])) as stub:
        sys.stdout.write(json.dumps({"url": stub.url}) + "\n")
        threading.Event().wait()
