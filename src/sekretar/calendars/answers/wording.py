"""How invitations, answers and the buttons below them are put into words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sekretar.calendars.answers.attending import ANSWERS, Invitation
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.views.agenda import Meeting
from sekretar.calendars.views.wording import choice_of, when_of
from sekretar.calendars.wording import join_link, place_of, stack, title_of
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape, truncate
from sekretar.mattermost.chat import Record
from sekretar.mattermost.messages import Attachment, Button, Colour, Message, Style

ANSWER = "calendars.answer"
CHANGE_ANSWER = "calendars.answer.change"
INVITATIONS = "calendars.invitations"

#: Invitations on one page: each has its buttons.
PER_PAGE = 12
_NAME_LIMIT = 60


class At(StrEnum):
    """Where the buttons stand, so that the rest of the post is still there after the click."""

    NEWS = "news"
    REMINDER = "reminder"
    DETAILS = "details"
    LIST = "list"


_SIGNS = {PartStat.ACCEPTED: "✅", PartStat.TENTATIVE: "❔", PartStat.DECLINED: "❌"}
_STYLES: dict[PartStat, Style] = {PartStat.ACCEPTED: "primary"}
_COLOURS = {
    PartStat.ACCEPTED: Colour.GREEN,
    PartStat.TENTATIVE: Colour.AMBER,
    PartStat.DECLINED: Colour.RED,
}
_BUTTONS = {
    PartStat.ACCEPTED: "calendars.rsvp.accept",
    PartStat.TENTATIVE: "calendars.rsvp.tentative",
    PartStat.DECLINED: "calendars.rsvp.decline",
}
_SENTENCES = {
    PartStat.ACCEPTED: "calendars.rsvp.accepted",
    PartStat.TENTATIVE: "calendars.rsvp.may_come",
    PartStat.DECLINED: "calendars.rsvp.declined",
}


def answer_buttons(meeting: Meeting, at: At, t: Translator) -> tuple[Button, ...]:
    """Accept, tentative, decline."""
    record = _record(meeting, at)
    return tuple(
        Button(
            t.plain(_BUTTONS[each]),
            ANSWER,
            {**record, "answer": each.value},
            style=_STYLES.get(each, "default"),
        )
        for each in ANSWERS
    )


def asking(meeting: Meeting, at: At, t: Translator) -> Attachment:
    """The question below a message about the meeting."""
    return Attachment(text=_question(meeting, t), actions=answer_buttons(meeting, at, t))


def _question(meeting: Meeting, t: Translator) -> Markdown:
    if not meeting.organizer:
        return t("calendars.rsvp.asked")
    return t("calendars.rsvp.asked_by", name=truncate(meeting.organizer, _NAME_LIMIT))


def which(meeting: Meeting, answer: PartStat, at: At, t: Translator, page: int = 0) -> Attachment:
    """The same answer for this time or for all of them. `page`: of the list."""
    record = {**_record(meeting, at), "answer": answer.value, "page": page}
    return Attachment(
        text=t("calendars.rsvp.which", answer=Markdown(f"**{t.plain(_BUTTONS[answer])}**")),
        actions=(
            Button(t.plain("calendars.rsvp.this"), ANSWER, {**record, "series": False}),
            Button(t.plain("calendars.rsvp.series"), ANSWER, {**record, "series": True}),
            Button(t.plain("calendars.rsvp.back"), CHANGE_ANSWER, _record(meeting, at)),
        ),
    )


def answered(
    meeting: Meeting, at: At, t: Translator, *, series: bool = False, gone: bool = False
) -> Attachment:
    """What the person has answered, with the way to another answer; none leads from a `gone` meeting."""
    answer = PartStat(meeting.answer)
    text = Markdown(f"{_SIGNS[answer]} {t(_SENTENCES[answer])}")
    if series:
        text = Markdown(f"{text} {t('calendars.rsvp.for_series')}")
    change = Button(t.plain("calendars.rsvp.change"), CHANGE_ANSWER, _record(meeting, at))
    return Attachment(color=_COLOURS[answer], text=text, actions=() if gone else (change,))


def note(meeting: Meeting, at: At, t: Translator) -> Attachment:
    """The question, or the answer that was given."""
    if meeting.answer in {each.value for each in ANSWERS}:
        return answered(meeting, at, t)
    return asking(meeting, at, t)


def with_question(message: Message, meeting: Meeting, t: Translator) -> Message:
    """A reminder of a meeting that the person has not answered."""
    return Message(message.text, (*message.attachments, asking(meeting, At.REMINDER, t)))


def summary(meeting: Meeting, zone: ZoneInfo, t: Translator, now: datetime, *below: Attachment) -> Message:
    """The meeting in short, in the place of the message that brought the invitation."""
    return Message(Markdown(f"📅 **{title_of(meeting.title, t)}**"), (_facts(meeting, zone, t, now), *below))


def _facts(meeting: Meeting, zone: ZoneInfo, t: Translator, now: datetime) -> Attachment:
    join = join_link(meeting.join_url, meeting.join_service, t)
    when = when_of(meeting, zone, t, now.astimezone(zone).date())
    return Attachment(text=stack(Markdown(when), place_of(meeting), join))


def invitations(
    waiting: Sequence[Invitation],
    zone: ZoneInfo,
    t: Translator,
    now: datetime,
    page: int = 0,
    done: tuple[Meeting, Attachment] | None = None,
) -> Message:
    """A page of what is to be answered; `done` is what has just been."""
    pages = max(-(-len(waiting) // PER_PAGE), 1)
    page = min(max(page, 0), pages - 1)
    shown = waiting[page * PER_PAGE : (page + 1) * PER_PAGE]
    heading = t.plural("calendars.rsvp.heading", len(waiting)) if waiting else t("calendars.rsvp.none")
    attachments = [_settled(*done, t)] if done else []
    attachments += [_invitation(each, zone, t, now, page) for each in shown]
    turns = tuple(
        Button(t.plain(key), INVITATIONS, {"page": number})
        for key, number in (("calendars.view.previous", page - 1), ("calendars.view.next", page + 1))
        if 0 <= number < pages
    )
    if turns:
        place = t("calendars.view.page", page=page + 1, pages=pages)
        attachments.append(Attachment(text=place, actions=turns))
    return Message(heading, tuple(attachments))


def _settled(meeting: Meeting, said: Attachment, t: Translator) -> Attachment:
    return Attachment(
        color=said.color,
        text=stack(Markdown(f"**{title_of(meeting.title, t)}**"), said.text),
        actions=said.actions,
    )


def _invitation(each: Invitation, zone: ZoneInfo, t: Translator, now: datetime, page: int) -> Attachment:
    meeting = each.meeting
    when = when_of(meeting, zone, t, now.astimezone(zone).date())
    return Attachment(
        text=stack(
            Markdown(f"**{title_of(meeting.title, t)}**"),
            Markdown(when),
            t.plural("calendars.rsvp.times", each.times) if each.times > 1 else "",
            place_of(meeting),
            escape(truncate(meeting.organizer, _NAME_LIMIT)),
        ),
        actions=tuple(
            Button(button.label, button.action, {**button.record, "page": page}, style=button.style)
            for button in answer_buttons(meeting, At.LIST, t)
        ),
    )


def _record(meeting: Meeting, at: At) -> Record:
    return {"meeting": choice_of(meeting), "at": at.value}
