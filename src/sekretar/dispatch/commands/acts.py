"""`/incident show`, `take`, `assign`, `type`, `asset`, `status`, `reply`, `resume`, `ticket`: about one incident.

Most do what the buttons below an incident do. In the thread of an incident its code may be left out. What a command
does not say is asked for: by the list, the dialog or the buttons that stand below the incident, too.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from sekretar.dispatch.chat import card
from sekretar.dispatch.chat.model import card_key
from sekretar.dispatch.chat.working import ASSET_FORM, Working, actor_of, take_over
from sekretar.dispatch.chat.writing import Writing, unreached
from sekretar.dispatch.commands import listing
from sekretar.dispatch.commands.filters import spaced, step_called
from sekretar.dispatch.commands.hands import Hands, Meant, say, status_names
from sekretar.dispatch.commands.types import type_called
from sekretar.dispatch.incidents import types, workflow
from sekretar.dispatch.incidents.values import EventKind, Incident, IncidentChange, Status
from sekretar.dispatch.incidents.wording import status_name
from sekretar.dispatch.letters import automatic
from sekretar.dispatch.letters.values import Purpose
from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import Choice
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape, link, truncate
from sekretar.mattermost import sent
from sekretar.mattermost.chat import (
    Chat,
    Click,
    ClickReply,
    CommandHandler,
    CommandRequest,
    OpenForm,
    Reply,
    Subcommand,
)
from sekretar.mattermost.messages import Attachment, Button, Message, Select
from sekretar.mattermost.quoting import permalink

_CHOICE_SHOWN: Final = 60


@dataclass(frozen=True)
class Acts:
    """The commands about one incident. `chat_url` is where people reach Mattermost."""

    hands: Hands
    working: Working
    writing: Writing
    chat_url: str

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        commands: tuple[tuple[str, CommandHandler, tuple[str, ...]], ...] = (
            ("show", self.show, ("показать", "покажи", "open")),
            ("take", self.take, ("взять", "беру")),
            ("assign", self.assign, ("назначить", "give")),
            ("type", self.set_type, ("тип",)),
            ("asset", self.set_asset, ("объект", "опора", "бс", "pole", "station")),
            ("status", self.move, ("статус",)),
            ("reply", self.reply, ("ответить", "ответ", "answer")),
            ("resume", self.resume, ("разрешить",)),
            ("ticket", self.ticket, ("задача", "заявка")),
        )
        for name, handler, aliases in commands:
            usage = f"dispatch.usage.{name}"
            chat.command(
                Subcommand("incident", name, f"dispatch.help.{name}", handler, usage, aliases=aliases)
            )
        chat.action(listing.OPEN, self.open_chosen)

    # --- looking

    async def show(self, request: CommandRequest) -> Reply:
        meant = await self.hands.which(request)
        return Reply(await self._card(meant.incident, request.person, request.t))

    async def open_chosen(self, click: Click) -> ClickReply:
        if not click.selected.isdecimal():
            raise PersonError("dispatch.incident.gone")
        async with self.hands.chat.database.reading() as session:
            incident = await self.hands.incidents.get(session, int(click.selected))
        await self.hands.rights.require(click.person, incident.desk)
        return ClickReply(ephemeral=await self._card(incident, click.person, click.t))

    async def _card(self, incident: Incident, person: Person, t: Translator) -> Message:
        desk, now = self.hands.desks[incident.desk], self.hands.chat.now()
        async with self.hands.chat.database.reading() as session:
            view = await self.hands.views.of(session, incident, desk, now)
        return card.for_one(card.card(view, t, now))

    # --- whose it is

    async def take(self, request: CommandRequest) -> Reply:
        incident = (await self.hands.which(request)).incident
        if incident.merged_into_id is not None:
            return await self._lives_on(incident, request.t)
        wanted = take_over(request.person, incident.status)
        seen = IncidentChange(status=incident.status)
        taken = await self.working.change(request.person, incident.id, wanted, seen)
        return say(request.t("dispatch.commands.taken", code=taken.code))

    async def _lives_on(self, ended: Incident, t: Translator) -> Reply:
        """Where an incident goes on that was merged; what is to be done there can be taken."""
        async with self.hands.chat.database.reading() as session:
            number = await self.hands.incidents.survivor(session, ended.id)
            survivor = await self.hands.incidents.get(session, number)
            post = await sent.by_key(session, card_key(number))
        url = permalink(self.chat_url, post.post_id) if post and self.chat_url else ""
        where = link(survivor.code, url) if url else Markdown(f"**{escape(survivor.code)}**")
        text = t("dispatch.commands.take_merged", code=ended.code, survivor=where)
        if workflow.is_finished(survivor.status):
            return say(text)
        take = Button(
            t.plain("dispatch.commands.take_survivor", code=survivor.code),
            card.TAKE,
            card.record_of(survivor),
            style="primary",
        )
        return say(text, [Attachment(actions=(take,))])

    async def assign(self, request: CommandRequest) -> Reply:
        meant = await self.hands.which(request)
        if not meant.words:
            raise PersonError("dispatch.commands.assign_whom")
        person = await self.hands.person(request, meant.words[0], meant.incident.desk)
        wanted = IncidentChange(responsible_id=person.id if person else None)
        why = " ".join(meant.words[1:])
        changed = await self.working.change(request.person, meant.incident.id, wanted, why=why)
        if person is None:
            return say(request.t("dispatch.commands.unassigned", code=changed.code))
        return say(request.t("dispatch.commands.assigned", code=changed.code, name=person.display_name))

    # --- what and where it is

    async def set_type(self, request: CommandRequest) -> Reply:
        meant = await self.hands.which(request)
        async with self.hands.chat.database.reading() as session:
            known = await types.of_desk(session, meant.incident.desk)
        if not meant.words:
            choices = tuple(
                Choice(str(each.id), truncate(each.name, _CHOICE_SHOWN)) for each in known if each.active
            )
            select = Select(
                request.t.plain("dispatch.card.set_type"), card.TYPE, card.record_of(meant.incident), choices
            )
            ask = request.t("dispatch.commands.choose_type", code=meant.incident.code)
            return say(ask, [Attachment(actions=(select,))])
        chosen = type_called(" ".join(meant.words), known)
        if not chosen.active:
            raise PersonError("dispatch.type.gone")
        changed = await self.working.change(
            request.person, meant.incident.id, IncidentChange(type_id=chosen.id)
        )
        return say(request.t("dispatch.commands.typed", code=changed.code, type=chosen.name))

    async def set_asset(self, request: CommandRequest) -> Reply:
        meant = await self.hands.which(request)
        incident = meant.incident
        if not meant.words:
            return Reply(form=OpenForm(ASSET_FORM, card.record_of(incident)))
        written = "" if meant.words == ("-",) else " ".join(meant.words)
        async with self.hands.chat.database.transaction() as session:
            change = await self.working.placed(session, incident, written)
            changed = await self.hands.incidents.change(
                session, incident.id, change, actor_of(request.person)
            )
            known = await self.hands.assets.describe(session, changed)
        where = listing.place(known)
        if not where:
            return say(request.t("dispatch.commands.unplaced", code=changed.code))
        return say(request.t("dispatch.commands.placed", code=changed.code, place=where))

    # --- how it goes on

    async def move(self, request: CommandRequest) -> Reply:
        meant = await self.hands.which(request)
        if not meant.words:
            return self._moves(meant, request)
        names = status_names(self.hands.chat.catalogues) | self._verbs()
        target, why = step_called(meant.words, names, workflow.moves(meant.incident.status))
        trigger = workflow.TRIGGERS.get(target)
        if trigger is not None:
            return Reply(
                form=await self.writing.letter_form(meant.incident.id, Purpose(trigger.letter.value))
            )
        if target is Status.CLOSED:
            asked = await self.working.closing.question(meant.incident.id, {}, request.t)
            if asked is not None:
                return Reply(asked)
        seen = IncidentChange(status=meant.incident.status)
        changed = await self.working.change(
            request.person, meant.incident.id, IncidentChange(status=target), seen, why
        )
        status = status_name(request.t, changed.status)
        return say(request.t("dispatch.commands.moved", code=changed.code, status=status))

    def _moves(self, meant: Meant, request: CommandRequest) -> Reply:
        status = status_name(request.t, meant.incident.status)
        text = request.t("dispatch.commands.choose_status", code=meant.incident.code, status=status)
        return say(text, [Attachment(actions=card.moves_of(meant.incident, request.t))])

    def _verbs(self) -> dict[str, Status]:
        """What the buttons of moves say, as names of where they lead."""
        catalogues = self.hands.chat.catalogues
        return {
            spaced(name): target
            for language in catalogues.languages
            for name, target in card.verbs_of(catalogues.translator(language)).items()
        }

    async def reply(self, request: CommandRequest) -> Reply:
        meant = await self.hands.which(request)
        if not meant.text:
            return Reply(form=await self.writing.letter_form(meant.incident.id, Purpose.REPLY))
        async with self.hands.chat.database.transaction() as session:
            draft = await self.writing.letters.draft(
                session, Purpose.REPLY, meant.incident.id, text=meant.text
            )
            key = f"typed:{request.trigger_id or secrets.token_hex(8)}"
            await self.writing.letters.send(session, draft, key, actor_of(request.person))
        to = ", ".join(each.address for each in draft.to)
        said = request.t("dispatch.commands.replied", code=draft.code, to=to)
        if draft.unreached:
            said = Markdown(f"{said}\n{unreached(draft, request.t)}")
        return say(said)

    async def resume(self, request: CommandRequest) -> Reply:
        incident = (await self.hands.which(request)).incident
        async with self.hands.chat.database.transaction() as session:
            addresses = ", ".join(await automatic.resume(session, incident, self.hands.chat.now()))
            if not addresses:
                raise PersonError("dispatch.commands.nobody_to_resume", code=incident.code)
            t = self.hands.chat.catalogues.translator(incident.language)
            said = t.plain("dispatch.letters.resumed", addresses=addresses)
            actor = actor_of(request.person)
            await self.hands.incidents.note(session, incident.id, EventKind.NOTE, actor, new=said)
        return say(request.t("dispatch.commands.resumed", code=incident.code, addresses=addresses))

    # --- the tracker

    async def ticket(self, request: CommandRequest) -> Reply:
        """A new ticket in the tracker, in place of one that is lost."""
        incident = (await self.hands.which(request)).incident
        async with self.hands.chat.database.transaction() as session:
            await self.hands.views.mirror.renew(session, incident.id, actor_of(request.person))
        return say(request.t("dispatch.commands.ticket", code=incident.code))
