"""The loop: a shift raises the alarm, a challenger is trained, scores in shadow, passes the gate and serves."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from home_credit import policy
from home_credit.applicants.loading import load
from home_credit.config import Settings
from home_credit.decisioning.factory import decision_service
from home_credit.decisioning.requests import KnownRequest
from home_credit.default_risk import artifacts
from home_credit.errors import UsageError
from home_credit.ledger import Ledger
from home_credit.monitoring import recorded, storing
from home_credit.synthetic import write_demo
from home_credit.tables.schema import ID, TRAIN
from home_credit.tracking import CHAMPION, registered_models
from home_credit.training import promotion, renewal
from home_credit.training.run import train
from support.applications import applications
from support.training import QUICK
from support.windows import drift

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.schemas.verdicts import StoredVerdict

WEAK = [{"rounds": 1, "learning_rate": 0.1, "num_leaves": 2, "feature_fraction": 0.002}]
COSTS = policy.Costs()
POLICY = policy.Policy.of(COSTS)
TODAY = datetime.now(UTC).date()


def _young(tables: Path, folder: Path, half: int) -> Path:
    """Write every second of the applicants under 35, with their histories: a market that the champion does not know."""
    folder.mkdir()
    rows = pl.read_parquet(tables / f"{TRAIN}.parquet").filter(pl.col("DAYS_BIRTH") > -35 * 365.25)
    rows.filter(pl.col(ID) % 2 == half).write_parquet(folder / f"{TRAIN}.parquet")
    for file in tables.glob("*.parquet"):
        if not file.name.startswith("application"):
            (folder / file.name).symlink_to(file)
    return folder


def _decide(tables: Path, work: Path, models: Path, first: int, challenger: Path | None = None) -> str:
    """Decide on 300 applicants of the tables, and return the address of the ledger."""
    url, applicants = f"sqlite:///{work}/ledger.db", f"sqlite:///{work}/applicants.db"
    ids = pl.read_parquet(tables / f"{TRAIN}.parquet")[ID].sort().to_list()[first : first + 300]
    settings = Settings(
        database_url=url,
        applicants_url=applicants,
        HOME_CREDIT_MODELS=models,
        HOME_CREDIT_CHALLENGER=challenger,
        HOME_CREDIT_MODEL_VERSIONS=work / "versions",
    )
    with decision_service(settings) as service:
        decided = service.decide_all([KnownRequest(applicant) for applicant in ids])
        assert not [each for each in decided if isinstance(each, Exception)]
    return url


def _verdict(url: str, models: Path, reports: Path) -> StoredVerdict:
    with closing(Ledger.open(url)) as ledger:
        return recorded.run(ledger, models, POLICY, reports, first=TODAY, last=TODAY)


@pytest.mark.slow
def test_a_shift_leads_to_a_challenger_that_serves_only_after_the_gate(
    portfolio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_demo(tmp_path / "later", 6_000, seed=11)
    learnt, market = (_young(tmp_path / "later", tmp_path / f"young{half}", half) for half in (0, 1))
    load(market, f"sqlite:///{tmp_path}/applicants.db")
    served, challenger = tmp_path / "served", tmp_path / "challenger"
    train(portfolio, tmp_path / "first", tracking="mlruns", costs=COSTS, parameters=WEAK, repeats=1)
    champion = registered_models.export("mlruns", CHAMPION, served, tmp_path / "versions")

    url = _decide(market, tmp_path, served, 0)
    verdict = _verdict(url, served, tmp_path / "reports")
    assert verdict.alarm
    assert "DAYS_BIRTH" in {cause.subject for cause in verdict.causes if cause.material}
    # The external scores of the young are missing more often: somebody has to say that this is no fault.
    with pytest.raises(UsageError, match="EXT_SOURCE_1"):
        renewal.reason(verdict, scheduled=True)
    storing.acknowledge(tmp_path / "reports", "a.person", "another market")
    known = _verdict(url, served, tmp_path / "reports")
    assert renewal.reason(known, scheduled=False) == "the last verdict says: retrain"

    made = train(learnt, challenger, tracking="mlruns", costs=COSTS, holdout=0.0, parameters=QUICK, repeats=1)
    assert artifacts.load(served).version == champion, "trained is not promoted"
    _decide(market, tmp_path, served, 300, challenger)
    with decision_service(Settings(database_url=url, HOME_CREDIT_MODELS=served)) as service:
        assert service.shadow_report().challenger == made.model_version

    judged = promotion.promote(
        market, served, tracking="mlruns", costs=COSTS, kept=tmp_path / "versions", unseen=True
    )
    assert judged.passed, judged.refusals
    assert artifacts.load(served).version == made.model_version

    (tmp_path / "ledger.db").unlink()
    after = _verdict(_decide(market, tmp_path, served, 600), served, tmp_path / "reports")
    assert not after.alarm, [cause.text.en for cause in after.causes]
    assert renewal.reason(after, scheduled=False) is None
    assert [point.alarm for point in after.trend][-1] is False


def test_no_model_learns_from_faulty_data(tmp_path: Path) -> None:
    faulty = drift(applications(3_000, 1), applications(3_000, 2).with_columns(EXT_SOURCE_2=None))
    with pytest.raises(UsageError, match="EXT_SOURCE_2"):
        renewal.reason(faulty, scheduled=True)
    storing.store(faulty, tmp_path)
    storing.acknowledge(tmp_path, "a.person", "the bureau no longer gives it")
    known = storing.store(faulty, tmp_path)
    assert renewal.reason(known, scheduled=False) == "the last verdict says: retrain"


def test_a_quiet_verdict_asks_for_no_model() -> None:
    quiet = drift(applications(3_000, 1), applications(3_000, 2))
    assert renewal.reason(quiet, scheduled=False) is None
    assert renewal.reason(quiet, scheduled=True) == "on schedule"
    assert renewal.reason(None, scheduled=False) is None
