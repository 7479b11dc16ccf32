"""Something to be said to a person later: it is kept as a key and its parameters, and worded in their language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sekretar.kernel.errors import PersonError


@dataclass(frozen=True)
class Remark:
    """What is to be said of a row: a key of the catalogue and what belongs into its text."""

    key: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def as_error(self) -> PersonError:
        """The same in the form in which texts for people travel."""
        return PersonError(self.key, **self.params)
