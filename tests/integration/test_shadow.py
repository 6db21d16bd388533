"""A challenger in shadow: it scores what was decided, delays nothing, and its report says what it would have changed."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from home_credit.api.app import create_app
from home_credit.cli.main import app
from home_credit.client import ApiClient
from home_credit.config import Settings
from home_credit.decisioning import shadow, shadow_report
from home_credit.decisioning.factory import decision_service
from home_credit.decisioning.requests import KnownRequest
from home_credit.decisioning.resources import LazyResource
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.shadow import Shadow
from home_credit.errors import ApiError, ArtifactError, NoShadowError
from home_credit.examples import BUNDLE
from home_credit.ledger import Ledger
from home_credit.ledger.shadow_scores import Judgement, Pair, ShadowScores
from home_credit.schemas.shadow import ShadowReport
from home_credit.tables.bundle import parse_bundle
from home_credit.terms.learning import learn
from support.loans import price_list
from support.models import variant
from support.sites import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from home_credit.applicants import ApplicantStore
    from home_credit.schemas import Decision

COMMITTED = Path(__file__).parents[2] / "models"
APPLICANTS = 150


@pytest.fixture(scope="module")
def challenger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that finds everybody riskier, and infers other terms."""
    folder = tmp_path_factory.mktemp("challenger")
    variant(COMMITTED, folder, log_odds=0.3, terms=learn(price_list(3_000, seed=5)))
    return folder


@pytest.fixture(scope="module")
def decided(
    challenger: Path, applicants_url: str, known: ApplicantStore, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Settings, list[Decision]]:
    """Decisions on known applicants, all of them scored in shadow: the settings that find them, and the decisions."""
    folder = tmp_path_factory.mktemp("decided")
    settings = Settings(
        HOME_CREDIT_MODELS=COMMITTED,
        HOME_CREDIT_CHALLENGER=challenger,
        HOME_CREDIT_MODEL_VERSIONS=folder / "versions",
        applicants_url=applicants_url,
        database_url=f"sqlite:///{folder}/ledger.db",
    )
    counts: Counter[str] = Counter()
    with decision_service(
        settings, observe_shadow=lambda outcome, number: counts.update({outcome: number})
    ) as service:
        asked = [KnownRequest(applicant) for applicant in known.applicants(limit=APPLICANTS)]
        found = service.decide_all(asked)
        simulated = service.decide_all([KnownRequest(asked[0].applicant_id, {})])
    assert counts == {"scored": APPLICANTS}
    decisions = [each for each in found if not isinstance(each, Exception)]
    assert len(decisions) == APPLICANTS
    assert not isinstance(simulated[0], Exception)
    return settings, decisions


def test_the_challenger_scores_as_it_would_decide(
    decided: tuple[Settings, list[Decision]], challenger: Path, applicants_url: str
) -> None:
    settings, decisions = decided
    alone = settings.model_copy(
        update={"models": challenger, "challenger": None, "database_url": f"{settings.database_url}2"}
    )
    with decision_service(alone) as service:
        theirs = {
            each.SK_ID_CURR: each
            for each in service.decide_all([KnownRequest(decision.SK_ID_CURR) for decision in decisions])
            if not isinstance(each, Exception)
        }
    ledger = Ledger.of(settings)
    found = ledger.shadow_scores()
    ledger.close()
    assert found is not None
    by_time = {decision.recorded_at.isoformat(timespec="microseconds"): decision for decision in decisions}
    assert len(found.scores) == len(by_time) == APPLICANTS
    for time_, champion, challenged in found.scores:
        ours = by_time[time_]
        other = theirs[ours.SK_ID_CURR]
        assert champion == (ours.probability_of_default, ours.decision, ours.grade)
        assert challenged[1:] == (other.decision, other.grade)
        # The champion's tables add the trees in another order than LightGBM.
        assert challenged.probability == pytest.approx(other.probability_of_default, rel=1e-12)


def test_the_report(decided: tuple[Settings, list[Decision]], challenger: Path) -> None:
    settings, decisions = decided
    with (
        serve(create_app(settings)) as url,
        ApiClient(url, back_off=()) as api,
        httpx.Client(base_url=url) as client,
    ):
        report = api.shadow()
        assert api.shadow(report.challenger) == report
        with pytest.raises(ApiError) as caught:
            api.shadow("unknown")
        assert caught.value.status == 404
        _until(lambda: client.get("/status").json()["models"][1]["model_version"])
        ours, theirs = client.get("/status").json()["models"]
    assert (report.champion, report.challenger) == (ours["model_version"], theirs["model_version"])
    assert (report.decisions, report.not_scored) == (APPLICANTS, 0)
    assert report.first == min(decision.recorded_at for decision in decisions)
    assert report.last == max(decision.recorded_at for decision in decisions)
    changed = sum(change.decisions for change in report.changes)
    assert report.agreement == pytest.approx(1 - changed / APPLICANTS)
    assert 0 < changed < APPLICANTS
    harder = {("approved", "review"), ("review", "declined"), ("approved", "declined")}
    assert {(change.decision, change.challenger_decision) for change in report.changes} & harder
    assert sum(grade.decisions for grade in report.grades) == APPLICANTS
    assert report.mean_difference > 3 * report.mean_difference_standard_error > 0
    assert report.mean_difference == pytest.approx(
        report.challenger_mean_probability - report.mean_probability
    )
    assert report.correlation is not None
    assert report.correlation > 0.9
    assert report.psi > 0


def test_the_command_prints_the_report(
    decided: tuple[Settings, list[Decision]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = decided
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    printed = CliRunner().invoke(app, ["shadow", "--json"])
    report = ShadowReport.model_validate_json(printed.output)
    assert report.decisions == APPLICANTS
    lines = CliRunner().invoke(app, ["shadow"]).output.splitlines()
    assert f"{APPLICANTS} decisions scored by both, 0 by the champion alone" in lines
    for change in report.changes:
        direction = f"  {change.decision} -> {change.challenger_decision}: {change.decisions},"
        assert any(line.startswith(direction) for line in lines)
    missing = CliRunner().invoke(app, ["shadow", "--challenger", "unknown"])
    assert isinstance(missing.exception, NoShadowError)


def test_a_ledger_is_copied_with_its_scores(decided: tuple[Settings, list[Decision]], tmp_path: Path) -> None:
    settings, _ = decided
    source = Ledger.of(settings)
    before = source.shadow_scores()
    shutil.copy(settings.database_url.removeprefix("sqlite:///") + ".key", tmp_path / "copy.db.key")
    source.copy_to(f"sqlite:///{tmp_path}/copy.db")
    source.close()
    copied = Ledger.open(f"sqlite:///{tmp_path}/copy.db")
    assert copied.shadow_scores() == before
    copied.close()


class Slow:
    """A challenger that scores once it may, or fails."""

    def __init__(self) -> None:
        self.asked, self.may_score = threading.Event(), threading.Event()
        self.fails: Exception | None = None

    def load(self) -> Scorer:
        self.asked.set()
        self.may_score.wait(30)
        if self.fails:
            raise self.fails
        return Scorer.load(COMMITTED, Settings())


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield opened
    opened.close()


def _decided(number: int) -> list[shadow.Decided]:
    scorer = Scorer.load(COMMITTED, Settings())
    bundle = parse_bundle(BUNDLE)
    (assessment,), rows = scorer.assess_with_features([bundle])
    from datetime import UTC, datetime  # noqa: PLC0415

    features = shadow.Features(bundle.application, rows.rows[0], scorer.definitions_version)
    return [shadow.Decided(str(place), datetime.now(UTC), assessment, features) for place in range(number)]


def test_a_full_queue_drops_decisions_and_delays_nothing(ledger: Ledger) -> None:
    slow, counts = Slow(), Counter[str]()
    found = Shadow(
        LazyResource(slow.load),
        LazyResource(lambda: ledger),
        observe=lambda outcome, number: counts.update({outcome: number}),
        pause_seconds=0.0,
    )
    some = _decided(shadow.WAITING)
    found.offer(some[:1])
    _until(lambda: not found._waiting)  # the thread has taken it
    began = time.process_time()
    found.offer(some[1:])
    found.offer(some[:500])
    assert time.process_time() - began < 0.1
    assert counts == {"dropped": 499}
    slow.may_score.set()
    found.close()
    _until(lambda: counts["scored"] == shadow.WAITING + 1)


def test_a_challenger_that_fails_is_counted_and_tried_again(ledger: Ledger) -> None:
    slow, counts = Slow(), Counter[str]()
    slow.may_score.set()
    slow.fails = ArtifactError("no model")
    found = Shadow(
        LazyResource(slow.load),
        LazyResource(lambda: ledger),
        observe=lambda outcome, number: counts.update({outcome: number}),
        pause_seconds=0.0,
    )
    found.offer(_decided(3))
    _until(lambda: counts["failed"] == 3)
    slow.fails = None
    found.offer(_decided(2))
    _until(lambda: counts["scored"] == 2)
    found.close()
    stored = ledger.shadow_scores()
    assert stored is not None
    assert len(stored.scores) == 2
    assert shadow_report.report(stored).agreement == 1.0
    assert shadow_report.report(stored).correlation is None


def test_without_scores_there_is_no_report(ledger: Ledger) -> None:
    settings = Settings(HOME_CREDIT_MODELS=COMMITTED)
    with decision_service(settings, ledger=ledger) as service, pytest.raises(NoShadowError):
        service.shadow_report()


def test_the_stability_index_is_that_of_the_formula() -> None:
    random = np.random.default_rng(3)
    expected = random.uniform(0, 1, 10_000)
    assert shadow_report.stability_index(expected, expected) == 0
    # A tenth of the values moves from the lowest bin to the highest.
    moved = np.where(expected < np.quantile(expected, 0.1), 0.999, expected)
    p, q = np.full(10, 0.1), np.array([0.00005, *[0.1] * 8, 0.2])
    assert shadow_report.stability_index(expected, moved) == pytest.approx(
        ((q - p) * np.log(q / p)).sum(), rel=1e-3
    )


JUDGEMENTS = st.builds(
    Judgement,
    st.floats(0.001, 0.999),
    st.sampled_from(["approved", "review", "declined"]),
    st.sampled_from("ABCDEFG"),
)


@given(st.lists(st.tuples(JUDGEMENTS, JUDGEMENTS), min_size=1, max_size=40))
def test_the_parts_of_a_report_add_up(pairs: list[tuple[Judgement, Judgement]]) -> None:
    scores = [("2026-11-26T10:00:00+00:00", *pair) for pair in pairs]
    found = shadow_report.report(ShadowScores(Pair("a", "b"), scores, len(pairs) + 2))
    assert (found.decisions, found.not_scored) == (len(pairs), 2)
    assert sum(change.decisions for change in found.changes) == round(len(pairs) * (1 - found.agreement))
    assert sum(grade.decisions for grade in found.grades) == len(pairs)
    assert sum(grade.same_decision for grade in found.grades) == round(len(pairs) * found.agreement)
    assert found.psi >= 0
    assert found.correlation is None or -1.000001 <= found.correlation <= 1.000001
    turned = shadow_report.report(
        ShadowScores(Pair("b", "a"), [(time_, two, one) for time_, one, two in scores], len(pairs))
    )
    assert turned.agreement == found.agreement
    assert turned.mean_difference == pytest.approx(-found.mean_difference)
    assert {(each.challenger_decision, each.decision, each.decisions) for each in turned.changes} == {
        (each.decision, each.challenger_decision, each.decisions) for each in found.changes
    }


def _until(holds: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
