"""One meeting with what its person can do about it: answer it, or move, change and cancel it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sekretar.calendars.answers import wording as answer_wording
from sekretar.calendars.answers.attending import Part
from sekretar.calendars.changing import wording as changing_wording
from sekretar.calendars.views import wording as views_wording
from sekretar.calendars.views.agenda import Details
from sekretar.kernel.i18n import Translator
from sekretar.mattermost.messages import Message


def page(found: Details, part: Part, zone: ZoneInfo, t: Translator, now: datetime) -> Message:
    """The details with buttons; what is cancelled, over or not to be changed has none."""
    message = views_wording.details(found, zone, t, now)
    meeting = found.meeting
    if meeting.cancelled or meeting.end <= now or part is Part.WITNESS or not found.writable:
        return message
    if part is Part.INVITED:
        below = answer_wording.note(meeting, answer_wording.At.DETAILS, t)
    else:
        below = changing_wording.offered(meeting, t)
    return Message(message.text, (*message.attachments, below))
