"""What the administrator decides about letters out."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from sekretar.dispatch.part import Part


class LettersSettings(Part):
    """Letters that the desk writes."""

    largest_mb: int = Field(
        default=20, ge=1, le=100, description="How large the attachments of a letter may be together."
    )
    give_up_hours: int = Field(
        default=24,
        ge=1,
        le=168,
        description="How long a mail server may be away, or put us off, before a letter counts as failed.",
    )

    @property
    def largest(self) -> int:
        """In bytes."""
        return self.largest_mb * 1024 * 1024

    @property
    def patience(self) -> timedelta:
        """From the moment a letter was written."""
        return timedelta(hours=self.give_up_hours)
