"""The rollout: API, then dashboard with the API's address, then MLflow UI; rolled back if any step fails."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from home_credit.errors import HomeCreditError, HostingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.deployment.render import Deploy, Render, Service
    from home_credit.deployment.settings import Secrets

API_URL = "API_URL"
SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of the three services."""

    api: str
    dashboard: str
    mlflow: str


@dataclass(slots=True)
class Change:
    """The changes of a rollout to one service, with what is needed to undo them."""

    service: Service
    before: Deploy | None
    newest_before: Deploy | None
    deploy: Deploy | None = None
    api_url_before: str | None = None
    api_url_set: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """The version to deploy: the images of ``commit`` in ``registry``, or the commit where Render builds it."""

    registry: str
    commit: str

    def image(self, name: str) -> str:
        """Return the address of one image; registries accept lower case only."""
        return f"{self.registry.rstrip('/').lower()}/home-credit-{name}:{self.commit}"


def rollout(
    render: Render,
    secrets: Secrets,
    version: Version,
    *,
    check: Callable[[Addresses], None],
    echo: Callable[[str], None],
) -> Addresses:
    """Deploy all three services in order, ``check`` them and return their addresses.

    Nothing is changed before all three services were found. If a later step fails or the process is interrupted,
    every changed service is rolled back to the deploy and the API_URL that it had, and the error is raised again.
    ``echo`` is called with each step, failures of the rollback included.
    """
    api, dashboard, mlflow = (
        _ready(render.service(service_id)) for service_id in (secrets.api, secrets.dashboard, secrets.mlflow)
    )
    addresses = Addresses(api.url, dashboard.url, mlflow.url)
    transaction = _Transaction(render, version, echo)
    try:
        transaction.deploy("api", api)
        transaction.deploy("dashboard", dashboard, api_url=api.url)
        transaction.deploy("mlflow", mlflow)
        check(addresses)
    except (HomeCreditError, KeyboardInterrupt) as error:
        echo(f"failed: {str(error) or 'interrupted'}")
        transaction.undo()
        raise
    return addresses


def _ready(service: Service) -> Service:
    if service.suspended == SUSPENDED:
        raise HostingError(f"{service.name} is suspended; resume it in the Render Dashboard")
    return service


@dataclass(slots=True)
class _Transaction:
    """Changes services one after the other; :meth:`undo` rolls all changes back."""

    render: Render
    version: Version
    echo: Callable[[str], None]
    changes: list[Change] = field(default_factory=list)

    def deploy(self, name: str, service: Service, *, api_url: str | None = None) -> None:
        """Set the API_URL of a service where ``api_url`` is given, deploy the service and wait until it is live."""
        render, echo = self.render, self.echo
        if service.auto_deploy == "yes":
            # Otherwise Render would deploy a commit whose tests fail.
            render.stop_auto_deploy(service.id)
            echo(f"{service.name}: Render no longer deploys it at every push")
        change = Change(service, render.live_deploy(service.id), render.newest_deploy(service.id))
        self.changes.append(change)
        if api_url is not None and (before := render.variable(service.id, API_URL)) != api_url:
            change.api_url_before, change.api_url_set = before, True
            render.set_variable(service.id, API_URL, api_url)
            echo(f"{service.name}: {API_URL} = {api_url}")
        if service.runs_images:
            what = self.version.image(name)
            change.deploy = render.deploy(service.id, image=what)
        else:
            what = f"commit {self.version.commit}"
            change.deploy = render.deploy(service.id, commit=self.version.commit)
        echo(f"{service.name}: deploy {change.deploy.id} of {what}")
        render.wait_until_live(service, change.deploy)
        echo(f"{service.name}: live at {service.url}")

    def undo(self) -> None:
        """Undo the changes, last one first.

        After an interrupt little time may be left, so all rollbacks are started before any is awaited.
        """
        under_way = []
        for change in reversed(self.changes):
            try:
                if deploy := self._go_back(change):
                    under_way.append((change, deploy))
            except HomeCreditError as error:
                self._say_not_undone(change, error)
        for change, deploy in under_way:
            try:
                self.render.wait_until_live(change.service, deploy)
                self.echo(f"{change.service.name}: rolled back")
            except HomeCreditError as error:
                self._say_not_undone(change, error)

    def _go_back(self, change: Change) -> Deploy | None:
        """Undo one change; return the deploy of the rollback, ``None`` where none is needed."""
        service, before = change.service, change.before
        if change.api_url_set:
            self.render.set_variable(service.id, API_URL, change.api_url_before)
            self.echo(f"{service.name}: {API_URL} as it was")
        ours = change.deploy or self._unanswered_deploy(change)
        if ours is None:
            return None
        live = self.render.live_deploy(service.id)
        if live is None or live.id != ours.id:
            # The deploy may have ended; where it has not, it must not become live later.
            with suppress(HostingError):
                self.render.cancel(service.id, ours.id)
            live = self.render.live_deploy(service.id)
        if live is None or live.id != ours.id:
            self.echo(f"{service.name}: {f'still runs {live.id}' if live else 'runs nothing, as before'}")
            return None
        if before is None:
            self.echo(f"{service.name}: keeps {live.id}, for there is no earlier deploy to go back to")
            return None
        deploy = self.render.roll_back(service.id, before.id)
        self.echo(f"{service.name}: going back to {before.id} with {deploy.id}")
        return deploy

    def _unanswered_deploy(self, change: Change) -> Deploy | None:
        """Return the deploy of a request whose response was lost, ``None`` where there is none."""
        newest = self.render.newest_deploy(change.service.id)
        known = change.newest_before
        return None if newest and known and newest.id == known.id else newest

    def _say_not_undone(self, change: Change, error: HomeCreditError) -> None:
        target = f" to {change.before.id}" if change.before else ""
        self.echo(
            f"{change.service.name}: NOT rolled back ({error});"
            f" roll it back{target} in the Render Dashboard, under Events"
        )
