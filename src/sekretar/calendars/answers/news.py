"""Telling whoever called a meeting what its attendees have answered: one message a look, in the meeting's thread."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.calendars.answers.attending import Part, part_in
from sekretar.calendars.answers.diff import Given, Roll, others
from sekretar.calendars.ics.events import PartStat
from sekretar.calendars.keys import answers_key, meeting_key
from sekretar.calendars.model import CalendarAccount, StoredOccurrence
from sekretar.calendars.settings import preferences
from sekretar.calendars.sync import refreshing
from sekretar.calendars.sync.happenings import is_mine
from sekretar.calendars.wording import title_of
from sekretar.kernel.dates import format_day
from sekretar.kernel.i18n import Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown, escape, truncate
from sekretar.mattermost import sent
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Colour, Message

#: Names in one message; the details view has all of them.
MOST_NAMES = 20
#: Names of those who have not answered.
MOST_WAITING = 10
_NAME_LIMIT = 60

_KEYS = {
    PartStat.ACCEPTED.value: "calendars.replies.accepted",
    PartStat.TENTATIVE.value: "calendars.replies.tentative",
    PartStat.DECLINED.value: "calendars.replies.declined",
}
_SIGNS = {PartStat.ACCEPTED.value: "✅", PartStat.TENTATIVE.value: "❔", PartStat.DECLINED.value: "❌"}


@dataclass(frozen=True)
class Answers:
    """New answers to one object of a calendar of the owner."""

    owner: Person
    account_id: int
    object_id: int
    uid: str
    href: str
    given: tuple[Given, ...]
    now: datetime


def rolls(rows: Iterable[dict[str, Any] | StoredOccurrence]) -> list[Roll]:
    """Stored or freshly read occurrences as they are compared."""
    return [_roll(each) for each in rows]


def _roll(row: dict[str, Any] | StoredOccurrence) -> Roll:
    value = row.__getitem__ if isinstance(row, dict) else row.__getattribute__
    return Roll(
        value("recurrence_id"),
        value("starts_at"),
        value("ends_at"),
        value("cancelled"),
        tuple(value("attendees")),
    )


async def tell(desk: Desk, session: AsyncSession, news: Answers) -> None:
    """Say it to the owner, if the meeting is theirs and they want to know. The new answers are stored already."""
    person = news.owner
    if not news.given or not person.active:
        return
    stored = (
        await session.scalars(
            select(StoredOccurrence)
            .where(StoredOccurrence.object_id == news.object_id, StoredOccurrence.ends_at > news.now)
            .order_by(StoredOccurrence.starts_at)
        )
    ).all()
    account = await session.get(CalendarAccount, news.account_id)
    if account is None or not stored or part_in(stored[0], account.addresses) is not Part.OWNER:
        return
    told = others(news.given, account.addresses)
    told = await _unknown(session, news, told)
    if not told or not (await preferences.read(session, person.id)).tells(preferences.News.ANSWERS):
        return
    await refreshing.count_change(session, news.account_id)
    asked = next((each for each in stored if each.starts_at == told[0].start), stored[0])
    waiting = [each for each in asked.attendees if _waits(each, account.addresses)]
    message = answers(stored[0].title, told, waiting, person, desk.translator(person), news.now)
    first = meeting_key(news.account_id, news.uid)
    known = bool(await sent.lane_of(session, first))
    await desk.tell(
        session,
        answers_key(news.account_id, news.uid, news.href, news.now),
        person,
        message,
        reply_to=first if known else "",
        expires_at=stored[-1].ends_at,
    )


async def _unknown(session: AsyncSession, news: Answers, told: Sequence[Given]) -> tuple[Given, ...]:
    """Without what another copy of the meeting has told already."""
    query = select(StoredOccurrence).where(
        StoredOccurrence.person_id == news.owner.id,
        StoredOccurrence.uid == news.uid,
        StoredOccurrence.object_id != news.object_id,
        StoredOccurrence.ends_at > news.now,
    )
    known = {
        (each["address"], each["answer"]) for copy in await session.scalars(query) for each in copy.attendees
    }
    return tuple(each for each in told if (each.address, each.answer) not in known)


def _waits(attendee: Mapping[str, Any], own: Collection[str]) -> bool:
    """Whether somebody else has still to answer."""
    return attendee["answer"] == PartStat.NEEDS_ACTION and not is_mine(attendee["address"], own)


def answers(
    title: str,
    told: Sequence[Given],
    waiting: Sequence[Mapping[str, Any]],
    person: Person,
    t: Translator,
    now: datetime,
) -> Message:
    """Who has answered what, and who has not yet."""
    head = t("calendars.replies.heading", title=title_of(title, t))
    lines = [_line(each, person, t, now) for each in told[:MOST_NAMES]]
    if rest := len(told) - len(lines):
        lines.append(t.plural("calendars.details.more", rest))
    if waiting:
        names = [_name(each["name"], each["address"]) for each in waiting[:MOST_WAITING]]
        more = [f"+{len(waiting) - len(names)}"] if len(waiting) > len(names) else []
        said = t("calendars.replies.waiting", names=Markdown(", ").join([*names, *more]))
        lines.append(Markdown(f"⏳ {said}"))
    attachment = Attachment(color=Colour.BLUE, text=Markdown("\n").join(lines), fallback=head)
    return Message(Markdown(f"💬 {head}"), (attachment,))


def _name(name: str, address: str) -> Markdown:
    return escape(truncate(" ".join((name or address).split()), _NAME_LIMIT))


def _line(each: Given, person: Person, t: Translator, now: datetime) -> Markdown:
    name = Markdown(f"**{_name(each.name, each.address)}**")
    line = f"{_SIGNS[each.answer]} {t(_KEYS[each.answer], name=name)}"
    if each.start is not None:
        today = now.astimezone(person.zone).date()
        line += f" ({format_day(each.start.astimezone(person.zone).date(), t.language, today)})"
    return Markdown(line)
