"""`/task subscribe`, `/task unsubscribe`, `/task subscriptions`: which projects a channel hears of.

Whoever looks after the channel may subscribe it, to what they see in the tracker themselves; they and the subscriber
may end it. Every right is asked anew when somebody acts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PersonError
from sekretar.kernel.forms import Choice, Field, FieldKind, Form
from sekretar.kernel.people import Person
from sekretar.mattermost.chat import (
    Chat,
    CommandRequest,
    FormHandler,
    FormOutcome,
    FormRequest,
    FormSubmit,
    OpenForm,
    Reply,
    Subcommand,
)
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.mattermost.models import Channel
from sekretar.mattermost.parsing import fold
from sekretar.mattermost.rights import obstacle, standing
from sekretar.tickets.accounts.identities import Identities
from sekretar.tickets.asking import asking
from sekretar.tickets.watching import channels_wording
from sekretar.tickets.watching.channels import Kind
from sekretar.tickets.watching.model import TicketSubscription
from sekretar.trackers.values import Project

FORM = "tickets.subscribe"

#: Projects in the list of the form.
MOST_PROJECTS = 100


@dataclass(frozen=True)
class _Offer:
    """A project that the person sees, and the tracker it is in."""

    tracker: str
    project: Project

    @property
    def value(self) -> str:
        return f"{self.tracker}:{self.project.id}"

    def is_called(self, name: str) -> bool:
        return fold(name.lstrip("#")) in (fold(self.project.key), fold(self.project.name))


@dataclass(frozen=True)
class ChannelsChat:
    """The commands and the form."""

    desk: Desk
    identities: Identities

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        for name, aliases, handler, usage in (
            ("subscribe", ("подписать", "watch"), self.subscribe, "tickets.usage.subscribe"),
            ("unsubscribe", ("отписать", "unwatch"), self.unsubscribe, "tickets.usage.subscribe"),
            ("subscriptions", ("подписки",), self.subscriptions, ""),
        ):
            chat.command(Subcommand("task", name, f"tickets.help.{name}", handler, usage, aliases=aliases))
        chat.form(FORM, FormHandler(self.form, self.submitted))

    async def subscriptions(self, request: CommandRequest) -> Reply:
        rows = await self._rows(request.channel_id)
        return Reply(channels_wording.listing(rows, request.t))

    # --- subscribing

    async def subscribe(self, request: CommandRequest) -> Reply:
        await self._managed(request.channel_id, request.person)
        offers = await self._offers(request.person)
        name = request.args.rest
        wanted = next((each for each in offers if each.is_called(name)), None)
        if name and wanted is None:
            raise PersonError("tickets.row.unknown_project", given=name[:60])
        chosen = wanted.value if wanted else ""
        return Reply(form=OpenForm(FORM, {"channel": request.channel_id, "project": chosen}))

    async def form(self, request: FormRequest) -> Form:
        t, offers = request.t, await self._offers(request.person)
        several = len({each.tracker for each in offers}) > 1
        default = str(request.record.get("project", ""))
        # The one that was named is offered, however many there are.
        shown = sorted(offers, key=lambda each: each.value != default)[:MOST_PROJECTS]
        choices = tuple(
            Choice(each.value, f"{each.project.name} — {each.tracker}" if several else each.project.name)
            for each in shown
        )
        project = Field(
            "project",
            FieldKind.CHOICE,
            t.plain("tickets.list.project"),
            default=default or None,
            choices=choices,
        )
        kinds = (
            Field(
                kind.value,
                FieldKind.BOOL,
                t.plain(f"tickets.channel.kind_{kind.value}"),
                optional=True,
                default=True,
            )
            for kind in Kind
        )
        return Form(
            FORM,
            t.plain("tickets.channel.form"),
            t("tickets.channel.form_intro"),
            (project, *kinds),
            t.plain("tickets.channel.submit"),
        )

    async def submitted(self, submit: FormSubmit) -> FormOutcome:
        channel = await self._managed(str(submit.record.get("channel", "")), submit.person)
        kinds = [kind.value for kind in Kind if submit.values.get(kind.value) is True]
        if not kinds:
            return FormOutcome(errors={Kind.CREATED.value: PersonError("tickets.channel.no_kinds")})
        offers = await self._offers(submit.person)
        offer = next((each for each in offers if each.value == submit.values.get("project")), None)
        if offer is None:
            raise PersonError("tickets.channel.project_gone")
        async with self.desk.database.transaction() as session:
            row = await self._store(session, channel.id, offer, submit.person, kinds)
            message = channels_wording.subscribed(
                row, submit.person, self.desk.catalogues.translator(row.language)
            )
            await self._announce(session, row, message)
        return FormOutcome(Message(submit.t("tickets.channel.done", project=offer.project.name)))

    async def _store(
        self, session: AsyncSession, channel_id: str, offer: _Offer, person: Person, kinds: list[str]
    ) -> TicketSubscription:
        """The subscription; one to the same project is replaced."""
        query = select(TicketSubscription).where(
            TicketSubscription.channel_id == channel_id,
            TicketSubscription.tracker == offer.tracker,
            TicketSubscription.project == offer.project.id,
        )
        now = self.desk.now()
        row = (await session.scalars(query.with_for_update())).one_or_none()
        if row is None:
            row = TicketSubscription(
                channel_id=channel_id, tracker=offer.tracker, project=offer.project.id, created_at=now
            )
            session.add(row)
        row.project_key, row.project_name = offer.project.key, offer.project.name
        row.person_id, row.language, row.kinds = person.id, person.language, kinds
        row.paused, row.looked_at = "", now
        await session.flush()
        return row

    async def _offers(self, person: Person) -> list[_Offer]:
        """What the person sees, in all trackers that know them.

        Raises:
            PersonError: no tracker knows them, or one does not answer.
        """
        known = await self.identities.of(person.id)
        if not known:
            raise PersonError("tickets.link.needed", tracker=", ".join(self.identities.sites))
        offers: list[_Offer] = []
        for identity in known:
            async with asking(self.identities, person.id, identity.tracker, self.desk.now()) as eyes:
                projects = await eyes.projects()
            offers += [_Offer(identity.tracker, project) for project in projects if project.open]
        return offers

    # --- ending

    async def unsubscribe(self, request: CommandRequest) -> Reply:
        name = request.args.rest
        rows = [row for row in await self._rows(request.channel_id) if not name or _is_called(row, name)]
        if not rows:
            raise PersonError("tickets.channel.not_subscribed")
        if len(rows) > 1:
            raise PersonError("tickets.channel.which", known=", ".join(row.project_key for row in rows))
        row = rows[0]
        if row.person_id != request.person.id:
            await self._managed(request.channel_id, request.person)
        async with self.desk.database.transaction() as session:
            stored = await session.get(TicketSubscription, row.id)
            if stored is None:
                raise PersonError("tickets.channel.not_subscribed")
            t = self.desk.catalogues.translator(row.language)
            await self._announce(session, row, channels_wording.unsubscribed(row, request.person, t))
            await session.delete(stored)
        return Reply(Message(request.t("tickets.channel.ended", project=row.project_name)))

    async def _rows(self, channel_id: str) -> Sequence[TicketSubscription]:
        query = select(TicketSubscription).where(TicketSubscription.channel_id == channel_id)
        async with self.desk.database.reading() as session:
            return (await session.scalars(query.order_by(TicketSubscription.id))).all()

    # --- rights

    async def _managed(self, channel_id: str, person: Person) -> Channel:
        """The channel, where the bot may write and the person looks after it.

        Raises:
            PersonError: it is no such channel.
        """
        try:
            channel = await self.desk.server.channel(channel_id) if channel_id else None
        except (PeerForbidden, PeerNotFound):
            raise PersonError("tickets.channel.why_removed") from None
        if channel is None or channel.is_direct:
            raise PersonError("tickets.channel.only_in_channels")
        if (found := await obstacle(self.desk.server, channel.id)) is not None:
            raise PersonError(f"tickets.channel.why_{found.value}")
        if not (await standing(self.desk.server, channel, person.user_id)).admin:
            raise PersonError("tickets.channel.may_not")
        return channel

    async def _announce(self, session: AsyncSession, row: TicketSubscription, message: Message) -> None:
        now = self.desk.now()
        await self.desk.post(
            session, f"tickets:channel:{row.id}:word:{now:%Y%m%dT%H%M%S%f}", row.channel_id, message
        )


def _is_called(row: TicketSubscription, name: str) -> bool:
    return fold(name.lstrip("#")) in (fold(row.project_key), fold(row.project_name))
