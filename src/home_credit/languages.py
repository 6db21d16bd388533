"""The languages of the platform."""

from __future__ import annotations

from typing import Literal, get_args

# That of its readers first.
Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
