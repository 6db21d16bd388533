"""Dependencies that FastAPI injects into routes."""

from typing import Annotated

from fastapi import Depends, Request

from home_credit.api.deciding import Deciding
from home_credit.decisioning.service import DecisionService


async def decision_service(request: Request) -> DecisionService:
    """Return the service of the application that received the request."""
    service: DecisionService = request.app.state.service
    return service


async def deciding(request: Request) -> Deciding:
    """Return what decides for the application that received the request."""
    found: Deciding = request.app.state.deciding
    return found


DecisionServiceDep = Annotated[DecisionService, Depends(decision_service)]
DecidingDep = Annotated[Deciding, Depends(deciding)]
