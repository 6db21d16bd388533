"""Models by their version: each one that decides is kept, and loaded again for the replay of what it decided."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from home_credit.decisioning.scoring import Scorer
from home_credit.default_risk import versions
from home_credit.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

    from home_credit.config import Settings

IN_MEMORY = 2  # models of about 40 MB


class ModelVersions:
    """Loads the models that are kept in a folder; the last ones used stay in memory.

    Safe to use from several threads.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self._settings = folder, settings
        self._load = lru_cache(IN_MEMORY)(self._loaded)

    def keep(self, models: Path) -> Path:
        """Keep the model in ``models`` and return its place.

        Raises :class:`ArtifactError` where it is no valid model, or cannot be kept.
        """
        return versions.keep(models, self.folder, self._settings.model_key)

    def keeps(self, version: str | None) -> bool:
        """Return whether a model version is kept."""
        return version is not None and versions.find(self.folder, version) is not None

    def scorer(self, version: str) -> Scorer | None:
        """Return the scorer of a model version with the policy of the settings, ``None`` where it is not kept.

        Raises :class:`ArtifactError` where what is kept under the version is not that model.
        """
        return None if versions.find(self.folder, version) is None else self._load(version)

    def _loaded(self, version: str) -> Scorer:
        folder = self.folder / version
        scorer = Scorer.load(folder, self._settings)
        if scorer.version != version:
            raise ArtifactError(f"{folder} holds model version {scorer.version}")
        return scorer
