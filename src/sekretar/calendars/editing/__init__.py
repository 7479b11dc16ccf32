"""Changes of calendar objects as text in, text out: nothing that is not meant is lost or rewritten."""

from sekretar.calendars.editing.answering import answered
from sekretar.calendars.editing.changing import cancelled, edited, moved
from sekretar.calendars.editing.creating import new_event
from sekretar.calendars.editing.values import (
    Days,
    Edit,
    Edited,
    EditError,
    Invitee,
    NewEvent,
    NoSuchOccurrence,
    NothingToCarry,
    NotInvited,
    Reach,
    Repeat,
    Scope,
    Span,
    Timed,
    Uneditable,
)

__all__ = [
    "Days",
    "Edit",
    "EditError",
    "Edited",
    "Invitee",
    "NewEvent",
    "NoSuchOccurrence",
    "NotInvited",
    "NothingToCarry",
    "Reach",
    "Repeat",
    "Scope",
    "Span",
    "Timed",
    "Uneditable",
    "answered",
    "cancelled",
    "edited",
    "moved",
    "new_event",
]
