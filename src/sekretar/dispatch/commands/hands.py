"""What all commands of the desk begin with: which desk, which incident, which person is meant, and may they."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.chat.rights import Rights
from sekretar.dispatch.chat.roots import incident_of_thread
from sekretar.dispatch.chat.views import Views
from sekretar.dispatch.commands.filters import ME, NOBODY, person_in, spaced
from sekretar.dispatch.incidents import codes
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import Incident, Status
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.errors import PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost.chat import CommandRequest, Reply
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Message

_NO_HYPHEN: Final = re.compile(r"#?([^\W\d_]+)(\d+)")


@dataclass(frozen=True)
class Meant:
    """The incident that a command is about, and the words behind it."""

    incident: Incident
    words: tuple[str, ...]
    #: What was typed behind it, line breaks and all.
    text: str


@dataclass(frozen=True)
class Hands:
    """What commands work with."""

    chat: Desk
    desks: Mapping[str, DeskSettings]
    incidents: Incidents
    assets: Assets
    rights: Rights
    views: Views

    # --- which desk

    async def desks_of(self, request: CommandRequest, name: str = "") -> list[DeskSettings]:
        """The desks a list is about: the one that is named, that of the channel, or all of the person's.

        Raises:
            PersonError: they work at no desk, or not at this one.
        """
        if name:
            named = self.desks.get(name.lower())
            if named is None:
                raise PersonError("dispatch.commands.no_desk", given=name, known=", ".join(self.desks))
            await self.rights.require(request.person, named.name)
            return [named]
        async with self.chat.database.reading() as session:
            here = await self.rights.channels.desk_of(session, request.channel_id)
        if here is not None:
            await self.rights.require(request.person, here.name)
            return [here]
        return await self.all_desks(request.person)

    async def all_desks(self, person: Person) -> list[DeskSettings]:
        """All desks that the person works at.

        Raises:
            PersonError: there is none.
        """
        found = await self.rights.desks(person)
        if not found:
            raise PersonError("dispatch.commands.no_desks")
        return found

    async def desk_of(self, request: CommandRequest, name: str = "") -> DeskSettings:
        """The one desk that is meant.

        Raises:
            PersonError: it may be one of several, or they work at none.
        """
        found = await self.desks_of(request, name)
        if len(found) > 1:
            raise PersonError("dispatch.commands.which_desk", known=", ".join(each.name for each in found))
        return found[0]

    async def require_lead(self, person: Person, desk: str) -> None:
        """Make sure that the person may say who works at a desk and by which rules: whoever looks after its channel.

        Raises:
            PersonError: they may not.
        """
        if not await self.rights.looks_after(person, desk):
            raise PersonError("dispatch.commands.not_lead", desk=desk)

    # --- which incident

    async def which(self, request: CommandRequest) -> Meant:
        """The incident that the first word names, or in whose thread it was said.

        Raises:
            PersonError: none is named, there is no such incident, or it is not theirs.
        """
        words = request.args.words
        in_thread = await self.of_thread(request)
        named = await self.called(request, words[0], in_thread) if words else None
        incident = named or in_thread
        if incident is None:
            raise PersonError("dispatch.commands.which")
        await self.rights.require(request.person, incident.desk)
        taken = 1 if named else 0
        # The text begins with the name of the command.
        behind = request.text.strip().split(None, taken + 1)
        return Meant(incident, words[taken:], behind[taken + 1] if len(behind) > taken + 1 else "")

    async def called(
        self, request: CommandRequest, word: str, in_thread: Incident | None = None
    ) -> Incident | None:
        """The incident of this code; of this number alone where it is clear whose it is.

        In a thread a number alone is no code: it may be a pole; and `NT12` may be a base station.

        Raises:
            PersonError: it is a code, and there is no such incident.
        """
        wanted, number = word, codes.number_of(word)
        if number is not None and in_thread is None:
            wanted = f"{(await self.desk_of(request)).prefix}-{number}"
        elif in_thread is None and (hyphened := self._hyphened(word)):
            wanted = hyphened
        elif not codes.is_code(word):
            return None
        async with self.chat.database.reading() as session:
            found = await self.incidents.by_code(session, wanted)
        if found is None:
            raise PersonError("dispatch.commands.no_such", code=wanted.upper())
        return found

    def _hyphened(self, word: str) -> str:
        """The code where somebody has left out its hyphen; empty where it does not begin as one of a desk."""
        found = _NO_HYPHEN.fullmatch(word)
        code = f"{found[1]}-{found[2]}" if found else ""
        prefixes = {each.prefix for each in self.desks.values()}
        return code if any(each.partition("-")[0] in prefixes for each in codes.readings(code)) else ""

    async def of_thread(self, request: CommandRequest) -> Incident | None:
        """The incident in whose thread something was said."""
        number = await incident_of_thread(self.chat, request.root_id)
        if number is None:
            return None
        async with self.chat.database.reading() as session:
            return await self.incidents.get(session, number)

    # --- which person

    async def person(self, request: CommandRequest, word: str, desk: str) -> Person | None:
        """Whom a word names, with or without `@`; None for nobody.

        Raises:
            PersonError: there is no such user, or they do not work at the desk.
        """
        who = person_in(word) or word.lower()
        if who == NOBODY:
            return None
        found = request.person if who == ME else await self.user(who)
        if found.id != request.person.id and not await self.rights.is_member(found, desk):
            raise PersonError("dispatch.commands.not_there", name=found.display_name, desk=desk)
        return found

    async def user(self, username: str) -> Person:
        """The user of this name.

        Raises:
            PersonError: there is none.
        """
        try:
            user = await self.chat.server.user_by_name(username.removeprefix("@").lower())
        except (PeerNotFound, PeerInvalid):
            raise PersonError("dispatch.commands.no_user", name=username) from None
        if not user.active or user.is_bot:
            raise PersonError("dispatch.commands.no_user", name=username)
        return await self.chat.profiles.person(user.id)


def status_names(catalogues: Catalogues) -> dict[str, Status]:
    """What the statuses are called, in the form in which phrases are compared, in every language."""
    found: dict[str, Status] = {}
    for language in catalogues.languages:
        t = catalogues.translator(language)
        for status in Status:
            found[spaced(t.plain(f"dispatch.status.{status.value}"))] = status
    return found | {spaced(status.value): status for status in Status}


def say(text: Markdown, attachments: Sequence[Attachment] = ()) -> Reply:
    """An answer for the asker alone."""
    return Reply(Message(text, tuple(attachments)))
