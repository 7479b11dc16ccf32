"""`/calendar settings` and its short forms: what a person wants of their calendars, asked and shown.

One form holds everything; a part of it can be opened alone, which is kinder where questions come one by one. What is
shown of the settings always says what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sekretar.calendars.accounts.addresses_chat import asked as addresses_asked
from sekretar.calendars.accounts.connecting import accounts_of
from sekretar.calendars.accounts.looking_after_chat import overview
from sekretar.calendars.digest.digesting import next_of
from sekretar.calendars.settings import changing as settings
from sekretar.calendars.settings import preferences
from sekretar.calendars.settings.changing import Changed
from sekretar.calendars.settings.form import SETTINGS_FORM, Part, chosen_in, form_of
from sekretar.calendars.settings.grammar import is_off, parse_digest, parse_offsets
from sekretar.calendars.settings.preferences import DIGEST_AT, Preferences
from sekretar.calendars.settings.wording import PROFILE_PARTS, digest_line, news, profile, reminders_line
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Form
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandRequest,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    MenuEntry,
    OpenForm,
    Reply,
    Subcommand,
)
from sekretar.mattermost.messages import Message
from sekretar.mattermost.parsing import fold


@dataclass(frozen=True)
class SettingsChat:
    """The commands, the form and the buttons of the settings."""

    database: Database

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        for name, aliases, handler, usage in (
            ("settings", ("настройки", "setting", "options"), self.settings, "calendars.usage.settings"),
            ("profile", ("профиль", "me"), self.profile, ""),
            (
                "remind",
                ("напоминания", "напоминать", "reminders", "reminder"),
                self.remind,
                "calendars.usage.remind",
            ),
            ("digest", ("дайджест", "сводка"), self.digest, "calendars.usage.digest"),
        ):
            chat.command(
                Subcommand("calendar", name, f"calendars.help.{name}", handler, usage, aliases=aliases)
            )
        chat.action("calendars.settings", self.settings_clicked)
        chat.action("calendars.profile", self.profile_clicked)
        chat.form(SETTINGS_FORM, FormHandler(self.form, self.submitted))
        chat.menu(MenuEntry("calendars.menu.settings", "calendars.profile", 30, self._connected))

    # --- the form

    async def settings(self, request: CommandRequest) -> Reply:
        word = request.args.get(0)
        if fold(word) in _CALENDARS:
            return Reply(await overview(self.database, request.person, request.t, request.now))
        if fold(word) in _ADDRESSES:
            return await addresses_asked(self.database, request)
        part = _PARTS.get(fold(word))
        if word and part is None:
            raise PersonError("calendars.settings.no_such_part", given=word[:40])
        return Reply(form=_open(part))

    async def settings_clicked(self, click: Click) -> ClickReply:
        return ClickReply(form=_open(_part_of(click.record)))

    async def form(self, request: FormRequest) -> Form:
        async with self.database.reading() as session:
            wanted = await preferences.read(session, request.person.id)
        return form_of(wanted, request.t, _part_of(request.record))

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        async with self.database.transaction() as session:
            before = await preferences.read(session, submit.person.id)
            wanted = chosen_in(submit.values, before)
            changed = await settings.change(session, submit.person, wanted, submit.now)
            accounts = await accounts_of(session, submit.person.id)
        shown = profile(changed, submit.person, len(accounts), submit.t, submit.now)
        told = (
            submit.t("calendars.settings.saved") if wanted != before else submit.t("calendars.settings.same")
        )
        return FormOutcome(Message(Markdown(f"{told}\n\n{shown.text}"), shown.attachments))

    # --- what holds

    async def profile(self, request: CommandRequest) -> Reply:
        return Reply(await self._profile(request.person, request.t, request.now))

    async def profile_clicked(self, click: Click) -> ClickReply:
        return ClickReply(ephemeral=await self._profile(click.person, click.t, click.now))

    async def _profile(self, person: Person, t: Translator, now: datetime) -> Message:
        async with self.database.reading() as session:
            changed = Changed(await preferences.read(session, person.id), await next_of(session, person))
            accounts = await accounts_of(session, person.id)
        return profile(changed, person, len(accounts), t, now)

    # --- short forms

    async def remind(self, request: CommandRequest) -> Reply:
        text = request.args.rest
        if not text:
            return Reply(form=_open(Part.REMINDERS))
        minutes = parse_offsets(text)
        # Who switches reminders off wants none, and who names some has named all.
        chosen: dict[str, Any] = {
            "reminders": tuple(each for each in minutes if each),
            "at_start": 0 in minutes,
        }
        if is_off(text):
            chosen["own_alarms"] = False
        changed = await self._change(request, chosen)
        return Reply(news(reminders_line(changed.wanted, request.t), request.t, PROFILE_PARTS[0]))

    async def digest(self, request: CommandRequest) -> Reply:
        text = request.args.rest
        if not text:
            return Reply(form=_open(Part.DIGEST))
        if fold(text) in _ON:
            before = await self._read(request.person)
            changed = await self._change(request, {"digest_at": before.digest_at or DIGEST_AT})
        else:
            at, days = parse_digest(text)
            chosen: dict[str, Any] = {"digest_at": at}
            if days:
                chosen["digest_days"] = days
            changed = await self._change(request, chosen)
        line = digest_line(changed, request.person, request.t, request.now)
        return Reply(news(line, request.t, PROFILE_PARTS[1]))

    async def _change(self, request: CommandRequest, chosen: Mapping[str, Any]) -> Changed:
        async with self.database.transaction() as session:
            before = await preferences.read(session, request.person.id)
            wanted = replace(before, **chosen)
            return await settings.change(session, request.person, wanted, request.now)

    async def _read(self, person: Person) -> Preferences:
        async with self.database.reading() as session:
            return await preferences.read(session, person.id)

    async def _connected(self, person: Person) -> bool:
        async with self.database.reading() as session:
            return bool(await accounts_of(session, person.id))


#: Words for what is set for each calendar apart.
_CALENDARS = frozenset({"calendars", "calendar", "календари", "календарь", "accounts"})

#: Words for the further addresses of a person.
_ADDRESSES = frozenset({"addresses", "address", "aliases", "адреса", "адрес", "псевдонимы"})

_ON = frozenset({"on", "вкл", "включить", "включи"})

#: What people call the parts.
_PARTS: Mapping[str, Part] = {
    **{part.value: part for part in Part},
    "напоминания": Part.REMINDERS,
    "дайджест": Part.DIGEST,
    "сводка": Part.DIGEST,
    "изменения": Part.NEWS,
    "новости": Part.NEWS,
    "changes": Part.NEWS,
    "статус": Part.STATUS,
    "время": Part.TIME,
    "hours": Part.TIME,
    "часы": Part.TIME,
}


def _open(part: Part | None) -> OpenForm:
    return OpenForm(SETTINGS_FORM, {"part": part.value} if part else {})


def _part_of(record: Mapping[str, object]) -> Part | None:
    return next((part for part in Part if part == record.get("part")), None)
