"""Dependencies that FastAPI injects into routes, and parameters that several have."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from home_credit.decisioning.service import DecisionService


async def decision_service(request: Request) -> DecisionService:
    """Return the service of the application that received the request."""
    service: DecisionService = request.app.state.service
    return service


DecisionServiceDep = Annotated[DecisionService, Depends(decision_service)]


def is_plain_number(text: str) -> bool:
    """Return whether a text is a number as it is written: Python reads 1_00_001, +1 and 01 as numbers, too."""
    return text.isascii() and text.isdigit() and (text[0] != "0" or text == "0")


def _plain_digits(value: str) -> str:
    if not is_plain_number(value):
        raise PydanticCustomError("digits", "Only digits are accepted")
    return value


ApplicantId = Annotated[int, BeforeValidator(_plain_digits)]
