"""The trackers as the administrator describes them: one entry of `SEKRETAR_TRACKERS` each."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from yarl import URL

_ORGANISATION = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _has_host(url: str) -> bool:
    try:
        return bool(URL(url).host)
    except ValueError:
        return False


class _TrackerSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$",
        description="Short name that people write: small letters, digits, hyphens.",
    )
    hook_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Secret with which the tracker may call `/hooks/tracker/<name>` when something changes.",
    )
    reference: str = Field(
        default="",
        pattern=r"^$|^[^\s\[\]()`<>|]{0,20}\{key\}[^\s\[\]()`<>|]{0,20}$",
        description="How people write a ticket of this tracker in the chat, with `{key}` in it.",
    )

    @field_validator("url", "public_url", check_fields=False)
    @classmethod
    def _without_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        if value and not _has_host(value):
            raise ValueError("has no host in it")
        return value.rstrip("/")

    @field_validator("url", check_fields=False)
    @classmethod
    def _given(cls, value: str) -> str:
        if not value:
            raise ValueError("must be the address of the tracker")
        return value


class RedmineSettings(_TrackerSettings):
    """A Redmine from 4.2 on, with its REST web service switched on."""

    kind: Literal["redmine"]
    url: str = Field(description="Address of Redmine as Sekretar reaches it, sub-path included.")
    public_url: str = Field(
        default="", description="Address of Redmine as people's browsers reach it, where it is another one."
    )
    key: SecretStr = Field(
        default=SecretStr(""),
        description="API key of an administrator: Sekretar acts for mapped people and learns of changes by it."
        " Without it, each person links their own account.",
    )


class YandexSettings(_TrackerSettings):
    """An organisation in Yandex Tracker: of Yandex 360 (`org_id`) or of Yandex Cloud (`cloud_org_id`)."""

    kind: Literal["yandex"]
    org_id: str = Field(default="", description="Id of the organisation in Yandex 360.")
    cloud_org_id: str = Field(default="", description="Id of the organisation in Yandex Cloud.")
    key: SecretStr = Field(
        default=SecretStr(""),
        description="OAuth or IAM token of a service account: Sekretar learns of changes by it. People always link"
        " their own accounts.",
    )
    oauth_client: str = Field(
        default="", description="Id of the OAuth application by which people get their own tokens."
    )
    url: str = Field(default="https://api.tracker.yandex.net", description="Address of the API.")
    public_url: str = Field(
        default="https://tracker.yandex.ru", description="Address of Tracker for people's browsers."
    )

    @model_validator(mode="after")
    def _one_organisation(self) -> Self:
        if bool(self.org_id) == bool(self.cloud_org_id):
            raise ValueError("needs either org_id or cloud_org_id")
        if not _ORGANISATION.fullmatch(self.org_id or self.cloud_org_id):
            raise ValueError("has an organisation that is no id")
        return self

    @property
    def organisation(self) -> dict[str, str]:
        """The header that names the organisation; exactly one of the two is sent."""
        if self.org_id:
            return {"X-Org-ID": self.org_id}
        return {"X-Cloud-Org-ID": self.cloud_org_id}


#: One tracker, whichever product it is; `kind` tells.
TrackerSettings = Annotated[RedmineSettings | YandexSettings, Field(discriminator="kind")]
