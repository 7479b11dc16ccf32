"""`/calendar status`: is everything as it should be, and does the status in Mattermost follow the meetings.

The bare command answers three questions in one message: do the calendars come in, will the person be told of their
meetings, and do others see that they are in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.accounts import wording as accounts_wording
from sekretar.calendars.digest.digesting import next_of
from sekretar.calendars.presence.status import TASK
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings import wording as settings_wording
from sekretar.calendars.settings.changing import Changed
from sekretar.calendars.settings.preferences import STATUS_WANTED, Preferences
from sekretar.calendars.views.agenda import AccountHealth, health_of
from sekretar.kernel.database import wake_after_commit
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, link
from sekretar.mattermost.acting import Acting, NotPermitted
from sekretar.mattermost.chat import Chat, Click, ClickReply, CommandRequest, Reply, Subcommand
from sekretar.mattermost.consent import Consents
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, AttachmentField, Button, Colour, Message
from sekretar.mattermost.parsing import fold

ON, OFF = "calendars.status.on", "calendars.status.off"

_ON_WORDS = frozenset({"on", "вкл", "включить", "включи"})
_OFF_WORDS = frozenset({"off", "выкл", "выключить", "выключи"})


@dataclass(frozen=True)
class StatusChat:
    """The command and the buttons by which people allow the status and end it."""

    desk: Desk
    acting: Acting
    consents: Consents

    def register(self, chat: Chat) -> None:
        """Hang them into the chat."""
        chat.command(
            Subcommand(
                "calendar",
                "status",
                "calendars.help.status",
                self.status,
                "calendars.usage.status",
                aliases=("статус", "состояние"),
            )
        )
        chat.action(ON, self.switched_on)
        chat.action(OFF, self.switched_off)

    async def status(self, request: CommandRequest) -> Reply:
        """How everything stands; with a word, switch the status of meetings."""
        word = fold(request.args.get(0))
        if word in _ON_WORDS:
            return Reply(await self._switch(request.person, wanted=True))
        if word in _OFF_WORDS:
            return Reply(await self._switch(request.person, wanted=False))
        if word:
            raise PersonError("calendars.status.unread", given=word[:40])
        return Reply(await self._overview(request.person, request.t, request.now))

    async def switched_on(self, click: Click) -> ClickReply:
        return ClickReply(update=await self._switch(click.person, wanted=True))

    async def switched_off(self, click: Click) -> ClickReply:
        return ClickReply(update=await self._switch(click.person, wanted=False))

    async def consented(self, person: Person) -> None:
        """The person came back with their consent: say what it means for their status."""
        now = self.desk.now()
        t = self.desk.translator(person)
        async with self.desk.database.transaction() as session:
            wanted = await preferences.read(session, person.id)
            message = Message(settings_wording.status_on(wanted, t)) if wanted.status else offer(t)
            key = f"status.consented:{person.id}:{now:%Y%m%dT%H%M%S%f}"
            await self.desk.tell(session, key, person, message)
            wake_after_commit(session, TASK)

    async def _switch(self, person: Person, *, wanted: bool) -> Message:
        """Store the wish; returns what it means."""
        t = self.desk.translator(person)
        async with self.desk.database.transaction() as session:
            await STATUS_WANTED.write(session, person.id, wanted)
            wake_after_commit(session, TASK)
            chosen = await preferences.read(session, person.id)
        if not wanted:
            return Message(t("calendars.status.off"))
        return Message(await self._missing(person) or settings_wording.status_on(chosen, t))

    async def _overview(self, person: Person, t: Translator, now: datetime) -> Message:
        async with self.desk.database.reading() as session:
            found = await health_of(session, person.id)
            changed = await _changed(session, person)
        missing = await self._missing(person) if changed.wanted.status else Markdown("")
        return overview(found, changed, missing, person, t, now)

    async def _missing(self, person: Person) -> Markdown:
        """What still stands in the way, said to the person; empty when nothing does."""
        t = self.desk.translator(person)
        way = await self.acting.how(person)
        if not isinstance(way, NotPermitted):
            return Markdown("")
        if not way.can_consent:
            return t("calendars.status.impossible")
        url = await self.consents.authorize_url(person)
        return t("calendars.status.consent", link=link(t.plain("calendars.status.consent_link"), url))


async def _changed(session: AsyncSession, person: Person) -> Changed:
    return Changed(await preferences.read(session, person.id), await next_of(session, person))


def overview(
    found: Sequence[AccountHealth],
    changed: Changed,
    missing: Markdown,
    person: Person,
    t: Translator,
    now: datetime,
) -> Message:
    """Calendars, notifications, status: each in its lines, with the buttons that change them.

    `missing` is what keeps the status from being set although the person wants it.
    """
    wanted = changed.wanted
    calendars = Markdown("\n").join(
        accounts_wording.account_line(each, person.zone, t, now) for each in found
    )
    calendars = calendars or t("calendars.disconnect.none")
    notifications = Markdown("\n").join(
        (
            settings_wording.reminders_line(wanted, t),
            settings_wording.digest_line(changed, person, t, now),
            settings_wording.news_line(wanted, t),
        )
    )
    fields = (
        AttachmentField(t.plain("calendars.status.calendars"), calendars, short=False),
        AttachmentField(t.plain("calendars.status.notifications"), notifications, short=False),
        AttachmentField(t.plain("calendars.settings.title_status"), _shown(wanted, missing, t), short=False),
    )
    well = bool(found) and not missing and not any(each.trouble for each in found)
    if found:
        calendars_button = Button(t.plain("calendars.menu.accounts"), "calendars.accounts")
    else:
        calendars_button = Button(t.plain("calendars.menu.connect"), "calendars.connect.where")
    buttons = (
        calendars_button,
        _switch_button(wanted, t),
        Button(t.plain("calendars.menu.settings"), "calendars.profile"),
    )
    heading = t("calendars.status.well" if well else "calendars.status.unwell")
    attachment = Attachment(
        color=Colour.GREEN if well else Colour.RED, fallback=heading, fields=fields, actions=buttons
    )
    return Message(heading, (attachment,))


def _shown(wanted: Preferences, missing: Markdown, t: Translator) -> Markdown:
    return missing or (
        settings_wording.status_on(wanted, t) if wanted.status else t("calendars.status.offer")
    )


def _switch_button(wanted: Preferences, t: Translator) -> Button:
    if wanted.status:
        return Button(t.plain("calendars.status.off_button"), OFF)
    return Button(t.plain("calendars.status.on_button"), ON, style="primary")


def offer(t: Translator) -> Message:
    """The question whether the status shall follow the meetings."""
    button = Button(t.plain("calendars.status.on_button"), ON, style="primary")
    return Message("", (Attachment(text=t("calendars.status.offer"), actions=(button,)),))
