"""A page in the browser for whoever enters an incident away from the chat, or looks one up.

The command gives a link that is sealed for one person, ends after half an hour and enters one incident. No cookie is
set: the seal in the form itself says whose it is, so that another site has nothing to send it with. Who the person
is and where they work is asked anew at each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.chat.rights import Rights
from sekretar.dispatch.chat.working import actor_of
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.finding import IncidentFilter, find
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import Applicant, Incident, IncidentType, NewIncident, Origin
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Claim, SealError, UsedClaim, consume
from sekretar.kernel.text import link
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message

#: Below the public address of Sekretar.
PATH: Final = "/incident"
CLAIM_KIND: Final = "dispatch.page"
LIFETIME: Final = timedelta(minutes=30)

_MOST_FOUND: Final = 20


class Closed(PersonError):
    """The link does not open the page, or not any more."""


@dataclass(frozen=True)
class DeskOnPage:
    """A desk that the person works at, and the types of its incidents."""

    name: str
    types: Sequence[IncidentType]


@dataclass(frozen=True)
class PageView:
    """What the page shows: the form, and what was looked up."""

    person: Person
    desks: Sequence[DeskOnPage]
    sought: str
    found: Sequence[Incident]
    #: Of the found ones, by their numbers, as the zone of their desks has it.
    opened: Mapping[int, str]


@dataclass(frozen=True)
class Pages:
    """Gives links, and does what comes back by them. `public_url` is where browsers reach Sekretar."""

    chat: Desk
    desks: Mapping[str, DeskSettings]
    incidents: Incidents
    assets: Assets
    rights: Rights
    public_url: str

    def register(self, chat: Chat) -> None:
        """Hang the command into the chat."""
        chat.command(
            Subcommand("incident", "page", "dispatch.help.page", self.page, aliases=("страница", "форма"))
        )

    async def page(self, request: CommandRequest) -> Reply:
        """The command."""
        await self._desks(request.person)
        here = link(request.t.plain("dispatch.page.here"), self.link(request.person))
        return Reply(Message(request.t("dispatch.page.link", here=here)))

    def link(self, person: Person) -> str:
        """A link to the page for this person."""
        claim = Claim(CLAIM_KIND, person.id, {}, self.chat.clock.now() + LIFETIME)
        return f"{self.public_url}{PATH}?{urlencode({'pass': self.chat.signer.seal(claim)})}"

    async def view(self, seal: str, sought: str = "") -> PageView:
        """What somebody who comes with this link sees.

        Raises:
            Closed: the link is none of ours, too old, or has done its work.
            PersonError: the person works at no desk.
            PeerError: Mattermost cannot be asked.
        """
        claim, person = await self._who(seal)
        desks = await self._desks(person)
        async with self.chat.database.reading() as session:
            if await session.scalar(select(UsedClaim.nonce).where(UsedClaim.nonce == claim.nonce)):
                raise Closed("dispatch.page.used")
            shown = [
                DeskOnPage(
                    desk.name, [each for each in await types.of_desk(session, desk.name) if each.active]
                )
                for desk in desks
            ]
            found = await _sought(session, desks, sought)
        zones = {desk.name: desk.zone for desk in desks}
        opened = {each.id: _written(each, zones[each.desk]) for each in found}
        return PageView(person, shown, sought, found, opened)

    async def create(self, seal: str, form: Mapping[str, str]) -> tuple[Person, Incident]:
        """Enter the incident of a form that was sent; with one link only once.

        Raises:
            Closed: the link is none of ours, too old, or has done its work.
            PersonError: a value is missing or means nothing.
            PeerError: Mattermost cannot be asked.
        """
        claim, person = await self._who(seal)
        desks = [desk.name for desk in await self._desks(person)]
        desk = form.get("desk") or desks[0]
        if desk not in desks:
            raise PersonError("dispatch.chat.not_yours", desk=desk)
        now = self.chat.clock.now()
        async with self.chat.database.transaction() as session:
            if not await consume(session, claim, now):
                raise Closed("dispatch.page.used")
            place = form.get("place", "").strip()
            found = (await self.assets.find(session, desk, place)).chosen() if place else None
            kind = form.get("type", "")
            new = NewIncident(
                desk,
                now,
                form.get("summary", ""),
                Origin.PAGE,
                form.get("description", ""),
                Applicant(form.get("applicant", "").strip(), form.get("address", "").strip()),
                type_id=int(kind) if kind.isdecimal() and len(kind) < 19 else None,
                pole_id=found.place.pole_id if found else None,
                station_id=found.place.station_id if found else None,
                contractor_id=found.contractor_id if found else None,
            )
            return person, await self.incidents.open(session, new, actor_of(person))

    async def _who(self, seal: str) -> tuple[Claim, Person]:
        try:
            claim = self.chat.signer.open(seal, CLAIM_KIND, self.chat.clock.now())
        except SealError as error:
            raise Closed("dispatch.page.closed") from error
        async with self.chat.database.reading() as session:
            person = await self.chat.people.by_id(session, claim.person)
        if person is None or not person.active:
            raise Closed("dispatch.page.closed")
        return claim, person

    async def _desks(self, person: Person) -> Sequence[DeskSettings]:
        found = await self.rights.desks(person)
        if not found:
            raise PersonError("dispatch.commands.no_desks")
        return found


async def _sought(session: AsyncSession, desks: Sequence[DeskSettings], sought: str) -> Sequence[Incident]:
    """The incidents that a few typed words mean: a code where there is one of it, else words."""
    words, names = sought.strip()[:200], frozenset(desk.name for desk in desks)
    if not words:
        return ()
    by_code = await find(session, IncidentFilter(names, code=words.replace("\0", "")), limit=_MOST_FOUND)
    if by_code.total:
        return by_code.incidents
    return (await find(session, IncidentFilter(names, text=words), limit=_MOST_FOUND)).incidents


def _written(incident: Incident, zone: str) -> str:
    return f"{incident.opened_at.astimezone(ZoneInfo(zone)):%d.%m.%Y %H:%M}"
