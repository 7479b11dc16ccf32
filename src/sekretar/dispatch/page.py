"""A page in the browser for whoever enters an incident away from the chat, or looks one up.

The command gives a link that is sealed for one person, ends after half an hour and enters one incident. No cookie is
set: the seal in the form itself says whose it is, so that another site has nothing to send it with. Who the person
is and where they work is asked anew at each step. Nothing that was typed may be lost: not by a mistake, nor by a look
for another incident in between, nor because the link ended meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import Found
from sekretar.dispatch.chat.model import card_key
from sekretar.dispatch.chat.rights import Rights
from sekretar.dispatch.chat.working import actor_of
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.entering import LONGEST_SUMMARY
from sekretar.dispatch.incidents.finding import IncidentFilter, Page, find
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.model import EventRow, IncidentRow
from sekretar.dispatch.incidents.values import (
    Applicant,
    EventKind,
    Incident,
    IncidentType,
    NewIncident,
    Origin,
)
from sekretar.dispatch.placing import NamedPlace, placed
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.errors import PersonError, SekretarError
from sekretar.kernel.forms import Choice, Field, FieldErrors, FieldKind, Form, Submission, validate
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.signing import Claim, Expired, SealError, UsedClaim, consume
from sekretar.kernel.text import clean, link
from sekretar.mattermost import sent
from sekretar.mattermost.chat import Chat, CommandRequest, Reply, Subcommand
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.mattermost.quoting import permalink

#: Below the public address of Sekretar.
PATH: Final = "/incident"
CLAIM_KIND: Final = "dispatch.page"
LIFETIME: Final = timedelta(minutes=30)

_MOST_FOUND: Final = 20
#: Of the incidents that somebody has just entered.
_MOST_NAMED: Final = 5
_LONGEST_SEARCH: Final = 200
_LONGEST_CODE: Final = 120
_LONGEST_NAME: Final = 200
_LONGEST_ADDRESS: Final = 320
_LONGEST_DESCRIPTION: Final = 100_000


class Closed(PersonError):
    """The link does not open the page, or not any more."""


class Ended(Closed):
    """The link was this person's own: they may see again what they typed."""

    def __init__(self, person: Person, key: str, **params: object) -> None:
        super().__init__(key, **params)
        self.person = person


class Done(Ended):
    """The link has done its work."""


class Mistakes(SekretarError):
    """What is wrong with a form that was sent, by the names of its fields; of the whole form under ""."""

    def __init__(self, person: Person, errors: Mapping[str, PersonError]) -> None:
        super().__init__("the form cannot be taken")
        self.person = person
        self.errors = errors


@dataclass(frozen=True)
class DeskOnPage:
    """A desk that the person works at, and the types of its incidents that are in use."""

    name: str
    types: Sequence[IncidentType]


@dataclass(frozen=True)
class FoundIncident:
    """An incident that was looked up."""

    incident: Incident
    #: When it was opened, as the zone of its desk has it.
    opened: str
    #: Its post in Mattermost; empty where there is none.
    url: str


@dataclass(frozen=True)
class PageView:
    """What the page shows: the form, and what was looked up."""

    person: Person
    desks: Sequence[DeskOnPage]
    #: The time of day at which the link ends, at the person's place.
    until: str
    found: Sequence[FoundIncident] = ()
    #: How many there are altogether.
    total: int = 0


@dataclass(frozen=True)
class Entered:
    """An incident that was entered, its type and its place."""

    person: Person
    incident: Incident
    kind: IncidentType | None
    found: Found


@dataclass(frozen=True)
class Pages:
    """Gives links, and does what comes back by them.

    `public_url` is where browsers reach Sekretar, `chat_url` where they reach Mattermost.
    """

    chat: Desk
    desks: Mapping[str, DeskSettings]
    incidents: Incidents
    assets: Assets
    rights: Rights
    public_url: str
    chat_url: str

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
                raise await _done(session, claim, person)
            shown = [DeskOnPage(desk.name, await _types(session, desk.name)) for desk in desks]
            page = await _sought(session, desks, sought)
            found = [await self._found(session, each) for each in page.incidents]
        until = f"{claim.expires_at.astimezone(person.zone):%H:%M}"
        return PageView(person, shown, until, found, page.total)

    async def create(self, seal: str, typed: Mapping[str, str]) -> Entered:
        """Enter the incident of a form that was sent; with one link only once.

        Raises:
            Closed: the link is none of ours, too old, or has done its work.
            Mistakes: a value is missing or means nothing.
            PersonError: the person does not work at that desk.
            PeerError: Mattermost or the database cannot be asked.
        """
        claim, person = await self._who(seal)
        desks = [desk.name for desk in await self._desks(person)]
        desk = typed.get("desk") or desks[0]
        if desk not in desks:
            raise PersonError("dispatch.chat.not_yours", desk=desk)
        async with self.chat.database.transaction() as session:
            if not await consume(session, claim, self.chat.clock.now()):
                raise await _done(session, claim, person)
            kinds = await _types(session, desk)
            t = self.chat.catalogues.translator(person.language)
            answers = validate(form(t, kinds), typed)
            if isinstance(answers, FieldErrors):
                raise Mistakes(person, {**await self._misplaced(session, desk, typed), **answers.errors})
            return await self._entered(
                session, person, self._new(desk, answers), answers.text("place"), kinds
            )

    async def _misplaced(
        self, session: AsyncSession, desk: str, typed: Mapping[str, str]
    ) -> Mapping[str, PersonError]:
        """What is wrong with the place, to be said together with what else is wrong."""
        place = typed.get("place", "").strip()
        try:
            if place:
                (await self.assets.find(session, desk, place)).chosen()
        except PersonError as error:
            return {"place": error}
        return {}

    def _new(self, desk: str, answers: Submission) -> NewIncident:
        return NewIncident(
            desk,
            self.chat.clock.now(),
            answers.text("summary"),
            Origin.PAGE,
            answers.text("description"),
            Applicant(answers.text("applicant"), answers.text("address")),
            type_id=int(answers.text("type") or 0) or None,
        )

    async def _entered(
        self,
        session: AsyncSession,
        person: Person,
        new: NewIncident,
        place: str,
        kinds: Sequence[IncidentType],
    ) -> Entered:
        t = self.chat.catalogues.translator(self.desks[new.desk].language)
        with _mistaken(person, "place"):
            new, found = await placed(self.assets, session, new, NamedPlace(place), t)
        with _mistaken(person, "summary"):
            incident = await self.incidents.open(session, new, actor_of(person))
        return Entered(
            person, incident, next((each for each in kinds if each.id == incident.type_id), None), found
        )

    async def _found(self, session: AsyncSession, incident: Incident) -> FoundIncident:
        post = await sent.by_key(session, card_key(incident.id))
        opened = incident.opened_at.astimezone(ZoneInfo(self.desks[incident.desk].zone))
        url = permalink(self.chat_url, post.post_id) if post and self.chat_url else ""
        return FoundIncident(incident, f"{opened:%d.%m.%Y %H:%M}", url)

    async def _who(self, seal: str) -> tuple[Claim, Person]:
        try:
            claim = self.chat.signer.open(seal, CLAIM_KIND, self.chat.clock.now())
        except Expired as error:
            raise Ended(await self._person(error.claim), "dispatch.page.closed") from error
        except SealError as error:
            raise Closed("dispatch.page.closed") from error
        return claim, await self._person(claim)

    async def _person(self, claim: Claim) -> Person:
        async with self.chat.database.reading() as session:
            person = await self.chat.people.by_id(session, claim.person)
        if person is None or not person.active:
            raise Closed("dispatch.page.closed")
        return person

    async def _desks(self, person: Person) -> Sequence[DeskSettings]:
        found = await self.rights.desks(person)
        if not found:
            raise PersonError("dispatch.commands.no_desks")
        return found


def form(t: Translator, kinds: Sequence[IncidentType]) -> Form:
    """What is asked of a new incident, but its desk."""
    choices = tuple(Choice(str(each.id), each.name) for each in kinds)
    fields = (
        Field("summary", FieldKind.TEXTAREA, _label(t, "summary"), max_length=LONGEST_SUMMARY),
        Field(
            "place",
            FieldKind.TEXT,
            _label(t, "place"),
            t.plain("dispatch.new.place_help"),
            optional=True,
            max_length=_LONGEST_CODE,
        ),
        Field(
            "type",
            FieldKind.CHOICE,
            _label(t, "type"),
            t.plain("dispatch.page.type_help"),
            optional=True,
            choices=choices,
        ),
        Field(
            "description",
            FieldKind.TEXTAREA,
            _label(t, "description"),
            optional=True,
            max_length=_LONGEST_DESCRIPTION,
        ),
        Field("applicant", FieldKind.TEXT, _label(t, "applicant"), optional=True, max_length=_LONGEST_NAME),
        Field(
            "address",
            FieldKind.EMAIL,
            _label(t, "address"),
            t.plain("dispatch.new.address_help"),
            optional=True,
            max_length=_LONGEST_ADDRESS,
        ),
    )
    return Form(CLAIM_KIND, t.plain("dispatch.new.title"), "", fields, t.plain("dispatch.new.submit"))


def _label(t: Translator, name: str) -> str:
    return t.plain(f"dispatch.new.{name}")


@contextmanager
def _mistaken(person: Person, field: str) -> Iterator[None]:
    """What is refused in here is wrong with this field."""
    try:
        yield
    except PersonError as error:
        raise Mistakes(person, {field: error}) from error


async def _done(session: AsyncSession, claim: Claim, person: Person) -> Done:
    """What to say to whoever comes again: most of all which incident it was."""
    lately = (
        select(IncidentRow.code)
        .join(EventRow, EventRow.incident_id == IncidentRow.id)
        .where(
            EventRow.actor_id == person.id,
            EventRow.kind == EventKind.OPENED,
            EventRow.at >= claim.expires_at - LIFETIME,
            IncidentRow.origin == Origin.PAGE,
        )
        .order_by(IncidentRow.id.desc())
    )
    codes = (await session.scalars(lately.limit(_MOST_NAMED))).all()
    if not codes:
        return Done(person, "dispatch.page.used")
    return Done(person, "dispatch.page.done_before", codes=", ".join(codes))


async def _types(session: AsyncSession, desk: str) -> list[IncidentType]:
    return [each for each in await types.of_desk(session, desk) if each.active]


async def _sought(session: AsyncSession, desks: Sequence[DeskSettings], sought: str) -> Page:
    """The incidents that a few typed words mean: a code where there is one of it, else words."""
    words, names = clean(sought).strip()[:_LONGEST_SEARCH], frozenset(desk.name for desk in desks)
    if not words:
        return Page((), 0)
    by_code = await find(session, IncidentFilter(names, code=words), limit=_MOST_FOUND)
    return (
        by_code
        if by_code.total
        else await find(session, IncidentFilter(names, text=words), limit=_MOST_FOUND)
    )
