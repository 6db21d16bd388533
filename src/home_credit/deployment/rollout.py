"""The rollout: API, then dashboard with the API's address, then MLflow UI; rolled back if any step fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from home_credit.deployment.undo import API_URL, Change, Journal, undo
from home_credit.errors import HomeCreditError, HostingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from home_credit.deployment.answers import Service
    from home_credit.deployment.render import Render
    from home_credit.deployment.settings import Secrets

SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of the three services."""

    api: str
    dashboard: str
    mlflow: str


@dataclass(frozen=True, slots=True)
class Version:
    """The version to deploy: the images of ``commit`` in ``registry``, or the commit where Render builds it.

    ``digests`` are those of the images by their name, ``sha256:…``; an image without one is deployed by its tag.
    """

    registry: str
    commit: str
    digests: Mapping[str, str] | None = None

    def image(self, name: str) -> str:
        """Return the address of one image; registries accept lower case only."""
        digest = (self.digests or {}).get(name)
        return f"{self.registry.rstrip('/').lower()}/home-credit-{name}" + (
            f"@{digest}" if digest else f":{self.commit}"
        )


def rollout(
    render: Render,
    secrets: Secrets,
    version: Version,
    *,
    check: Callable[[Addresses], None],
    echo: Callable[[str], None],
    journal: Journal | None = None,
    before_undo: Callable[[], None] = lambda: None,
) -> Addresses:
    """Deploy all three services in order, ``check`` them and return their addresses.

    Nothing is changed before all three services were found. If a later step fails or the process is interrupted,
    every changed service is rolled back to the deploy and the API_URL that it had, and the error is raised again.
    ``echo`` is called with each step, failures of the rollback included; ``before_undo`` before the rollback.
    Every change is in the ``journal`` before it is made.
    """
    api, dashboard, mlflow = (
        _ready(render.service(service_id)) for service_id in (secrets.api, secrets.dashboard, secrets.mlflow)
    )
    addresses = Addresses(api.url, dashboard.url, mlflow.url)
    journal = journal or Journal()
    steps = _Steps(render, version, journal, echo)
    try:
        steps.deploy("api", api)
        steps.deploy("dashboard", dashboard, api_url=api.url)
        steps.deploy("mlflow", mlflow)
        check(addresses)
        journal.close()
    except (HomeCreditError, KeyboardInterrupt) as error:
        before_undo()
        echo(f"failed: {str(error) or 'interrupted'}")
        undo(render, journal, echo)
        raise
    return addresses


def _ready(service: Service) -> Service:
    if service.suspended == SUSPENDED:
        raise HostingError(f"{service.name} is suspended; resume it in the Render Dashboard")
    return service


@dataclass(frozen=True, slots=True)
class _Steps:
    """Changes services one after the other."""

    render: Render
    version: Version
    journal: Journal
    echo: Callable[[str], None]

    def deploy(self, name: str, service: Service, *, api_url: str | None = None) -> None:
        """Set the API_URL of a service where ``api_url`` is given, deploy the service and wait until it is live."""
        render, echo = self.render, self.echo
        if service.auto_deploy == "yes":
            # Otherwise Render would deploy a commit whose tests fail.
            render.stop_auto_deploy(service.id)
            echo(f"{service.name}: Render no longer deploys it at every push")
        live, newest = render.live_deploy(service.id), render.newest_deploy(service.id)
        version = self.version.image(name) if service.runs_images else self.version.commit
        change = Change(
            service_id=service.id,
            name=service.name,
            version=version,
            before=live.id if live else None,
            newest_before=newest.id if newest else None,
        )
        self.journal.add(change)
        if api_url is not None and (before := render.variable(service.id, API_URL)) != api_url:
            change.api_url_before, change.api_url_set = before, True
            self.journal.save()
            render.set_variable(service.id, API_URL, api_url)
            echo(f"{service.name}: {API_URL} = {api_url}")
        change.requested = True
        self.journal.save()
        deploy = render.deploy(service, version, newest_before=change.newest_before)
        what = version if service.runs_images else f"commit {version}"
        echo(f"{service.name}: deploy {deploy.id} of {what}")
        if not deploy.is_of(version):
            raise HostingError(
                f"{service.name}: Render deploys {deploy.image or deploy.commit}, not {version}, as {deploy.id}"
            )
        render.wait_until_live(service, deploy)
        echo(f"{service.name}: live at {service.url}")
