"""Another model in the served folder is swapped in, a broken one refused, and no request fails meanwhile."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from home_credit.config import Settings
from home_credit.decisioning.factory import decision_service, model_updates
from home_credit.decisioning.resources import LazyResource
from home_credit.decisioning.scoring import Scorer
from home_credit.decisioning.updates import ServedModel
from home_credit.decisioning.versions import ModelVersions
from home_credit.default_risk import artifacts, versions
from home_credit.default_risk.manifest import MANIFEST, Manifest, TrainingFacts
from home_credit.errors import ArtifactError, OtherModelError
from home_credit.examples import BUNDLE
from home_credit.ledger import Ledger
from support.commands import API_SERVER
from support.models import variant
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "models"
KEY = {"X-API-Key": "k3y"}


class Served:
    """A served model whose folder a test changes; ``events`` has what was swapped and refused."""

    def __init__(self, folder: Path, kept: Path, settings: Settings) -> None:
        self.folder = folder
        self.events: list[str] = []
        self.resource = LazyResource(lambda: Scorer.load(folder, settings))
        self.model = ServedModel(
            "champion",
            folder,
            self.resource,
            lambda place: Scorer.load(place, settings),
            versions=ModelVersions(kept, settings),
            observe=self.events.append,
        )

    def look(self, *, asked: bool = False) -> None:
        self.model.look(lambda _seconds: None, asked=asked)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """The committed model, loaded from a folder of its own and looked at once."""
    folder = tmp_path / "models"
    shutil.copytree(COMMITTED, folder)
    found = Served(folder, tmp_path / "versions", Settings())
    found.resource.get()
    found.look()
    return found


def test_another_model_takes_over_and_both_are_kept(served: Served, tmp_path: Path) -> None:
    first = served.model.version
    assert first is not None
    before = served.resource.get()
    served.look()
    assert served.events == []
    second = variant(COMMITTED, tmp_path / "next", log_odds=0.5)
    artifacts.copy(tmp_path / "next", served.folder)
    served.look()
    assert (served.model.version, served.events) == (second, ["swapped"])
    assert before.version == first  # whoever took it before ends with it
    for version in (first, second):
        kept = versions.find(tmp_path / "versions", version)
        assert kept is not None
        assert artifacts.load(kept).version == version
    assert sorted(path.name for path in (tmp_path / "versions").iterdir()) == sorted([first, second])


def _cut(folder: Path) -> None:
    path = folder / artifacts.CLASSIFIER
    path.write_bytes(path.read_bytes()[:-1])


def _without_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def _other_definitions(folder: Path) -> None:
    """A whole model that was trained on other definitions of the features."""
    of = artifacts.load(folder)
    facts = {name: getattr(of.manifest, name) for name in TrainingFacts.model_fields}
    facts["features"] = of.manifest.features.model_copy(update={"version": "0" * 64})
    artifacts.save(
        folder,
        booster=of.booster,
        preprocessor=of.preprocessor,
        calibration=of.calibration,
        terms=of.terms,
        facts=TrainingFacts(**facts),
    )


def _nonsense(folder: Path) -> None:
    (folder / MANIFEST).write_text("models")


def _trees_that_cannot_be_read(folder: Path) -> None:
    """A model whose files belong together; only a use of its trees finds what is wrong with them."""
    stored = (folder / artifacts.CLASSIFIER).read_bytes()
    content = stored.replace(b"\nnum_leaves=", b"\nnum_leafs_=")
    (folder / artifacts.CLASSIFIER).write_bytes(content)
    of = Manifest.read(folder)
    facts = TrainingFacts(**{name: getattr(of, name) for name in TrainingFacts.model_fields})
    named = {**of.artifacts, artifacts.CLASSIFIER: hashlib.sha256(content).hexdigest()}
    Manifest.of(facts, named).write(folder)


@pytest.mark.parametrize(
    "spoil", [_cut, _without_manifest, _other_definitions, _nonsense, _trees_that_cannot_be_read]
)
def test_a_broken_model_is_refused_and_the_one_in_use_kept(
    served: Served, tmp_path: Path, spoil: Any, caplog: pytest.LogCaptureFixture
) -> None:
    first = served.model.version
    scorer = served.resource.get()
    spoil(served.folder)
    served.look()
    served.look()  # it is not tried again
    assert served.events == ["refused"]
    assert served.resource.get() is scorer
    assert served.model.state.refused
    assert served.model.state.refused in caplog.text
    served.look(asked=True)
    assert served.events == ["refused"] * 2
    second = variant(COMMITTED, tmp_path / "next", log_odds=-0.5)
    artifacts.copy(tmp_path / "next", served.folder)
    served.look()
    assert served.model.version == second != first
    assert served.model.state.refused is None


def test_a_model_that_was_missing_is_loaded_once_it_is_there(tmp_path: Path) -> None:
    served = Served(tmp_path / "models", tmp_path / "versions", Settings())
    served.look()
    assert (served.model.version, served.events) == (None, [])
    shutil.copytree(COMMITTED, tmp_path / "models")
    _cut(tmp_path / "models")
    served.look()
    assert (served.model.version, served.events) == (None, ["refused"])
    shutil.copy(COMMITTED / artifacts.CLASSIFIER, tmp_path / "models")
    served.look()
    assert served.model.version == artifacts.load(COMMITTED).version
    assert (served.model.state.swaps, served.model.state.refused) == (0, None)


def test_only_a_signed_model_takes_over_where_a_key_is_set(tmp_path: Path) -> None:
    key, folder = "a key of thirty-two characters..", tmp_path / "models"
    shutil.copytree(COMMITTED, folder)
    artifacts.sign(folder, key)
    served = Served(folder, tmp_path / "versions", Settings(model_key=key))
    first = served.resource.get().version
    served.look()
    second = variant(COMMITTED, tmp_path / "next", log_odds=0.75)
    artifacts.copy(tmp_path / "next", folder)
    served.look()
    assert (served.model.version, served.events) == (first, ["refused"])
    artifacts.sign(tmp_path / "next", key)
    artifacts.copy(tmp_path / "next", folder)
    served.look()
    assert (served.model.version, served.events) == (second, ["refused", "swapped"])
    for version in (first, second):
        assert ModelVersions(tmp_path / "versions", Settings(model_key=key)).scorer(version)


def test_a_version_that_was_kept_unsigned_gets_its_signature(tmp_path: Path) -> None:
    key, folder = "a key of thirty-two characters..", tmp_path / "models"
    shutil.copytree(COMMITTED, folder)
    place = versions.keep(folder, tmp_path / "versions")
    with pytest.raises(ArtifactError, match="without a signature"):
        artifacts.load(place, key)
    artifacts.sign(folder, key)
    assert versions.keep(folder, tmp_path / "versions", key) == place
    assert artifacts.load(place, key).version == place.name


def test_a_model_that_is_being_copied_is_waited_for(served: Served, tmp_path: Path) -> None:
    second = variant(COMMITTED, tmp_path / "next", log_odds=0.25)
    names = [artifacts.CLASSIFIER, artifacts.TERMS, artifacts.PREPROCESSOR]

    def copy_more(_seconds: float) -> None:
        """Copy another file while the update waits, the manifest first, as a copy by hand may."""
        if names:
            name = names.pop()
            shutil.copy(tmp_path / "next" / name, served.folder / name)

    shutil.copy(tmp_path / "next" / MANIFEST, served.folder / MANIFEST)
    served.model.look(copy_more)
    assert (served.model.version, served.events) == (second, ["swapped"])


def test_a_version_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "versions"
    version = versions.keep(COMMITTED, folder).name
    assert version == artifacts.load(COMMITTED).version
    assert versions.keep(COMMITTED, folder) == folder / version
    assert [path.name for path in folder.iterdir()] == [version]
    shutil.copytree(COMMITTED, tmp_path / "broken")
    _cut(tmp_path / "broken")
    with pytest.raises(ArtifactError, match="not the file"):
        versions.keep(tmp_path / "broken", folder)
    assert [path.name for path in folder.iterdir()] == [version]
    for strange in ("../versions", "", "half-1", version + "/../" + version):
        assert versions.find(folder, strange) is None


def test_decisions_of_earlier_models_are_replayed(tmp_path: Path) -> None:
    folder, kept = tmp_path / "models", tmp_path / "versions"
    shutil.copytree(COMMITTED, folder)
    settings = Settings(
        HOME_CREDIT_MODELS=folder,
        HOME_CREDIT_MODEL_VERSIONS=kept,
        database_url=f"sqlite:///{tmp_path}/ledger.db",
        model_poll_seconds=0.05,
    )
    made = {}
    with decision_service(settings) as service:
        service.scorer()
        updates = model_updates(service, settings, observe=lambda _role, _outcome: None)
        updates.start()
        for step in range(3):
            version = variant(COMMITTED, tmp_path / "next", log_odds=0.1 * step)
            artifacts.copy(tmp_path / "next", folder)
            updates.ask()
            _until(lambda: service.scorer().version == version)  # noqa: B023  # called at once
            (decision,) = service.decide_each([BUNDLE])
            assert not isinstance(decision, Exception)
            made[version] = decision.decision_id
        updates.close()
        assert len(made) == 3
        for version, decision_id in made.items():
            replayed = service.replay(decision_id)
            assert replayed.identical
            assert replayed.recomputed.model_version == version
        first, second, last = made
        assert service.scorer().version == last
        assert service.recourse_of_decision(made[first])
    shutil.rmtree(kept / first)
    with decision_service(settings) as service:
        with pytest.raises(OtherModelError, match=f"made by model version {first}, which is not kept"):
            service.replay(made[first])
        shutil.rmtree(kept / second)
        (kept / last).rename(kept / second)
        with pytest.raises(ArtifactError, match=f"{second} holds model version"):
            service.replay(made[second])


def _until(holds: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def _running(
    tmp_path: Path, *arguments: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the API as a process, its log in ``tmp_path``, until the context ends; the process and its address."""
    port = free_port()
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*API_SERVER, "--port", str(port), *arguments],
            env={
                **os.environ,
                "API_KEY": KEY["X-API-Key"],
                "HOST": "127.0.0.1",
                "MAX_KEY_REQUESTS_PER_MINUTE": "1000000",
                "MAX_REQUESTS_PER_MINUTE": "1000000",
                "APPLICANTS_URL": f"sqlite:///{tmp_path}/no-applicants.db",
                **environment,
            },
            cwd=tmp_path,
            stderr=log,
            text=True,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            _until(lambda: _healthy(url) or process.poll() is not None, 120)
            yield process, url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


class Load:
    """Threads that ask for decisions until they are stopped, and what they were answered."""

    def __init__(self, url: str, threads: int = 4) -> None:
        self._url, self._ended = url, threading.Event()
        self.decisions: list[dict[str, Any]] = []
        self.failures: list[object] = []
        self._threads = [threading.Thread(target=self._ask, args=(place,)) for place in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, place: int) -> None:
        with httpx.Client(base_url=self._url, headers=KEY, timeout=30) as client:
            number = place
            while not self._ended.is_set():
                number += 7
                application = {**BUNDLE["application"], "EXT_SOURCE_2": (number % 97) / 100}
                try:
                    answer = client.post("/predict", json={**BUNDLE, "application": application})
                except httpx.HTTPError as error:
                    self.failures.append(error)
                    continue
                if answer.status_code == 200:
                    self.decisions.append(answer.json())
                else:
                    self.failures.append(answer.text)
                time.sleep(0.01)


def _champion(url: str) -> dict[str, Any]:
    models: list[dict[str, Any]] = httpx.get(f"{url}/status", timeout=30).json()["models"]
    return next(model for model in models if model["role"] == "champion")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_fails_while_models_are_swapped(tmp_path: Path, workers: int) -> None:
    folder = tmp_path / "models"
    shutil.copytree(COMMITTED, folder)
    made = [artifacts.load(folder).version]
    settings = {
        "HOME_CREDIT_MODELS": str(folder),
        "HOME_CREDIT_MODEL_VERSIONS": str(tmp_path / "versions"),
        "DATABASE_URL": f"sqlite:///{tmp_path}/ledger.db",
        # One process is told by a signal, several look by themselves and are told as well.
        "MODEL_POLL_SECONDS": "0" if workers == 1 else "0.5",
    }
    with _running(tmp_path, "--workers", str(workers), LEDGER_KEY="k" * 32, **settings) as (process, url):
        _until(lambda: versions.find(tmp_path / "versions", made[0]))
        load = Load(url)
        try:
            for step in (1, 2):
                made.append(variant(COMMITTED, tmp_path / "next", log_odds=0.2 * step))
                artifacts.copy(tmp_path / "next", folder)
                process.send_signal(signal.SIGHUP)
                seen = len(load.decisions)
                _until(lambda: _decided_by(load, seen, made[-1]))  # noqa: B023  # called at once
                _cut(folder)
                process.send_signal(signal.SIGHUP)
                _until(lambda: "is refused" in (tmp_path / "log").read_text())
                if workers == 1:
                    _until(lambda: _champion(url)["refusals"] == step)  # noqa: B023  # called at once
                    assert _champion(url)["model_version"] == made[-1]
                    assert _champion(url)["stale"]
        finally:
            load.stop()
        if workers == 1:
            assert _champion(url)["swaps"] == 2
            counted = httpx.get(f"{url}/metrics", headers=KEY).text
            assert 'home_credit_models_total{outcome="swapped",role="champion"} 2.0' in counted
            assert 'home_credit_models_total{outcome="refused",role="champion"} 2.0' in counted
    assert load.failures == []
    by = {version: [each for each in load.decisions if each["model_version"] == version] for version in made}
    assert sum(map(len, by.values())) == len(load.decisions)
    assert all(by.values())
    # Replayed by the models that are kept, each decision has the bits of one of them.
    artifacts.copy(tmp_path / "versions" / made[-1], folder)
    recorded = Settings(
        HOME_CREDIT_MODELS=folder,
        HOME_CREDIT_MODEL_VERSIONS=tmp_path / "versions",
        database_url=settings["DATABASE_URL"],
        ledger_key="k" * 32,
    )
    with decision_service(recorded) as service:
        for decisions in by.values():
            # Those next to a swap, and some of the others.
            for each in [*decisions[:8], *decisions[8:-8:16], *decisions[-8:]]:
                assert service.replay(each["decision_id"]).identical
    ledger = Ledger.of(recorded)
    assert ledger.verify() == len(load.decisions)
    ledger.close()


def _decided_by(load: Load, seen: int, version: str) -> bool:
    return [each["model_version"] for each in load.decisions[seen:]].count(version) >= 10
