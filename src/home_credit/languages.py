"""The languages of the platform."""

from __future__ import annotations

from typing import Literal, get_args

# The default first.
Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
