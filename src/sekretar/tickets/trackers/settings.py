"""The trackers as the administrator describes them: one entry of `SEKRETAR_TRACKERS` each."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from yarl import URL


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
    reference: str = Field(
        default="",
        pattern=r"^$|^[^\s\[\]()`<>|]{0,20}\{key\}[^\s\[\]()`<>|]{0,20}$",
        description="How people write a ticket of this tracker in the chat, with `{key}` in it.",
    )


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

    @field_validator("url", "public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        if value and not _has_host(value):
            raise ValueError("has no host in it")
        return value.rstrip("/")

    @field_validator("url")
    @classmethod
    def _given(cls, value: str) -> str:
        if not value:
            raise ValueError("must be the address of the tracker")
        return value


#: One tracker, whichever product it is; `kind` tells.
TrackerSettings = RedmineSettings
