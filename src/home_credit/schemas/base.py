"""Bases of the models, and the types that several of them share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator
from pydantic_core import PydanticCustomError

from home_credit.tables.schema import MOST_ROWS

MOST_FIELDS = 100
Row = dict[str, object]
# A list of other things than rows is refused at the first of them, not with an error for each.
Rows = Annotated[list[Row], FailFast(), Field(max_length=MOST_ROWS)]


class Model(BaseModel):
    """Base of the models: immutable, unknown fields are invalid."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(Model):
    """Base of what clients send: an object of few fields, since each unknown one would be an error of its own."""

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, given: object) -> object:
        if isinstance(given, dict) and len(given) > MOST_FIELDS:
            raise PydanticCustomError("fields", "At most {most} fields are accepted", {"most": MOST_FIELDS})
        return given


class Text(Model):
    """One text in both languages of the platform."""

    en: str
    fr: str
