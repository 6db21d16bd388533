"""MLflow's page as visitors first see it: model training, this project's experiment, nothing that opens by itself.

MLflow 3 opens in its mode for generative AI, with an assistant beside it on a local address, and keeps the choice in
the browser; the server has no setting for it. A script before MLflow's own sets the same entries of local storage
where the visitor has not chosen otherwise.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from home_credit.tracking import adapter
from home_credit.tracking.experiments import BASELINES, DEFAULT_RISK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Entries of local storage by the names of MLflow 3.17; a name that a later MLflow does not read has no effect.
CHOICES: Mapping[str, Any] = {
    "mlflow.workflowType_v1": "machine_learning",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
    "mlflow.home.getting-started.collapsed_v1": True,
    "mlflow.settings.telemetry.enabled_v1": False,
    "mlflow.telemetry.info.alert.dismissed_v1": True,
    "_mlflow_model_registry_promo_modal_dismissed_v1": True,
}
# The columns of the runs of an experiment; the key has the experiment's id, which the server is asked for.
VIEWS = {experiment.name: experiment.view() for experiment in (DEFAULT_RISK, BASELINES)}
SCRIPT = f"""<script>
const choose = (name, value) => {{
  if (localStorage.getItem(name) === null) localStorage.setItem(name, JSON.stringify(value));
}};
for (const [name, value] of Object.entries({json.dumps(CHOICES)})) choose(name, value);
if (!location.hash) {{
  const views = {json.dumps(VIEWS)};
  fetch("ajax-api/2.0/mlflow/experiments/search?max_results=100")
    .then(answer => answer.ok ? answer.json() : {{}})
    .then(answer => {{
      for (const found of answer.experiments ?? []) {{
        const page = `MLflowLocalStorage-1.1-ExperimentPage-["${{found.experiment_id}}"]-ReactComponentState`;
        if (views[found.name]) choose(page, views[found.name]);
        if (found.name === "{DEFAULT_RISK.name}" && ["", "#/"].includes(location.hash))
          location.replace(`#/experiments/${{found.experiment_id}}/runs`);
      }}
    }});
}}
</script>"""


class StartPage:
    """Adds :data:`SCRIPT` to the page of ``app``; everything else passes unchanged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        started: list[Message] = []
        body = bytearray()

        async def collected(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                page = bytes(body).replace(b"<head>", b"<head>" + SCRIPT.encode(), 1)
                await send({**started[0], "headers": _for(page, started[0]["headers"])})
                await send({"type": "http.response.body", "body": page})

        await self._app(_unconditional(scope), receive, collected)


def _unconditional(scope: Scope) -> Scope:
    """Return the request without its conditions, which are about the page before the script was added."""
    conditions = (b"if-none-match", b"if-modified-since", b"range", b"accept-encoding")
    return {**scope, "headers": [each for each in scope["headers"] if each[0] not in conditions]}


def _for(page: bytes, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers for ``page``: its length, and none that describe the one before."""
    described = (b"content-length", b"etag", b"last-modified")
    kept = [each for each in headers if each[0].lower() not in described]
    return [*kept, (b"content-length", str(len(page)).encode())]


def create_app() -> StartPage:
    """Return MLflow's server with :class:`StartPage` in front of it."""
    return StartPage(adapter.application())
