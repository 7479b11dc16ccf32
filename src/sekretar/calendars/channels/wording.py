"""What channels are told of a calendar, and what people are told of the channels, in words.

Many people read it, so it always says whose calendar it is, and no word of a stranger can ring anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sekretar.calendars import wording
from sekretar.calendars.channels.subscriptions import ChannelSubscription, Shown, Wishes, veil
from sekretar.calendars.model import Calendar
from sekretar.calendars.reminders.rules import Timeliness
from sekretar.calendars.settings.grammar import format_offsets
from sekretar.calendars.sync.changes import Change
from sekretar.calendars.views.agenda import Agenda
from sekretar.kernel.dates import format_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, code, truncate
from sekretar.mattermost.messages import Attachment, Button, Colour, Message
from sekretar.mattermost.rights import Obstacle

ADD, CHANGE, REMOVE = "calendars.channel.add", "calendars.channel.change", "calendars.channel.remove"

#: More meetings than this are counted, not listed: a channel is no calendar.
MOST_LINES = 40

_NAME_LIMIT = 60


@dataclass(frozen=True)
class Listed:
    """A subscription as it stands in the list of a channel."""

    subscription: ChannelSubscription
    calendar: Calendar
    owner: Person
    #: The owner is still in the channel.
    present: bool
    #: Whoever looks may change and end it.
    changeable: bool


# --- in the channel ---------------------------------------------------------------------------------------


def digest(
    meetings: Sequence[Shown],
    day: date,
    known: Listed,
    t: Translator,
    now: datetime,
    stale_since: datetime | None,
) -> Message:
    """The meetings of a day. `stale_since`: the calendar could not be read since then."""
    wishes = known.subscription.wishes
    agenda = Agenda(day, day, wishes.zone, (), ())
    lines = [_line(each, agenda, t, now) for each in meetings[:MOST_LINES]]
    if more := len(meetings) - len(lines):
        lines.append(t.plural("calendars.channel.more", more))
    if not lines:
        lines = [t("calendars.channel.digest_empty")]
    stale = ""
    if stale_since is not None:
        stale = t("calendars.channel.stale", time=wording.moment(stale_since, agenda.zone, t, now))
    heading = t("calendars.channel.digest", calendar=_name(known.calendar), day=format_day(day, t.language))
    whose = t("calendars.channel.whose", owner=known.owner.display_name, zone=wishes.zone.key)
    return Message(wording.stack(heading, *lines, stale, whose))


def _line(shown: Shown, agenda: Agenda, t: Translator, now: datetime) -> Markdown:
    busy = t.plain("calendars.channel.busy")
    meeting = veil(shown.meeting, busy) if shown.veiled else shown.meeting
    # How the owner has answered is between the attendees.
    return wording.meeting_line(replace(meeting, answer=""), agenda, t, now, crossing=False)


def reminder(shown: Shown, known: Listed, t: Translator, now: datetime, stands: Timeliness) -> Message:
    """A meeting that is about to begin."""
    busy = t.plain("calendars.channel.busy")
    meeting = veil(shown.meeting, busy) if shown.veiled else shown.meeting
    reader = replace(known.owner, zone=known.subscription.wishes.zone, language=t.language)
    message = wording.reminder(meeting, reader, t, now, stands)
    return _signed(message, known.calendar, known.owner, t)


def change(
    news: Change, owner: Person, subscription: ChannelSubscription, calendar: Calendar, t: Translator
) -> Message:
    """What happened to a meeting."""
    reader = replace(owner, zone=subscription.wishes.zone, language=t.language)
    return _signed(wording.change(news, reader, t).without_actions(), calendar, owner, t)


def _signed(message: Message, calendar: Calendar, owner: Person, t: Translator) -> Message:
    footer = t.plain("calendars.channel.footer", calendar=_name(calendar), owner=owner.display_name)
    first, *rest = message.attachments or (Attachment(),)
    return replace(message, attachments=(replace(first, footer=footer), *rest))


def subscribed(known: Listed, t: Translator) -> Message:
    """The channel learns what it will hear."""
    head = t("calendars.channel.subscribed", name=known.owner.display_name, calendar=_name(known.calendar))
    text = wording.stack(*summary(known.subscription.wishes, t), t("calendars.channel.how_to_change"))
    return Message(head, (Attachment(text=text, fallback=head),))


def unsubscribed(known: Listed, actor: Person, t: Translator) -> Message:
    """The channel learns that it will hear no more."""
    return Message(
        t("calendars.channel.unsubscribed", name=actor.display_name, calendar=_name(known.calendar))
    )


def goodbye(owner: Person, t: Translator) -> Message:
    """The owner has disconnected the account of the calendars."""
    return Message(t("calendars.channel.goodbye", owner=owner.display_name))


def calendar_gone(known_name: str, owner: Person, t: Translator) -> Message:
    """The calendar was deleted on its server."""
    return Message(t("calendars.channel.calendar_gone", calendar=_cut(known_name), owner=owner.display_name))


# --- for one person ---------------------------------------------------------------------------------------


def listing(
    listed: Sequence[Listed], hint: Markdown | None, may_add: bool, channel_id: str, t: Translator
) -> Message:
    """What the channel shows. `hint`: what keeps Sekretar from writing there."""
    heading = t("calendars.channel.list") if listed else t("calendars.channel.empty")
    attachments = [_listed(each, t) for each in listed]
    if hint is not None:
        attachments.insert(0, Attachment(color=Colour.AMBER, text=hint))
    elif may_add:
        add = Button(t.plain("calendars.channel.add_button"), ADD, {"channel": channel_id}, style="primary")
        attachments.append(Attachment(actions=(add,)))
    return Message(heading, tuple(attachments))


def _listed(each: Listed, t: Translator) -> Attachment:
    subscription = each.subscription
    owner = t("calendars.channel.owner", owner=each.owner.display_name, username=each.owner.username)
    notes = [
        t("calendars.channel.owner_inactive") if not each.owner.active else "",
        t("calendars.channel.owner_left") if each.owner.active and not each.present else "",
        t("calendars.channel.hidden") if not each.calendar.chosen else "",
        obstacle(Obstacle(subscription.paused), t) if subscription.paused else "",
    ]
    record = {"subscription": subscription.id}
    buttons = (
        Button(t.plain("calendars.channel.change_button"), CHANGE, record),
        Button(t.plain("calendars.channel.remove_button"), REMOVE, record, style="danger"),
    )
    return Attachment(
        color=Colour.AMBER if any(notes) else Colour.BLUE,
        title=_name(each.calendar),
        text=wording.stack(owner, *summary(subscription.wishes, t), *notes),
        actions=buttons if each.changeable else (),
    )


_OBSTACLES = {each: f"calendars.channel.obstacle_{each.value}" for each in Obstacle}


def obstacle(found: Obstacle, t: Translator) -> Markdown:
    """Why nothing is said in a channel."""
    return t(_OBSTACLES[found])


def how_to_invite(bot: str, group: bool, t: Translator) -> Markdown:
    """How the bot gets into the channel."""
    if group:
        return t("calendars.channel.invite_group", bot=bot)
    return t("calendars.channel.invite", command=code(f"/invite @{bot}"))


def summary(wishes: Wishes, t: Translator) -> list[Markdown]:
    """What is told, a line each."""
    return [
        _digest_summary(wishes, t),
        _reminders_summary(wishes, t),
        t("calendars.channel.changes_on" if wishes.changes else "calendars.channel.changes_off"),
        t("calendars.channel.titles_on" if wishes.titles else "calendars.channel.titles_off"),
    ]


def _digest_summary(wishes: Wishes, t: Translator) -> Markdown:
    if wishes.digest_at is None:
        return t("calendars.channel.digest_off")
    key = "calendars.channel.digest_every_day" if wishes.every_day else "calendars.channel.digest_workdays"
    return t(key, time=f"{wishes.digest_at:%H:%M}", zone=wishes.zone.key)


def _reminders_summary(wishes: Wishes, t: Translator) -> Markdown:
    ahead = [each for each in wishes.reminders if each]
    when = [t.plain("calendars.channel.before", offsets=format_offsets(ahead, t.language))] if ahead else []
    if 0 in wishes.reminders:
        when.append(t.plain("calendars.channel.at_start"))
    if not when:
        return t("calendars.channel.reminders_off")
    return t("calendars.channel.reminders_on", when=", ".join(when))


def changed(known: Listed, t: Translator) -> Message:
    """The answer to whoever has changed a subscription."""
    head = t("calendars.channel.changed", calendar=_name(known.calendar))
    text = wording.stack(*summary(known.subscription.wishes, t))
    return Message(head, (Attachment(color=Colour.GREEN, text=text),))


def changed_by(known: Listed, actor: Person, channel: str, t: Translator) -> Message:
    """The owner learns that somebody else has changed what a channel hears."""
    head = t(
        "calendars.channel.changed_by",
        name=actor.display_name,
        calendar=_name(known.calendar),
        channel=_cut(channel),
    )
    return Message(head, (Attachment(text=wording.stack(*summary(known.subscription.wishes, t))),))


def removed_by(known: Listed, actor: Person, channel: str, t: Translator) -> Message:
    """The owner learns that somebody else has ended a subscription."""
    return Message(
        t(
            "calendars.channel.removed_by",
            name=actor.display_name,
            calendar=_name(known.calendar),
            channel=_cut(channel),
        )
    )


def paused(calendar: Calendar, channel: str, found: Obstacle, t: Translator) -> Message:
    """The owner learns, once, that nothing can be said in a channel."""
    head = t("calendars.channel.paused", calendar=_name(calendar), channel=_cut(channel))
    return Message(Markdown(f"{head} {obstacle(found, t)}"))


def resumed(calendar: Calendar, channel: str, t: Translator) -> Message:
    """The owner learns that it can be said again."""
    return Message(t("calendars.channel.resumed", calendar=_name(calendar), channel=_cut(channel)))


def _name(calendar: Calendar) -> str:
    return _cut(calendar.name)


def _cut(name: str) -> str:
    return truncate(name, _NAME_LIMIT)
