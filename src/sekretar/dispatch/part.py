"""What all settings of a desk have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the settings: a value that does not change, and in which a misspelt name is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")
