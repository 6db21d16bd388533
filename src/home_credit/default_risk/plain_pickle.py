"""Reads the joblib files of a model without running code.

Both files are pickles of plain data, one of them inside a LightGBM booster. The unpickler here knows no class but the
booster, and takes its state instead of building it, so whatever else a file names is refused before it is called.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

from home_credit.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST: Final = 64_000_000  # bytes
BOOSTER: Final = ("lightgbm.basic", "Booster")


class StoredBooster:
    """The state of a stored booster; ``text`` is the model in LightGBM's own format."""

    _handle: object = None

    @property
    def text(self) -> str:
        """The model text; raises :class:`ArtifactError` where there is none."""
        if not isinstance(self._handle, str):
            raise ArtifactError("the stored booster holds no model text")
        return self._handle


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type[StoredBooster]:
        if (module, name) == BOOSTER:
            return StoredBooster
        raise ArtifactError(f"it names {module}.{name}, which is no part of a model")


def read(path: Path) -> Any:
    """Return the plain data, or the :class:`StoredBooster`, of a joblib file.

    Raises :class:`ArtifactError` where the file is too large, names anything else, or is not such a file, and
    :class:`OSError` where it cannot be read.
    """
    if path.stat().st_size > LARGEST:
        raise ArtifactError(f"{path} is larger than {LARGEST:,} bytes")
    with path.open("rb") as file:
        try:
            return _Unpickler(file).load()
        except ArtifactError as error:
            raise ArtifactError(f"{path} is refused: {error}") from error
        except OSError:
            raise
        except Exception as error:  # an unpickler raises almost anything for bytes that are no pickle
            raise ArtifactError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
