"""What the administrator decides about the API of a desk."""

from __future__ import annotations

from pydantic import Field

from sekretar.dispatch.part import Part


class ApiSettings(Part):
    """Who may read without a token."""

    open: bool = Field(
        default=False,
        description="Whether anybody who reaches the API may list the incidents of this desk. Letters, applicants and"
        " the addresses of contractors are shown only for a token all the same.",
    )
