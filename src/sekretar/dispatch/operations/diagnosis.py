"""What the doctor looks at in a desk beside its mailboxes and lists: channels, people, templates, the mirror."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from sekretar.dispatch.assignment.shifts import next_begin
from sekretar.dispatch.assignment.team import Member, Role, Team
from sekretar.dispatch.channels import Purpose, named
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.letters.model import TemplateRow
from sekretar.dispatch.letters.templates import checked_template
from sekretar.dispatch.letters.values import Purpose as LetterPurpose
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.dispatch.mirror.scheme import read_scheme
from sekretar.dispatch.mirror.values import MirrorState
from sekretar.dispatch.settings import DeskSettings, MirrorSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerError, PeerForbidden, PeerNotFound, PersonError
from sekretar.kernel.i18n import Catalogues
from sekretar.mattermost.desk import ChatServer
from sekretar.mattermost.doctor import Finding, failure, fine, skipped, warning
from sekretar.mattermost.rights import Obstacle, obstacle
from sekretar.trackers.port import TrackerSite

#: Named by the doctor, of those with a trouble.
_MOST_TICKETS = 5

_OBSTACLES = {
    Obstacle.REMOVED: "the bot is not a member",
    Obstacle.ARCHIVED: "it is archived",
    Obstacle.MUTED: "the bot may not write there",
    Obstacle.GONE: "it is gone",
}


def people_name(desk: str) -> str:
    """What the check of the people is called."""
    return f"people:{desk}"


def templates_name(desk: str) -> str:
    """What the check of the templates is called."""
    return f"templates:{desk}"


def tickets_name(desk: str) -> str:
    """What the check of the tickets in the tracker is called."""
    return f"tickets:{desk}"


async def diagnose_channels(desk: DeskSettings, server: ChatServer) -> Finding:
    """Whether the desk can speak in its channels."""
    check = f"desk:{desk.name}"
    names = list(dict.fromkeys(named(desk, purpose) for purpose in Purpose))
    try:
        wrong = [f"{name}: {why}" for name in names if (why := await _hindrance(server, name))]
    except PeerError as error:
        return skipped(check, f"Mattermost does not answer: {error.detail}")
    if wrong:
        return failure(
            check,
            "; ".join(wrong),
            "Invite the bot into the channel and let members write there, or correct channel and operations_channel"
            " in the file of the desks: team/channel, the names in the channel's address.",
        )
    return fine(check, f"the bot may write in {' and '.join(names)}")


async def _hindrance(server: ChatServer, name: str) -> str:
    """Why nothing can be said in a channel; empty when something can."""
    try:
        channel = await server.channel_by_name(*name.split("/"))
    except (PeerNotFound, PeerForbidden):
        return "there is no such channel, or the bot is not a member"
    hindrance = await obstacle(server, channel.id)
    return _OBSTACLES[hindrance] if hindrance else ""


async def diagnose_people(desk: DeskSettings, team: Team, clock: Clock, database: Database) -> Finding:
    """Whether there is anybody to whom incidents can be given."""
    check, now = people_name(desk.name), clock.now()
    async with database.reading() as session:
        members = await team.members(session, desk.name, now)
    dispatchers = [each for each in members if each.role is Role.DISPATCHER]
    word = "dispatcher" if len(dispatchers) == 1 else "dispatchers"
    if not desk.assignment.automatic:
        return fine(check, f"{len(dispatchers)} {word}; incidents are taken, not given")
    if not dispatchers:
        return warning(
            check,
            "nobody is a dispatcher: incidents are given to nobody",
            "Add people with `/incident people add @name` in the chat, or set automatic = false under"
            " [desk.assignment].",
        )
    at_work = [each for each in dispatchers if team.works(desk.name, each, now)]
    if at_work:
        return fine(check, f"{len(dispatchers)} {word}, {len(at_work)} at work now")
    return _nobody(check, f"{len(dispatchers)} {word}, nobody at work now", dispatchers, clock)


def _nobody(check: str, seen: str, dispatchers: Sequence[Member], clock: Clock) -> Finding:
    border = next_begin({each.person.id: each.schedule for each in dispatchers}, clock.now())
    if border is not None:
        return fine(check, f"{seen}; the next shift begins at {border.at:%Y-%m-%d %H:%M} UTC")
    return warning(
        check,
        f"{seen}, nor in the next weeks",
        "Write down shifts with `/incident shifts set @name mon-fri 9-18` in the chat, or set shifts = false under"
        " [desk.assignment].",
    )


async def diagnose_templates(desk: DeskSettings, database: Database) -> Finding:
    """Whether the texts that the desk has written for its letters can still be filled in."""
    check, t = templates_name(desk.name), Catalogues.load().translator("en")
    async with database.reading() as session:
        query = select(TemplateRow).where(TemplateRow.desk == desk.name)
        rows = list(await session.scalars(query.order_by(TemplateRow.purpose, TemplateRow.language)))
    wrong = []
    for row in rows:
        try:
            checked_template(LetterPurpose(row.purpose), row.text)
        except PersonError as error:
            wrong.append(f"{row.purpose} ({row.language}): {t.plain_error(error)}")
    if wrong:
        return failure(check, "; ".join(wrong), "Write them anew in the chat, or go back to the usual ones.")
    return fine(check, f"{len(rows)} of its own, the others are the usual ones" if rows else "the usual ones")


async def diagnose_mirror(
    desk: DeskSettings, mirror: MirrorSettings, sites: Mapping[str, TrackerSite]
) -> Finding:
    """Whether the tracker has what the settings of the mirror name."""
    check = f"mirror:{desk.name}"
    site = sites.get(mirror.tracker)
    if site is None:
        return failure(
            check,
            f"there is no tracker {mirror.tracker}",
            f"Name it in SEKRETAR_TRACKERS, or correct desk.mirror; there are: {', '.join(sites) or 'none'}.",
        )
    try:
        missing = (await read_scheme(site.service(), desk, mirror)).missing
    except PeerNotFound:
        missing = (f"the project {mirror.project}",)
    except PeerError as error:
        return failure(check, f"{mirror.tracker}: {error.detail}", "See the check of the tracker itself.")
    if missing:
        return failure(
            check,
            f"{mirror.tracker} does not have {'; '.join(missing)}",
            "Correct project, type, fields and statuses under [desk.mirror]; keys and names are taken alike.",
        )
    there = f"{len(mirror.fields)} fields and {len(mirror.statuses)} statuses"
    return fine(check, f"{mirror.tracker} {mirror.project}: {there} are there")


async def diagnose_tickets(desk: DeskSettings, database: Database) -> Finding:
    """Whether every open incident is shown in the tracker, and for how long yet."""
    check = tickets_name(desk.name)
    async with database.reading() as session:
        query = select(IncidentRow.code, MirrorRow).join(MirrorRow, MirrorRow.incident_id == IncidentRow.id)
        query = query.where(IncidentRow.desk == desk.name, IncidentRow.finished_at.is_(None))
        rows = [(code, row) for code, row in await session.execute(query.order_by(IncidentRow.id))]
    wrong = [f"{code}: {said}" for code, row in rows if (said := _ticket_trouble(row))]
    if wrong:
        more = [f"and {len(wrong) - _MOST_TICKETS} more"] if len(wrong) > _MOST_TICKETS else []
        return warning(
            check,
            "; ".join([*wrong[:_MOST_TICKETS], *more]),
            "In place of a lost or locked ticket `/incident ticket` makes a new one; for what is refused, see to the"
            " rights of the service account.",
        )
    present = desk.mirror.project if desk.mirror is not None else ""
    elsewhere = Counter(row.project for _, row in rows if row.key and row.project not in ("", present))
    stay = [
        f"; {count} in {project}, where their tickets stay until they end"
        for project, count in elsewhere.items()
    ]
    return fine(check, "".join([f"{len(rows)} open incidents, none with a trouble in the tracker", *stay]))


def _ticket_trouble(row: MirrorRow) -> str:
    if row.state == MirrorState.GONE:
        return f"{row.key} was deleted or is out of sight"
    if row.state == MirrorState.FULL:
        return f"{row.key} is locked"
    if row.problem:
        return f"{row.key or 'no ticket yet'}, {row.problem}"
    return f"{row.key} will be locked soon" if row.warned else ""
