"""`/sekretar …`: the person's own settings, and what Sekretar says of itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import Click, ClickReply, CommandRequest, MenuEntry, Reply, Subcommand
from sekretar.mattermost.commands import HOME, Commands
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Button, Message
from sekretar.mattermost.opening import FORM_STYLE
from sekretar.mattermost.parsing import fold
from sekretar.mattermost.zones import find_zone, similar_zones

SETTINGS = "home.settings"
HELP = "home.help"
SET_LANGUAGE = "home.language"
SET_FORMS = "home.forms"

_LANGUAGES = {
    "ru": "ru",
    "русский": "ru",
    "рус": "ru",
    "russian": "ru",
    "en": "en",
    "английский": "en",
    "англ": "en",
    "english": "en",
}
_AUTO = ("auto", "авто", "автоматически")
_STYLES = {
    "dialog": "dialog",
    "dialogs": "dialog",
    "диалог": "dialog",
    "окно": "dialog",
    "steps": "steps",
    "step": "steps",
    "шаги": "steps",
    "пошагово": "steps",
}

_LANGUAGE_NAMES = {"en": "mattermost.language.en", "ru": "mattermost.language.ru"}
_STYLE_NAMES = {"dialog": "mattermost.own.style_dialog", "steps": "mattermost.own.style_steps"}
_STYLE_SET = {"dialog": "mattermost.own.forms_dialog", "steps": "mattermost.own.forms_steps"}


class Own:
    """Settings that belong to the person and to no feature."""

    def __init__(self, desk: Desk, commands: Commands, version: str) -> None:
        self._desk = desk
        self._commands = commands
        self._version = version

    def register(self) -> None:
        """Hang the commands, buttons and menu entries into the chat."""
        chat = self._desk.chat
        for subcommand in (
            Subcommand(
                HOME, "settings", "mattermost.own.settings_help", self._settings, aliases=("настройки",)
            ),
            Subcommand(
                HOME,
                "language",
                "mattermost.own.language_help",
                self._language,
                usage_key="mattermost.own.language_usage",
                aliases=("язык", "lang"),
            ),
            Subcommand(
                HOME,
                "zone",
                "mattermost.own.zone_help",
                self._zone,
                usage_key="mattermost.own.zone_usage",
                aliases=("пояс", "timezone"),
            ),
            Subcommand(
                HOME,
                "forms",
                "mattermost.own.forms_help",
                self._forms,
                usage_key="mattermost.own.forms_usage",
                aliases=("формы",),
            ),
            Subcommand(
                HOME, "about", "mattermost.own.about_help", self._about, aliases=("версия", "version")
            ),
        ):
            chat.command(subcommand)
        chat.action(SETTINGS, self._clicked_settings)
        chat.action(HELP, self._clicked_help)
        chat.action(SET_LANGUAGE, self._clicked_language)
        chat.action(SET_FORMS, self._clicked_forms)
        chat.menu(MenuEntry("mattermost.home.settings", SETTINGS, order=900))
        chat.menu(MenuEntry("mattermost.home.help", HELP, order=950))

    async def _settings(self, request: CommandRequest) -> Reply:
        return Reply(await self._panel(request.person))

    async def _about(self, request: CommandRequest) -> Reply:
        return Reply(Message(request.t("mattermost.own.about", version=self._version)))

    async def _language(self, request: CommandRequest) -> Reply:
        word = fold(request.args.get(0))
        if word in _AUTO:
            return Reply(await self._set_language(request.person, None))
        if word not in _LANGUAGES:
            raise PersonError("mattermost.own.language_choices", command=self._command("language"))
        return Reply(await self._set_language(request.person, _LANGUAGES[word]))

    async def _zone(self, request: CommandRequest) -> Reply:
        name = request.args.rest
        if fold(name) in _AUTO:
            return Reply(await self._set_zone(request.person, None))
        zone = find_zone(name)
        if zone is not None:
            return Reply(await self._set_zone(request.person, zone))
        similar = similar_zones(name) if name else []
        if not similar:
            raise PersonError("mattermost.own.zone_choices", command=self._command("zone"))
        lines = [Markdown(f"* {self._commands.help.command(HOME, 'zone', each)}") for each in similar]
        told = request.t("mattermost.own.zone_unknown", name=name[:60])
        return Reply(Message(Markdown("\n").join([told, *lines])))

    async def _forms(self, request: CommandRequest) -> Reply:
        style = _STYLES.get(fold(request.args.get(0)))
        if style is None:
            raise PersonError("mattermost.own.forms_choices", command=self._command("forms"))
        return Reply(await self._set_forms(request.person, request.t, style))

    async def _clicked_settings(self, click: Click) -> ClickReply:
        return ClickReply(update=await self._panel(click.person))

    async def _clicked_help(self, click: Click) -> ClickReply:
        return ClickReply(ephemeral=self._commands.help.of(HOME, click.t, admin=False))

    async def _clicked_language(self, click: Click) -> ClickReply:
        language = click.record.get("language")
        await self._set_language(click.person, str(language) if language else None)
        return ClickReply(update=await self._panel(await self._again(click.person)))

    async def _clicked_forms(self, click: Click) -> ClickReply:
        await self._set_forms(click.person, click.t, _STYLES.get(str(click.record.get("style")), "dialog"))
        return ClickReply(update=await self._panel(click.person))

    async def _set_language(self, person: Person, language: str | None) -> Message:
        await self._write(lambda session: self._desk.people.set_language(session, person.id, language))
        t = self._desk.translator(await self._again(person))
        key = "mattermost.own.language_set" if language else "mattermost.own.language_auto"
        return Message(t(key, language=t.plain(_LANGUAGE_NAMES[t.language])))

    async def _set_zone(self, person: Person, zone: ZoneInfo | None) -> Message:
        await self._write(lambda session: self._desk.people.set_zone(session, person.id, zone))
        person = await self._again(person)
        t = self._desk.translator(person)
        return Message(
            t("mattermost.own.zone_set" if zone else "mattermost.own.zone_auto", zone=person.zone.key)
        )

    async def _set_forms(self, person: Person, t: Translator, style: str) -> Message:
        await self._write(lambda session: FORM_STYLE.write(session, person.id, style))
        return Message(t(_STYLE_SET[style]))

    async def _panel(self, person: Person) -> Message:
        """What is set and what it means, with the other choices beside it."""
        t = self._desk.translator(person)
        async with self._desk.database.reading() as session:
            style = await FORM_STYLE.read(session, person.id)
        text = t(
            "mattermost.own.panel",
            language=t.plain(_LANGUAGE_NAMES[t.language]),
            zone=person.zone.key,
            forms=t.plain(_STYLE_NAMES[style]),
            command=self._command("zone"),
        )
        languages = tuple(
            Button(
                t.plain(_LANGUAGE_NAMES[code]),
                SET_LANGUAGE,
                {"language": code},
                "primary" if code == t.language else "default",
            )
            for code in self._desk.catalogues.languages
        )
        automatic = Button(t.plain("mattermost.own.as_profile"), SET_LANGUAGE, {"language": ""})
        styles = tuple(
            Button(
                t.plain(_STYLE_NAMES[each]),
                SET_FORMS,
                {"style": each},
                "primary" if each == style else "default",
            )
            for each in ("dialog", "steps")
        )
        return Message(
            text,
            (
                Attachment(text=t("mattermost.own.panel_language"), actions=(*languages, automatic)),
                Attachment(text=t("mattermost.own.panel_forms"), actions=styles),
            ),
        )

    async def _write(self, change: Callable[[AsyncSession], Awaitable[None]]) -> None:
        async with self._desk.database.transaction() as session:
            await change(session)

    async def _again(self, person: Person) -> Person:
        """The person after a change of theirs."""
        async with self._desk.database.reading() as session:
            return await self._desk.people.by_id(session, person.id) or person

    def _command(self, name: str) -> Markdown:
        return self._commands.help.command(HOME, name)
