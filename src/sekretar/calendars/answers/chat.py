"""Answers in the chat: the buttons wherever an invitation is shown, and the list of those without an answer."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace

from sekretar.calendars import wording
from sekretar.calendars.accounts.connecting import has_accounts
from sekretar.calendars.answers import wording as answer_wording
from sekretar.calendars.answers.answering import Answering, answer_named, unanswered
from sekretar.calendars.answers.wording import ANSWER, CHANGE_ANSWER, INVITATIONS, At
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.reminders import snoozing
from sekretar.calendars.reminders.rules import timeliness
from sekretar.calendars.views import wording as views_wording
from sekretar.calendars.views.agenda import Details, Meeting, details_of
from sekretar.mattermost.chat import Chat, Click, ClickReply, CommandRequest, Reply, Stale, Subcommand
from sekretar.mattermost.messages import Attachment, Message


@dataclass(frozen=True)
class AnsweringChat:
    """Commands and buttons."""

    answering: Answering

    def register(self, chat: Chat) -> None:
        """Hang them into the chat."""
        chat.command(
            Subcommand(
                "calendar",
                "invitations",
                "calendars.help.invitations",
                self.invitations,
                aliases=("приглашения", "unanswered"),
            )
        )
        chat.action(INVITATIONS, self.turned)
        chat.action(ANSWER, self.answered)
        chat.action(CHANGE_ANSWER, self.asked_again)

    async def invitations(self, request: CommandRequest) -> Reply:
        """What waits for an answer."""
        person, now = request.person, request.now
        async with self.answering.carrying.desk.database.reading() as session:
            if not await has_accounts(session, person.id):
                return Reply(wording.nothing_connected(request.t))
            waiting = await unanswered(session, person, now)
        return Reply(answer_wording.invitations(waiting, person.zone, request.t, now))

    async def turned(self, click: Click) -> ClickReply:
        """Another page of it."""
        return ClickReply(update=await self._list(click))

    async def answered(self, click: Click) -> ClickReply:
        """Give the answer, or ask first whether it is for the whole series."""
        answer, at = answer_named(click.record.get("answer")), _place(click)
        return await self._or_list(click, at, self._answered(click, answer, at))

    async def _answered(self, click: Click, answer: PartStat, at: At) -> ClickReply:
        target = await self.answering.target(click.person, click.record.get("meeting"), click.now)
        meeting, series = target.details.meeting, click.record.get("series")
        if meeting.recurrence_id and not isinstance(series, bool):
            below = answer_wording.which(meeting, answer, at, click.t, _page(click))
            return ClickReply(update=await self._shown(click, target.details, at, below))
        whole = series is True
        missed = await self.answering.answer(target, answer, series=whole)
        async with self.answering.carrying.desk.database.reading() as session:
            person = click.person
            now_known = await details_of(session, person.id, person.zone, meeting.occurrence_id)
        details = now_known or target.details
        meeting = replace(details.meeting, answer=answer.value)
        below = answer_wording.answered(meeting, at, click.t, series=whole, gone=now_known is None)
        told = click.t("calendars.rsvp.missed", calendars=", ".join(missed)) if missed else None
        shown = await self._shown(click, replace(details, meeting=meeting), at, below)
        return ClickReply(update=shown, ephemeral=told)

    async def asked_again(self, click: Click) -> ClickReply:
        """Offer the three answers anew."""
        at = _place(click)
        return await self._or_list(click, at, self._asked_again(click, at))

    async def _asked_again(self, click: Click, at: At) -> ClickReply:
        target = await self.answering.target(click.person, click.record.get("meeting"), click.now)
        below = answer_wording.asking(target.details.meeting, at, click.t)
        return ClickReply(update=await self._shown(click, target.details, at, below))

    async def _or_list(self, click: Click, at: At, reply: Awaitable[ClickReply]) -> ClickReply:
        """One invitation that is gone takes no buttons from the others of the list."""
        try:
            return await reply
        except Stale as error:
            if at is not At.LIST:
                raise
            return ClickReply(update=await self._list(click), ephemeral=click.t.error(error))

    async def _shown(self, click: Click, details: Details, at: At, below: Attachment) -> Message:
        """The post as it was, with this in the place of its buttons."""
        person, t, now, meeting = click.person, click.t, click.now, details.meeting
        if at is At.LIST:
            return await self._list(click, (meeting, below))
        if at is At.REMINDER:
            stands = timeliness(meeting.start, meeting.end, now)
            buttons = snoozing.buttons(meeting, t, now) if meeting.expected else ()
            message = wording.reminder(meeting, person, t, now, stands, buttons)
        elif at is At.DETAILS:
            message = views_wording.details(details, person.zone, t, now)
        else:
            message = answer_wording.summary(meeting, person.zone, t, now)
        return Message(message.text, (*message.attachments, below))

    async def _list(self, click: Click, done: tuple[Meeting, Attachment] | None = None) -> Message:
        async with self.answering.carrying.desk.database.reading() as session:
            waiting = await unanswered(session, click.person, click.now)
        if done is not None:
            waiting = [each for each in waiting if each.meeting.occurrence_id != done[0].occurrence_id]
        return answer_wording.invitations(waiting, click.person.zone, click.t, click.now, _page(click), done)


def _page(click: Click) -> int:
    """Of the list, the page that the button stood on."""
    page = click.record.get("page")
    return page if isinstance(page, int) else 0


def _place(click: Click) -> At:
    """Where the button stood; the summary fits everywhere."""
    word = click.record.get("at")
    return next((each for each in At if each.value == word), At.NEWS)
