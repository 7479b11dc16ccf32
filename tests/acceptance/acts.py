"""What people do again and again, each in a line."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.acceptance.diaries import Diary
from tests.acceptance.office import Office
from tests.peers_chat import PASSWORD

from sekretar.kernel.clock import SystemClock
from sekretar.sandbox.human import Human
from sekretar.sandbox.rest import Rest
from sekretar.sandbox.seen import DialogSeen, SeenPost

#: What the message says that shows the first day of a connected calendar.
READY = ("готов", "is ready")


def now() -> datetime:
    return SystemClock().now()


def in_minutes(minutes: float) -> datetime:
    """A start so many minutes from now."""
    return now() + timedelta(minutes=minutes)


def today_at(hour: int, zone: str) -> datetime:
    """A full hour of the present day of that zone."""
    return datetime.combine(now().astimezone(ZoneInfo(zone)).date(), time(hour), ZoneInfo(zone)).astimezone(
        UTC
    )


def daytime_zone() -> str:
    """A zone in which it is about eleven now, so that today's meetings stay today's."""
    east = 11 - now().hour
    return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"


def clock_time(moment: datetime, zone: str) -> str:
    """A moment as people write it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def about(*words: str) -> Callable[[SeenPost], bool]:
    """Accepts a post in which all the words stand; what keeps names from being mentions is not read."""
    return lambda post: not post.deleted and all(word in plain(post.text) for word in words)


def plain(text: str) -> str:
    """The text as it looks: without the invisible joiners in foreign text."""
    return text.replace("\u2060", "")


def pressable(label: str) -> Callable[[SeenPost], bool]:
    """Accepts a post with this button."""
    return lambda post: not post.deleted and post.control(label) is not None


async def ask_to_connect(office: Office, human: Human, provider: str = "other") -> DialogSeen:
    """The dialog of `/calendar connect`."""
    await human.slash(f"/calendar connect {provider}", await office.home(human))
    return await human.dialog()


def account(diary: Diary) -> dict[str, str]:
    """The answers to that dialog."""
    return {"address": diary.url, "login": diary.login, "password": diary.password}


async def connect(office: Office, human: Human, diary: Diary) -> SeenPost:
    """Connect a calendar and wait for its first day; returns the message that shows it."""
    mark = human.mark()
    dialog = await ask_to_connect(office, human)
    errors = await human.submit_dialog(dialog, account(diary))
    assert errors == {}
    return await human.wait_for(
        lambda post: diary.login in post.text and any(word in post.text for word in READY), since=mark
    )


async def open_channel(office: Office, *people: Human, bot: bool = True, kind: str = "O") -> str:
    """A channel that the first of the people has made, and so looks after."""
    founder, *others = people
    name = f"team-{secrets.token_hex(4)}"
    body = {"team_id": office.team_id, "name": name, "display_name": "Команда", "type": kind}
    hand = Rest(office.server.session, office.server.url, "")
    await hand.sign_in(founder.username, PASSWORD)
    channel_id = str((await hand.post("/channels", body))["id"])
    for one in others:
        await hand.post(f"/channels/{channel_id}/members", {"user_id": one.user_id})
    if bot:
        await invite(office, channel_id)
    return channel_id


async def bot_id(office: Office) -> str:
    """The user behind the office's bot."""
    return str((await office.server.admin.get(f"/users/username/{office.bot}"))["id"])


async def invite(office: Office, channel_id: str) -> None:
    """Have the bot in a channel."""
    team = f"/teams/{office.team_id}/members"
    bot = await bot_id(office)
    await office.server.admin.post(team, {"team_id": office.team_id, "user_id": bot})
    await office.server.admin.post(f"/channels/{channel_id}/members", {"user_id": bot})


async def today(office: Office, human: Human) -> str:
    """What `/calendar today` says."""
    return (await human.slash("/calendar today", await office.home(human))).text


def times_seen(human: Human, *words: str, since: int = 0) -> int:
    """How many posts (not edits of them) with these words came."""
    fits = about(*words)
    return len({post.id for post in human.seen(since) if post.sighting == "posted" and fits(post)})
