"""What the doctor finds, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from sekretar.kernel.redaction import redact_text


class State(enum.StrEnum):
    """How a part is."""

    OK = "ok"
    #: It works, and somebody should look at it.
    WARNING = "warning"
    #: It does not work.
    FAILURE = "failure"
    #: It could not be looked at, because of something that was found before.
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One part: what was seen, and what mends it (empty when nothing has to be mended)."""

    name: str
    state: State
    seen: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """For machines, without secrets."""
        return {
            "name": self.name,
            "state": self.state.value,
            "seen": redact_text(self.seen),
            "remedy": self.remedy,
        }


def fine(name: str, seen: str) -> Finding:
    return Finding(name, State.OK, seen)


def warning(name: str, seen: str, remedy: str) -> Finding:
    return Finding(name, State.WARNING, seen, remedy)


def failure(name: str, seen: str, remedy: str) -> Finding:
    return Finding(name, State.FAILURE, seen, remedy)


def skipped(name: str, because: str) -> Finding:
    return Finding(name, State.SKIPPED, f"skipped because {because}")


@dataclass(frozen=True)
class Diagnosis:
    """All findings, in the order in which they depend on each other."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing fails; warnings are allowed."""
        return all(finding.state is not State.FAILURE for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {"healthy": self.healthy, "checks": [finding.as_dict() for finding in self.findings]}
