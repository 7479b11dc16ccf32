"""Whom the administrator has told of what happens to incidents."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from sekretar.dispatch.incidents.values import EventKind
from sekretar.dispatch.part import Part


class HookSettings(Part):
    """An address that is told of events."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="Short name, for lists of failures.")
    url: str = Field(pattern=r"^https?://[^\s]+$", description="Where the events are sent (POST, JSON).")
    secret: SecretStr = Field(description="What deliveries are signed with; at least 16 characters.")
    events: tuple[EventKind, ...] = Field(
        default=(), description="Kinds of events, as in the history; empty means all."
    )

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 16:
            raise ValueError("needs at least 16 characters")
        return value
