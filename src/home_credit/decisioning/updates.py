"""Another model in a served folder is loaded beside the one in use, checked, and swapped in.

A thread of its own does this, so no request waits: each group of decisions takes the scorer once, and ends with it.
A model that cannot be used is refused, and the one in use is kept.
"""

from __future__ import annotations

import gc
import logging
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Literal

import numpy as np

from home_credit.default_risk import artifacts
from home_credit.default_risk.manifest import MANIFEST, Manifest
from home_credit.errors import ArtifactError, HomeCreditError
from home_credit.examples import BUNDLE
from home_credit.tables.bundle import parse_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from home_credit.decisioning.resources import LazyResource
    from home_credit.decisioning.scoring import Scorer
    from home_credit.decisioning.versions import ModelVersions

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.2  # files that are still being copied change within this time
SETTLE_TIMES = 150
STOP_SECONDS = 2.0
FIRST_SECONDS = 1.0  # the start of a service comes first

FILES = (*sorted(artifacts.ARTIFACTS), MANIFEST, artifacts.SIGNATURE)
SAME = "AMT_CREDIT"  # the column of the example whose value LightGBM is asked about
Role = Literal["champion", "challenger"]
_Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class ModelState:
    """What was swapped and refused since the start; times are in UTC."""

    swaps: int = 0
    refusals: int = 0
    swapped_at: datetime | None = None
    refused_at: datetime | None = None
    refused: str | None = None


class ServedModel:
    """The model of a folder; ``resource`` holds the one in use, and ``load`` loads one from a folder.

    Each one is kept in ``versions`` before it is used, and loaded from there, where nobody changes it. ``observe`` is
    called with "swapped" or "refused".
    """

    def __init__(
        self,
        role: Role,
        folder: Path,
        resource: LazyResource[Scorer],
        load: Callable[[Path], Scorer],
        *,
        versions: ModelVersions,
        observe: Callable[[str], None],
    ) -> None:
        self.role, self.state = role, ModelState()
        self._folder, self._resource, self._load = folder, resource, load
        self._versions, self._observe = versions, observe
        self._seen: _Stamp | None = None

    @property
    def version(self) -> str | None:
        """The version of the model in use, ``None`` where none is loaded; never blocks."""
        scorer = self._resource.current
        return None if scorer is None else scorer.version

    def look(self, pause: Callable[[float], object], *, asked: bool = False) -> None:
        """Swap in the model of the folder if it has changed since the last look.

        ``pause`` waits for some seconds, while files are still being copied. One that was refused is tried again where
        somebody ``asked``.
        """
        first, seen = self._seen is None, self._stamp()
        if seen == self._seen and not (asked and self.state.refused):
            return
        try:
            if first and self._is_in_use():
                self._seen = seen
                check(self._resource.get())
                if not self._versions.keeps(self.version):
                    self._place()
                return
            self._seen = self._settled(seen, pause)
            scorer = self._load(self._place())
            check(scorer)
        except Exception as error:  # whatever it is, the model in use is kept
            self._refuse(error)
        else:
            self._swap(scorer)

    def _is_in_use(self) -> bool:
        return self.version is not None and Manifest.read(self._folder).model_version == self.version

    def _settled(self, stamp: _Stamp, pause: Callable[[float], object]) -> _Stamp:
        """Return the stamp once it no longer changes."""
        for _ in range(SETTLE_TIMES):
            pause(SETTLE_SECONDS)
            before, stamp = stamp, self._stamp()
            if stamp == before:
                break
        return stamp

    def _place(self) -> Path:
        """Return where the model is kept, or its folder where it cannot be kept."""
        try:
            return self._versions.keep(self._folder)
        except ArtifactError as error:
            logger.warning("the %s is not kept for replays: %s", self.role, error)
            return self._folder

    def _swap(self, scorer: Scorer) -> None:
        earlier = self.version
        self._resource.replace(scorer)
        if scorer.version == earlier:
            self.state = replace(self.state, refused=None)
            logger.info("the %s is still model %s, all files checked", self.role, earlier)
            return
        if earlier is None:
            self.state = replace(self.state, refused=None)
            logger.info("the %s is model %s", self.role, scorer.version)
            return
        self.state = replace(
            self.state, swaps=self.state.swaps + 1, swapped_at=datetime.now(UTC), refused=None
        )
        logger.info("the %s is model %s, before it was %s", self.role, scorer.version, earlier)
        self._observe("swapped")

    def _refuse(self, error: Exception) -> None:
        if self.version is None and not (self._folder / MANIFEST).exists():
            return  # there was no model before, and there is none now
        told = str(error) if isinstance(error, HomeCreditError) else f"{type(error).__name__}: {error}"
        self.state = replace(
            self.state,
            refusals=self.state.refusals + 1,
            refused_at=datetime.now(UTC),
            refused=told.splitlines()[0],
        )
        kept = "none is in use" if self.version is None else f"model {self.version} is kept"
        logger.error("a %s is refused, %s: %s", self.role, kept, told)
        self._observe("refused")

    def _stamp(self) -> _Stamp:
        """Return what changes with every file of the model."""
        found = []
        for name in FILES:
            try:
                of = (self._folder / name).stat()
            except OSError:
                found.append((name, 0, 0, 0))
            else:
                found.append((name, of.st_mtime_ns, of.st_size, of.st_ino))
        return tuple(found)


def check(scorer: Scorer) -> None:
    """Decide on an example, which also makes the first decision as fast as the later ones.

    Raises :class:`ArtifactError` where the model was trained on other definitions of the features, gives no
    probability, or LightGBM gives another one than the tables that decisions are read from.
    """
    check_definitions(scorer)
    bundle = parse_bundle(BUNDLE)
    (assessment,) = scorer.assess([bundle])
    if not 0 < assessment.probability_of_default < 1 or not all(
        math.isfinite(reason.contribution) for reason in assessment.reasons
    ):
        raise ArtifactError(f"model {scorer.version} gives no probability for the example")
    # No decision needs LightGBM, which a start does not wait for; recourse and the inference protocol ask it.
    (again,) = scorer.variants(bundle, {SAME: np.array([bundle.application[SAME]], dtype=np.float64)})
    if not math.isclose(again, assessment.probability_of_default, abs_tol=1e-9):
        raise ArtifactError(f"LightGBM reads another model than {scorer.version} from the same file")
    # What was imported and built for this stays; each full collection of garbage would look at all of it again.
    gc.collect()
    gc.freeze()


def check_definitions(scorer: Scorer) -> None:
    """Raise :class:`ArtifactError` where a model was trained on other definitions of the features."""
    trained = scorer.model.manifest.features.version
    if trained != scorer.definitions_version:
        raise ArtifactError(
            f"model {scorer.version} was trained on feature definitions {trained[:12]}, this release has"
            f" {scorer.definitions_version[:12]}"
        )


class ModelUpdates:
    """Looks at served models every ``seconds``, and whenever it is asked to; with zero seconds only then."""

    def __init__(self, models: Sequence[ServedModel], seconds: float) -> None:
        self.models, self._seconds = models, seconds
        self._asked, self._closed = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the thread; its first look, after :data:`FIRST_SECONDS`, loads what is not loaded yet."""
        self._thread = Thread(target=self._run, name="model-updates", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Look soon; returns at once."""
        self._asked.set()

    def close(self) -> None:
        """Stop looking; a model that is being loaded is not swapped in once :data:`STOP_SECONDS` have passed."""
        self._closed.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        seconds: float | None = FIRST_SECONDS
        while not self._closed.is_set():
            asked = self._asked.wait(seconds)
            self._asked.clear()
            seconds = self._seconds or None
            for model in self.models:
                if not self._closed.is_set():
                    model.look(self._closed.wait, asked=asked)
