"""Where troubles of a desk are seen: each source says what it watches, and how that is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.registry import standing as registry
from sekretar.dispatch.assets.registry.importing import feeds
from sekretar.dispatch.assets.values import Feed
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.letters.standing import backlogs
from sekretar.dispatch.mail.mailboxes import Mailboxes
from sekretar.dispatch.mail.model import Direction, LetterRow, LetterState
from sekretar.dispatch.mail.trouble import Standing
from sekretar.dispatch.mirror.model import MirrorCursorRow
from sekretar.dispatch.mirror.values import Hindrance
from sekretar.dispatch.operations.troubles import Kind, Trouble, Watched
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.hours import ProblemKind
from sekretar.dispatch.sla.keeping import Slas
from sekretar.kernel.backups.keeping import TASK as BACKUP
from sekretar.kernel.health import Health

#: Looks at one desk. What it does not name any more is forgotten without a word.
Source = Callable[[AsyncSession, DeskSettings, datetime], Awaitable[Sequence[Watched]]]

#: A mail server may be away for so long before somebody has to know that letters wait.
SENDING_PATIENCE = timedelta(minutes=15)

#: Of the incidents of unreadable letters.
_MOST_NAMED = 5

_LISTS = {Feed.POLES: Kind.POLES, Feed.STATIONS: Kind.STATIONS, Feed.CONTRACTORS: Kind.CONTRACTORS}


def mailboxes_of(mailboxes: Mailboxes) -> Source:
    """Whether the mailboxes can be read."""

    async def look(session: AsyncSession, desk: DeskSettings, now: datetime) -> Sequence[Watched]:
        return [_mailbox(each) for each in mailboxes.standings() if each.desk == desk.name]

    return look


def _mailbox(standing: Standing) -> Watched:
    subject, trouble = f"mailbox:{standing.mailbox}", standing.trouble
    if trouble is None:
        return Watched(subject, known=standing.read_at is not None)
    if not trouble.is_certain:
        return Watched(subject, known=False)
    kind = Kind(f"mailbox.{trouble.kind.value}")
    return Watched(subject, Trouble(subject, kind, trouble.since, standing.mailbox, trouble.detail))


async def sending(session: AsyncSession, desk: DeskSettings, now: datetime) -> Sequence[Watched]:
    """Whether the mailboxes get rid of their letters."""
    stuck = {each.mailbox: each for each in await backlogs(session, now - SENDING_PATIENCE)}
    found = []
    for box in desk.mailboxes:
        address = box.address.casefold()
        subject, backlog = f"sending:{address}", stuck.get(address)
        if not box.smtp_host or backlog is None:
            found.append(Watched(subject))
            continue
        params = {"count": backlog.letters}
        trouble = Trouble(subject, Kind.SENDING, backlog.since, address, backlog.problem, params)
        found.append(Watched(subject, trouble))
    return found


async def unreadable(session: AsyncSession, desk: DeskSettings, now: datetime) -> Sequence[Watched]:
    """Letters of which nothing could be made, as long as the incident that each of them made is open."""
    subject = "letters:unreadable"
    query = (
        select(LetterRow.id, LetterRow.created_at, IncidentRow.code)
        .outerjoin(IncidentRow, IncidentRow.id == LetterRow.incident_id)
        .where(
            LetterRow.desk == desk.name,
            LetterRow.state == LetterState.UNREADABLE,
            LetterRow.direction == Direction.IN,
            or_(LetterRow.incident_id.is_(None), IncidentRow.finished_at.is_(None)),
        )
        .order_by(LetterRow.id)
    )
    rows = (await session.execute(query)).all()
    if not rows:
        return [Watched(subject)]
    codes = [row.code for row in rows if row.code]
    named = ", ".join(codes[:_MOST_NAMED]) + (", …" if len(codes) > _MOST_NAMED else "")
    params = {"count": len(rows)}
    mark = str(rows[-1].id)
    return [
        Watched(
            subject,
            Trouble(subject, Kind.UNREADABLE, rows[0].created_at, detail=named, params=params, mark=mark),
        )
    ]


async def lists(session: AsyncSession, desk: DeskSettings, now: datetime) -> Sequence[Watched]:
    """Whether the lists of assets are taken over."""
    known = {each.feed: each for each in await registry.troubles(session, desk.name)}
    found = []
    for feed, _ in feeds(desk.registry):
        subject, trouble = f"list:{feed.value}", known.get(feed)
        if trouble is None:
            found.append(Watched(subject))
            continue
        wrong = Trouble(subject, _LISTS[feed], trouble.since, detail=trouble.remark)
        found.append(Watched(subject, wrong))
    return found


async def mirror(session: AsyncSession, desk: DeskSettings, now: datetime) -> Sequence[Watched]:
    """Whether the tracker that shows the incidents can be worked with."""
    if desk.mirror is None:
        return []
    subject, row = f"tracker:{desk.mirror.tracker}", await session.get(MirrorCursorRow, desk.name)
    if row is None or row.tracker != desk.mirror.tracker:
        return [Watched(subject, known=False)]
    if not row.failures:
        return [Watched(subject)]
    since = row.read_at or now
    kind = Kind(f"tracker.{row.hindrance or Hindrance.DOWN.value}")
    return [Watched(subject, Trouble(subject, kind, since, desk.mirror.tracker, row.problem))]


def backups_of(health: Health) -> Source:
    """Whether backups are made, where they are to be made."""

    async def look(session: AsyncSession, desk: DeskSettings, now: datetime) -> Sequence[Watched]:
        component = health.component(BACKUP)
        if component is None:
            return []
        if component.ready:
            return [Watched("backup")]
        if component.detail == "starting":
            return [Watched("backup", known=False)]
        return [Watched("backup", Trouble("backup", Kind.BACKUP, component.since, detail=component.detail))]

    return look


def calendars_of(slas: Slas) -> Source:
    """Whether the working hours can be reckoned with."""

    async def look(session: AsyncSession, desk: DeskSettings, now: datetime) -> Sequence[Watched]:
        problems = (await slas.problems(session)).get(desk.name, [])
        years = sorted({each.year for each in problems if each.kind is ProblemKind.YEAR_MISSING})
        closed = any(each.kind is ProblemKind.NEVER_OPEN for each in problems)
        named = ", ".join(map(str, years))
        of_year = Trouble("calendar:year", Kind.CALENDAR_YEAR, now, named, mark=named)
        of_hours = Trouble("calendar:closed", Kind.CALENDAR_CLOSED, now)
        return [
            Watched("calendar:year", of_year if years else None),
            Watched("calendar:closed", of_hours if closed else None),
        ]

    return look
