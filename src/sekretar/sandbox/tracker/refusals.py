"""Refusals as Yandex Tracker words them: faults by field, and messages, either of which may be empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Refused(Exception):
    """The service answers with an error."""

    def __init__(
        self, status: int, messages: Sequence[str] = (), errors: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {'; '.join(messages)}")
        self.status = status
        self.messages = tuple(messages)
        self.errors = dict(errors or {})

    def body(self) -> dict[str, object]:
        """The JSON of the answer."""
        return {"errors": self.errors, "errorMessages": list(self.messages), "statusCode": self.status}


def invalid(field: str, text: str) -> Refused:
    """422 about one field."""
    return Refused(422, errors={field: text})


def missing(what: str) -> Refused:
    return Refused(404, [f"{what} does not exist."])
