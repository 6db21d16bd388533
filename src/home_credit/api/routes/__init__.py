"""The routes, one module per concern; each hands its request to the service and returns the answer."""

from typing import Annotated

from fastapi import Depends, Request

from home_credit.decisioning.service import DecisionService


async def _service(request: Request) -> DecisionService:
    service: DecisionService = request.app.state.service
    return service


Service = Annotated[DecisionService, Depends(_service)]
