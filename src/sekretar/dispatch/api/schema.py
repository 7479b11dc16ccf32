"""What the API says and takes, field by field: the contract with other programs.

`IncidentOut` has exactly the fields of the predecessor, in its order, so that programs written for it go on
working; `pole_longitude` is the only one more. What it called `pole_longtitude` held the latitude; here it holds the
longitude. All fields are always there: what is not known is null.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from sekretar.dispatch.incidents.entering import LONGEST_SUMMARY
from sekretar.dispatch.incidents.values import ActorKind, EventKind, LinkKind, Origin, Status
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.sla.clocks import SlaState

#: In the zone of the desk, without fractions of a second: `2026-03-04T12:00:00+03:00`.
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]

#: The largest number that a database holds.
LARGEST_ID: Final = 2**63 - 1


class _Out(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


class IncidentOut(_Out):
    """An incident in a list."""

    id: int
    code: str = Field(description="Such as `NT-12`.")
    incident_datetime: Moment = Field(description="When it was told of: from here the SLA counts.")
    incident_type: str | None
    is_vendor_sla_expired: bool | None = Field(
        description="Whether the contractor is, or was, late; null without a deadline."
    )
    vendor_deadline: Moment | None = Field(description="Until when the contractor has time.")
    is_incident_finish: bool
    incident_finish_datetime: Moment | None
    last_status: str = Field(description="The status in Russian, in the words of the predecessor.")
    is_transfer_to_avr: bool = Field(description="Whether it was ever handed to the contractor.")
    transfer_timestamp_to_avr: Moment | None = Field(description="When it was handed over first.")
    base_station: str | None
    operator_group: str | None = Field(description="Groups of the operators, separated by `, `.")
    operators: str | None = Field(description="The operators, separated by `, `.")
    pole: str | None = Field(description="Code of the pole.")
    region_ru: str | None
    address: str | None
    pole_latitude: float | None
    pole_longtitude: float | None = Field(description="The longitude, under the predecessor's name.")
    vendor: str | None = Field(description="The contractor.")
    vendor_emails: str | None = Field(description="Separated by `, `; null without a token.")
    registration_method: str = Field(description="`Автоматически из почты` or `Вручную через диспетчера`.")
    pole_longitude: float | None


class PageOut(_Out):
    """A part of a list, when `limit` was asked for."""

    count: int = Field(description="How many incidents fulfil the filter in all.")
    next: str | None = Field(description="Address of the next part.")
    previous: str | None = Field(description="Address of the part before.")
    results: list[IncidentOut]


class AddressOut(_Out):
    """Somebody who writes or is written to."""

    name: str
    address: str


class PersonOut(_Out):
    """Somebody of the desk."""

    username: str
    name: str


class AttachmentOut(_Out):
    """A file in a letter; its content is not given out here."""

    name: str
    media_type: str
    size: int = Field(description="In bytes.")
    kept: bool = Field(description="False for one that was refused.")


class LetterOut(_Out):
    """A letter of the incident."""

    id: int
    direction: Direction
    at: Moment = Field(description="When it was received or written.")
    message_id: str
    subject: str
    sender: AddressOut
    to: list[AddressOut]
    cc: list[AddressOut]
    text: str = Field(description="The new words, without quotes and signature.")
    attachments: list[AttachmentOut]
    undelivered: str = Field(description="Why it did not reach a recipient; empty when nothing is known.")


class ActorOut(_Out):
    """Who did something."""

    kind: ActorKind
    name: str


class EventOut(_Out):
    """Something that happened to the incident."""

    id: int
    at: Moment
    kind: EventKind
    actor: ActorOut
    old: str
    new: str
    why: str
    letter_id: int | None


class LinkOut(_Out):
    """Another incident that has to do with this one."""

    kind: LinkKind
    id: int
    code: str


class IncidentDetail(IncidentOut):
    """An incident with everything about it. Without a token, what people wrote and who they are is null."""

    desk: str
    status: Status
    origin: Origin
    created_at: Moment
    updated_at: Moment
    version: int = Field(description="Counts up with every change.")
    deadline: Moment | None
    sla_state: SlaState
    vendor_sla_state: SlaState
    merged_into: str | None = Field(description="Code of the incident in which this one ended.")
    unread: bool
    summary: str | None
    description: str | None
    applicant: AddressOut | None
    responsible: PersonOut | None
    links: list[LinkOut] | None
    letters: list[LetterOut] | None
    history: list[EventOut] | None


class FieldError(_Out):
    """What is wrong with one part of a request."""

    field: str
    message: str


class Problem(_Out):
    """Why something was not done."""

    detail: str = Field(description="In words.")
    errors: list[FieldError] = Field(description="Part by part, where that helps.")


Ordering = Literal["-incident_datetime", "incident_datetime", "-updated_at"]

#: In characters.
LONGEST_DESCRIPTION: Final = 100_000

#: Something that is no space; written out, because what counts as a space is not the same in every program's `\s`.
_NO_SPACE = r"[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_SUMMARY, pattern=_NO_SPACE),
]
_Code = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]


class _In(BaseModel):
    """What a program sends; a misspelt name is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


#: Before and behind the @.
_PART = r"[^@<>,;\u0000-\u0020\u007f-\u00a0\u2028\u2029]+"


class ApplicantIn(_In):
    """Who told of it."""

    name: str = Field(default="", max_length=200)
    address: str = Field(
        default="", max_length=320, pattern=rf"^$|^{_PART}@{_PART}$", description="Mail address."
    )


class IncidentDraft(_In):
    """A new incident."""

    summary: _Title
    description: str = Field(default="", max_length=LONGEST_DESCRIPTION)
    desk: str | None = Field(default=None, description="May be left out where there is only one.")
    incident_type: _Code | None = Field(default=None, description="Name of a type of the desk.")
    pole: _Code | None = Field(default=None, description="Code of the pole, or its beginning.")
    base_station: _Code | None = Field(default=None, description="Name of the station, or its beginning.")
    applicant: ApplicantIn | None = None
    incident_datetime: AwareDatetime | None = Field(
        default=None, description="From when the SLA counts, at most a year ago; now when it is left out."
    )


class IncidentPatch(_In):
    """What shall be different; what is left out stays as it is, null empties."""

    status: Status | None = Field(default=None, description="A legal move; null leaves it as it is.")
    summary: _Title | None = Field(default=None, description="null leaves it as it is.")
    unread: bool | None = Field(default=None, description="null leaves it as it is.")
    incident_type: _Code | None = None
    pole: _Code | None = Field(default=None, description="Brings its contractor.")
    base_station: _Code | None = Field(default=None, description="Brings its pole and its contractor.")
    responsible: _Code | None = Field(default=None, description="User name in Mattermost.")
    applicant: ApplicantIn | None = None
    why: str = Field(default="", max_length=1_000, description="For the history.")
    version: int | None = Field(
        default=None, description="When given, nothing is changed unless the incident still has it."
    )
