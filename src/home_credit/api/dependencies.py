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


def _plain_digits(value: str) -> str:
    if not (value.isascii() and value.isdigit()) or (value[0] == "0" and value != "0"):
        raise PydanticCustomError("digits", "Only digits are accepted")
    return value


# Python reads 1_00_001, +1 and 01 as numbers, too.
ApplicantId = Annotated[int, BeforeValidator(_plain_digits)]
