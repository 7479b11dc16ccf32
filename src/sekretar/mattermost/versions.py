"""Which Mattermost answers, and what that lets us use.

Sekretar works from 5.36 on. What came later is used where it is there, and the only trustworthy sign is the
version that the server itself states with every answer (`X-Version-Id`, `hello.data.server_version`): both
are of the form `11.1.0.<build>.<hash>.<licence>`. A server that states none is taken for the oldest one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_NUMBERS = re.compile(r"\s*v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?")


@dataclass(frozen=True, order=True)
class ServerVersion:
    """The release of a server; builds and licences do not matter here."""

    major: int
    minor: int
    patch: int = 0

    @classmethod
    def parse(cls, text: object) -> ServerVersion | None:
        """Read `5.37.0.dev.66a9.false` or `v11.1`; anything else is None."""
        found = _NUMBERS.match(text) if isinstance(text, str) else None
        return cls(*(int(number or 0) for number in found.groups())) if found else None

    def has(self, feature: Feature) -> bool:
        """Whether this release has the feature."""
        return self >= feature.value

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


#: The oldest release that Sekretar supports, and what an unknown server is taken for.
BASELINE = ServerVersion(5, 36)


class Feature(Enum):
    """What came after the baseline, and the release it came with."""

    #: An interrupted event stream can be resumed where it broke off, on every server.
    RESUME = ServerVersion(6, 3)
    #: Dialog elements of type date and datetime; several steps; refresh of fields.
    DIALOG_DATES = ServerVersion(11, 1)
