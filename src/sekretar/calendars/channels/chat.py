"""`/calendar channel`: what a channel shows of whose calendars, and who may have a say in it.

Whoever may write in the channel may show a calendar there, and only one of their own. It is changed and ended by its
owner and by those who look after the channel, its team or the server; what of it can be read, only the owner widens.
Every right is asked of Mattermost anew when somebody acts.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars import wording
from sekretar.calendars.accounts import connecting
from sekretar.calendars.channels import subscriptions as channels
from sekretar.calendars.channels import wording as channels_wording
from sekretar.calendars.channels.form import ADD_FORM, CHANGE_FORM, add_form, change_form, wishes_of
from sekretar.calendars.channels.subscriptions import ChannelSubscription, SubscriptionRow, Wishes
from sekretar.calendars.channels.watch import ChannelWatch
from sekretar.calendars.channels.wording import ADD, CHANGE, REMOVE, Listed
from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PersonError
from sekretar.kernel.forms import Choice, Form
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
    OpenForm,
    Reply,
    Subcommand,
)
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message
from sekretar.mattermost.models import Channel
from sekretar.mattermost.parsing import fold
from sekretar.mattermost.rights import ME, Obstacle, Standing, obstacle, standing

_ADD_WORDS = frozenset({"add", "subscribe", "добавить", "подписать", "подписаться", "+"})


@dataclass(frozen=True)
class _Place:
    """A channel as somebody finds it who acts in it."""

    channel: Channel
    #: What keeps the bot from writing there.
    obstacle: Obstacle | None
    standing: Standing


@dataclass(frozen=True)
class ChannelChat:
    """The command, the buttons and the forms."""

    desk: Desk
    watch: ChannelWatch

    def register(self, chat: Chat) -> None:
        """Hang everything into the chat."""
        chat.command(
            Subcommand(
                "calendar",
                "channel",
                "calendars.help.channel",
                self.command,
                "calendars.usage.channel",
                aliases=("канал", "team"),
            )
        )
        chat.action(ADD, self.add_clicked)
        chat.action(CHANGE, self.change_clicked)
        chat.action(REMOVE, self.remove_clicked)
        chat.form(ADD_FORM, FormHandler(self.add_form, self.add_submitted))
        chat.form(CHANGE_FORM, FormHandler(self.change_form, self.change_submitted))

    # --- looking

    async def command(self, request: CommandRequest) -> Reply:
        place = await self._place(request.channel_id, request.person, request.t)
        if isinstance(place, Message):
            return Reply(place)
        if fold(request.args.get(0)) not in _ADD_WORDS:
            return Reply(await self._list(place, request.person, request.t))
        if place.obstacle is not None:
            return Reply(Message(await self._hint(place.channel, place.obstacle, request.t)))
        return await self._offer(place, request.person, request.t)

    async def _list(self, place: _Place, person: Person, t: Translator) -> Message:
        async with self.desk.database.reading() as session:
            rows = await channels.find(session, ChannelSubscription.channel_id == place.channel.id)
            known = [await self._known(session, row, place, person) for row in rows]
        present = await asyncio.gather(*(self._is_present(place.channel, each.owner) for each in known))
        listed = [
            Listed(each.subscription, each.calendar, each.owner, here, each.changeable)
            for each, here in zip(known, present, strict=True)
        ]
        hint = await self._hint(place.channel, place.obstacle, t) if place.obstacle else None
        return channels_wording.listing(listed, hint, place.standing.may_post, place.channel.id, t)

    async def _is_present(self, channel: Channel, owner: Person) -> bool:
        try:
            await self.desk.server.channel_member(channel.id, owner.user_id)
        except PeerNotFound:
            return False
        except PeerForbidden:
            return True
        return True

    async def _known(
        self, session: AsyncSession, row: SubscriptionRow, place: _Place, person: Person
    ) -> Listed:
        subscription, calendar, _ = row
        owner = await self.desk.people.by_id(session, subscription.person_id)
        assert owner is not None
        changeable = owner.id == person.id or place.standing.admin
        return Listed(subscription, calendar, owner, present=True, changeable=changeable)

    # --- subscribing

    async def add_clicked(self, click: Click) -> ClickReply:
        place = await self._place(str(click.record.get("channel", "")), click.person, click.t)
        if isinstance(place, Message):
            return ClickReply(ephemeral=place)
        if place.obstacle is not None:
            return ClickReply(ephemeral=await self._hint(place.channel, place.obstacle, click.t))
        offer = await self._offer(place, click.person, click.t)
        return ClickReply(ephemeral=offer.message, form=offer.form)

    async def _offer(self, place: _Place, person: Person, t: Translator) -> Reply:
        """The form, or what has to be done before it."""
        if not place.standing.may_post:
            raise PersonError("calendars.channel.may_not_post")
        async with self.desk.database.reading() as session:
            if not await connecting.has_accounts(session, person.id):
                return Reply(wording.nothing_connected(t))
            if not await channels.offered(session, person.id, place.channel.id):
                raise PersonError("calendars.channel.nothing_left")
        return Reply(form=OpenForm(ADD_FORM, {"channel": place.channel.id}))

    async def add_form(self, request: FormRequest) -> Form:
        async with self.desk.database.reading() as session:
            found = await channels.offered(session, request.person.id, str(request.record.get("channel", "")))
        if not found:
            raise PersonError("calendars.channel.nothing_left")
        several = len({login for _, login in found}) > 1
        choices = [
            Choice(str(calendar.id), f"{calendar.name} — {login}" if several else calendar.name)
            for calendar, login in found
        ]
        return add_form(choices, Wishes(request.person.zone), request.t)

    async def add_submitted(self, submit: FormSubmit) -> FormOutcome:
        person, t = submit.person, submit.t
        place = await self._place(str(submit.record.get("channel", "")), person, t)
        if isinstance(place, Message) or place.obstacle is not None:
            raise PersonError("calendars.channel.unreachable")
        if not place.standing.may_post:
            raise PersonError("calendars.channel.may_not_post")
        wishes = wishes_of(submit.values, Wishes(person.zone))
        async with self.desk.database.transaction() as session:
            found = await channels.offered(session, person.id, place.channel.id)
            calendar = next(
                (each for each, _ in found if str(each.id) == submit.values.get("calendar")), None
            )
            if calendar is None:
                raise PersonError("calendars.channel.gone")
            subscription = await channels.subscribe(
                session, calendar, person, place.channel.id, wishes, submit.now
            )
            known = Listed(subscription, calendar, person, present=True, changeable=True)
            await self._announce(session, known, channels_wording.subscribed(known, t))
        return FormOutcome(channels_wording.changed(known, t))

    # --- changing

    async def change_clicked(self, click: Click) -> ClickReply:
        known, _ = await self._changeable(click.record.get("subscription"), click.person)
        return ClickReply(form=OpenForm(CHANGE_FORM, {"subscription": known.subscription.id}))

    async def change_form(self, request: FormRequest) -> Form:
        async with self.desk.database.reading() as session:
            row = await channels.one(session, request.record.get("subscription"))
        if row is None:
            raise PersonError("calendars.channel.gone")
        subscription, calendar, _ = row
        owner = subscription.person_id == request.person.id
        return change_form(calendar.name, subscription.wishes, owner, request.t)

    async def change_submitted(self, submit: FormSubmit) -> FormOutcome:
        person, t = submit.person, submit.t
        known, place = await self._changeable(submit.record.get("subscription"), person)
        async with self.desk.database.transaction() as session:
            row = await channels.one(session, known.subscription.id)
            if row is None:
                raise PersonError("calendars.channel.gone")
            subscription, calendar, _ = row
            wishes = wishes_of(submit.values, subscription.wishes)
            if wishes.titles and not subscription.titles and known.owner.id != person.id:
                raise PersonError("calendars.channel.only_owner_widens")
            if known.owner.id == person.id:
                subscription.language = person.language
            await channels.change(session, subscription, wishes, submit.now)
            now_known = Listed(subscription, calendar, known.owner, present=True, changeable=True)
            if known.owner.id != person.id:
                told = channels_wording.changed_by(
                    now_known, person, place.channel.display_name, self._t_of(known.owner)
                )
                await self._tell_owner(session, known, told)
        return FormOutcome(channels_wording.changed(now_known, t))

    # --- ending

    async def remove_clicked(self, click: Click) -> ClickReply:
        known, place = await self._changeable(click.record.get("subscription"), click.person)
        async with self.desk.database.transaction() as session:
            row = await channels.one(session, known.subscription.id)
            if row is None:
                raise PersonError("calendars.channel.gone")
            subscription, _, account = row
            await channels.unsubscribe(session, subscription, account.id)
            if not subscription.paused:
                t = self.desk.catalogues.translator(subscription.language)
                message = channels_wording.unsubscribed(known, click.person, t)
                await self._announce(session, known, message)
            if known.owner.id != click.person.id:
                told = channels_wording.removed_by(
                    known, click.person, place.channel.display_name, self._t_of(known.owner)
                )
                await self._tell_owner(session, known, told)
        return ClickReply(ephemeral=click.t("calendars.channel.removed", calendar=known.calendar.name))

    # --- rights

    async def _place(self, channel_id: str, person: Person, t: Translator) -> _Place | Message:
        """The channel and what the person is in it; a message where no calendar can be shown.

        What is learnt of the channel on the way counts: a paused one goes on at once.
        """
        channel = await self._channel(channel_id)
        if channel is None:
            return Message(await self._hint(None, Obstacle.REMOVED, t))
        if channel.is_direct:
            return Message(t("calendars.channel.only_in_channels"))
        found, stands = await asyncio.gather(
            obstacle(self.desk.server, channel.id), standing(self.desk.server, channel, person.user_id)
        )
        async with self.desk.database.reading() as session:
            rows = await channels.find(session, ChannelSubscription.channel_id == channel.id)
        if any(row[0].paused != (found or "") for row in rows):
            await self.watch.note(channel.id, found)
        return _Place(channel, found, stands)

    async def _channel(self, channel_id: str) -> Channel | None:
        """The channel; None when the bot may not see it."""
        if not channel_id:
            raise PersonError("calendars.channel.only_in_channels")
        try:
            return await self.desk.server.channel(channel_id)
        except (PeerForbidden, PeerNotFound):
            return None

    async def _changeable(self, subscription_id: object, person: Person) -> tuple[Listed, _Place]:
        """A subscription that the person may change.

        Raises:
            PersonError: it is gone, or they may not.
        """
        async with self.desk.database.reading() as session:
            row = await channels.one(session, subscription_id)
        if row is None:
            raise PersonError("calendars.channel.gone")
        place = await self._place_of(row[0].channel_id, person)
        async with self.desk.database.reading() as session:
            known = await self._known(session, row, place, person)
        if not known.changeable:
            raise PersonError("calendars.channel.may_not_change", owner=known.owner.display_name)
        return known, place

    async def _place_of(self, channel_id: str, person: Person) -> _Place:
        """As `_place`, but the owner can mend and end it even where the bot may not look any more."""
        channel = await self._channel(channel_id)
        if channel is None:
            nobody = Standing(member=False, may_post=False, admin=False)
            return _Place(Channel(id=channel_id, display_name="…"), Obstacle.REMOVED, nobody)
        return _Place(channel, None, await standing(self.desk.server, channel, person.user_id))

    async def _hint(self, channel: Channel | None, found: Obstacle, t: Translator) -> Markdown:
        """What to do about an obstacle."""
        if found is not Obstacle.REMOVED:
            return channels_wording.obstacle(found, t)
        bot = (await self.desk.server.user(ME)).username
        return channels_wording.how_to_invite(bot, channel is not None and channel.type == "G", t)

    # --- saying

    async def _announce(self, session: AsyncSession, known: Listed, message: Message) -> None:
        """Everybody in the channel sees that something begins or ends."""
        await self.desk.post(session, _word_key(known), known.subscription.channel_id, message)

    async def _tell_owner(self, session: AsyncSession, known: Listed, message: Message) -> None:
        if known.owner.active:
            await self.desk.tell(session, _word_key(known), known.owner, message)

    def _t_of(self, person: Person) -> Translator:
        return self.desk.translator(person)


def _word_key(known: Listed) -> str:
    """The key of a word about a subscription: each act is told, however often it is repeated."""
    return f"{channels.prefix(known.calendar.account_id, known.subscription.id)}word:{secrets.token_hex(8)}"
