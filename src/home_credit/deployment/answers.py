"""What Render's REST API answers: services, deploys, variables."""

from __future__ import annotations

from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field

# Statuses of a deploy that ended without being live; a deploy with another or an unknown status is in progress.
LIVE = "live"
ENDED = frozenset(
    {"build_failed", "update_failed", "pre_deploy_failed", "canceled", "deactivated", "build_canceled"}
)


class Answer(BaseModel):
    """Base of the models of responses; other fields that Render sends are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Service(Answer):
    """A web service of Render."""

    id: str
    name: str
    url: str = Field(validation_alias=AliasPath("serviceDetails", "url"))
    runtime: str = Field(
        validation_alias=AliasChoices(
            AliasPath("serviceDetails", "runtime"), AliasPath("serviceDetails", "env")
        )
    )
    auto_deploy: str = Field("no", validation_alias="autoDeploy")
    suspended: str = "not_suspended"

    @property
    def runs_images(self) -> bool:
        """Whether it runs an image from a registry; otherwise Render builds it from the repository."""
        return self.runtime == "image"


class Deploy(Answer):
    """One deploy of a service."""

    id: str
    status: str
    commit: str | None = Field(None, validation_alias=AliasPath("commit", "id"))
    image: str | None = Field(None, validation_alias=AliasPath("image", "ref"))
    digest: str | None = Field(None, validation_alias=AliasPath("image", "sha"))

    @property
    def in_progress(self) -> bool:
        """Whether it may still become live."""
        return self.status != LIVE and self.status not in ENDED

    def is_of(self, version: str) -> bool:
        """Return whether it deploys a commit or an image; a deploy that names neither may be of any."""
        named = [name for name in (self.commit, self.image, self.digest) if name]
        return not named or version in named or version.rpartition("@")[2] in named


class Listed(Answer):
    """One of a list of deploys."""

    deploy: Deploy


class Variable(Answer):
    """An environment variable."""

    value: str
