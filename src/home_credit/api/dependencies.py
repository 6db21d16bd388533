"""Dependencies that FastAPI injects into routes."""

from typing import Annotated

from fastapi import Depends, Request

from home_credit.decisioning.service import DecisionService


async def decision_service(request: Request) -> DecisionService:
    """Return the service of the application that received the request."""
    service: DecisionService = request.app.state.service
    return service


DecisionServiceDep = Annotated[DecisionService, Depends(decision_service)]
