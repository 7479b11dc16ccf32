"""What happens to a meeting, told in the channels that show its calendar.

It is decided where the owner's own news are decided and in the same transaction, but apart from them: what the owner
wants to hear, or has done themselves, is no matter to the channel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.channels import subscriptions as channels
from sekretar.calendars.channels import wording as channels_wording
from sekretar.calendars.channels.subscriptions import ChannelSubscription, SubscriptionRow
from sekretar.calendars.keys import change_key, meeting_key
from sekretar.calendars.model import Calendar, CalendarObject, StoredOccurrence
from sekretar.calendars.sync.changes import VISIBLE_FIELDS, Change, Kind, Seen
from sekretar.calendars.sync.reading import seen, unpack
from sekretar.kernel.i18n import Catalogues
from sekretar.kernel.people import Person
from sekretar.mattermost import outgoing, sent
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Message, Rendered

#: What a channel hears of; how somebody answered is between the attendees.
_TOLD = (Kind.ADDED, Kind.MOVED, Kind.EDITED, Kind.CANCELLED)


@dataclass(frozen=True)
class News:
    """A change of one object of a calendar."""

    owner: Person
    account_id: int
    row: CalendarObject
    uid: str
    change: Change
    now: datetime
    #: The object was nobody else's business before, and what is told quotes that.
    was_private: bool = False


async def tell(desk: Desk, session: AsyncSession, news: News) -> None:
    """Say it in every channel that wants to hear of changes and does not know it yet."""
    if news.change.kind not in _TOLD or not news.owner.active:
        return
    rows = await channels.find(
        session,
        ChannelSubscription.calendar_id == news.row.calendar_id,
        ChannelSubscription.changes.is_(True),
        ChannelSubscription.paused == "",
    )
    for row in rows:
        await _tell(desk, session, news, row)


async def _tell(desk: Desk, session: AsyncSession, news: News, row: SubscriptionRow) -> None:
    subscription, calendar, account = row
    t = desk.catalogues.translator(subscription.language)
    private = news.was_private or channels.is_private(unpack(news.row.data))
    shown = news.change
    if private or not subscription.titles:
        shown = _veiled(shown, t.plain("calendars.channel.busy"))
        if shown.kind is Kind.EDITED:
            return
    if not await _is_new_to(session, news, subscription.channel_id):
        return
    own = channels.key(account.id, subscription.id, meeting_key(account.id, news.uid))
    first = await _first_of(session, news, subscription, own)
    later = change_key(account.id, news.uid, news.row.href, news.now, shown.kind)
    message = channels_wording.change(shown, news.owner, subscription, calendar, t)
    await desk.post(
        session,
        channels.key(account.id, subscription.id, later) if first else own,
        subscription.channel_id,
        message,
        reply_to=first,
        expires_at=news.change.matters_until,
    )


def _veiled(change: Change, busy: str) -> Change:
    def without(known: Seen | None) -> Seen | None:
        if known is None:
            return None
        return replace(known, title=busy, place="", description="", join_url="")

    return replace(change, before=without(change.before), after=without(change.after))


async def _is_new_to(session: AsyncSession, news: News, channel_id: str) -> bool:
    """Whether the channel does not know it from another calendar: the first copy is told, and the last to go."""
    known = (
        select(ChannelSubscription.calendar_id)
        .join(Calendar, Calendar.id == ChannelSubscription.calendar_id)
        .where(
            ChannelSubscription.channel_id == channel_id,
            ChannelSubscription.changes.is_(True),
            ChannelSubscription.paused == "",
            Calendar.chosen.is_(True),
        )
    )
    told = news.change.occurrence
    query = select(StoredOccurrence).where(
        StoredOccurrence.calendar_id.in_(known),
        StoredOccurrence.uid == news.uid,
        StoredOccurrence.starts_at == told.start,
        StoredOccurrence.object_id != news.row.id,
        StoredOccurrence.cancelled.is_(False),
    )
    copies = seen((await session.scalars(query)).all())
    if news.change.kind is Kind.EDITED:
        copies = [each for each in copies if _look_alike(each, told)]
    return not copies


def _look_alike(one: Seen, other: Seen) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("end", *VISIBLE_FIELDS))


async def _first_of(session: AsyncSession, news: News, subscription: ChannelSubscription, own: str) -> str:
    """The key of the first message about the meeting in this channel, from whichever calendar; empty if none."""
    if await sent.lane_of(session, own):
        return own
    others = await channels.find(
        session,
        ChannelSubscription.channel_id == subscription.channel_id,
        ChannelSubscription.id != subscription.id,
    )
    for other, _, account in others:
        first = channels.key(account.id, other.id, meeting_key(account.id, news.uid))
        if await sent.lane_of(session, first):
            return first
    return ""


async def say_goodbye(session: AsyncSession, account_id: int, owner: Person, now: datetime) -> None:
    """Tell each channel once that the owner disconnects the account whose calendars it shows.

    Before the account is deleted, in the same transaction. The key and the words name nothing of the account: they
    outlive it.
    """
    rows = await channels.find(session, Calendar.account_id == account_id, ChannelSubscription.paused == "")
    languages = {row[0].channel_id: row[0].language for row in rows}
    for channel_id, language in languages.items():
        message = channels_wording.goodbye(owner, Catalogues.load().translator(language))
        await _say_last(session, f"channel-goodbye:{account_id}:{channel_id}", channel_id, message, now)


async def say_gone(session: AsyncSession, calendar: Calendar, owner: Person, now: datetime) -> None:
    """Tell the channels that the calendar they show was deleted on its server; before it is deleted here."""
    rows = await channels.find(
        session, ChannelSubscription.calendar_id == calendar.id, ChannelSubscription.paused == ""
    )
    for subscription, _, account in rows:
        t = Catalogues.load().translator(subscription.language)
        message = channels_wording.calendar_gone(calendar.name, owner, t)
        key = f"{channels.prefix(account.id, subscription.id)}gone"
        await _say_last(session, key, subscription.channel_id, message, now)


async def _say_last(
    session: AsyncSession, key: str, channel_id: str, message: Message, now: datetime
) -> None:
    rendered = Rendered(str(message.text), {"attachments": []})
    await outgoing.post(session, outgoing.Post(key, channel_id, rendered), now)
