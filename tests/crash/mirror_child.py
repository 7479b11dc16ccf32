"""A process that mirrors incidents in a tracker, and is killed in the middle: the victim of `test_mirror`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import event
from tests.crash.outbox_child import Fate
from tests.integration.dispatch.house import NOW, House, open_house

from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.mail import noting
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.trackers.redmine import RedmineSite
from sekretar.trackers.settings import RedmineSettings, YandexSettings
from sekretar.trackers.yandex import YandexSite

_MAILBOX, _FOLDER = "desk@example.test", "INBOX"
_WRITES = ("create", "change", "transition", "comment", "link", "upload")
_LETTER = """\
From: Ivan <ivan{number}@operator.test>
To: desk@example.test
Subject: {subject}
Message-ID: <{which}{number}@operator.test>
References: <first{number}@operator.test>
Date: Wed, 04 Mar 2026 09:00:00 +0000

"""


@dataclass(frozen=True)
class Scene:
    """Where a life takes place; it is handed to another process.

    Attributes:
        desk: Settings of the desk.
        tracker: Settings of its tracker, as `SEKRETAR_TRACKERS` has them.
        every_commit: Whether each transaction is a step, beside each write into the tracker.
    """

    database: str
    desk: Mapping[str, Any]
    tracker: Mapping[str, Any]
    every_commit: bool

    @property
    def settings(self) -> DeskSettings:
        return DeskSettings.model_validate(self.desk)


class Watched:
    """A site whose tracker counts its writes, before and after each."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def service(self) -> Any:
        return Watched(self._inner.service(), self._fate)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in _WRITES:
            return found

        async def counted(*args: Any, **kwargs: Any) -> Any:
            self._fate.step()
            done = await found(*args, **kwargs)
            self._fate.step()
            return done

        return counted


async def live(scene: Scene, number: int, begun: int, last_step: int) -> None:
    """A letter and its answer, a change here, and whatever happened in the tracker; or die at that step.

    `begun` is the hour of this life: each is later than the one before.
    """
    fate = Fate(last_step)
    http = HttpSessions(HttpSettings(trust_env=False))
    database = Database.open(scene.database)
    sites = {"main": Watched(_site(scene.tracker, http), fate)}
    async with open_house(database, scene.settings, sites=sites) as house:
        house.clock.advance(timedelta(hours=begun))
        await house.dispatch.mirror.take_over()
        if scene.every_commit:
            event.listen(database.engine.sync_engine, "commit", fate.step)
        await _letter(house, number, "first", f"No power at mast {number}")
        await mirror(house)
        await _letter(house, number, "second", f"Re: No power at mast {number}")
        await _work(house, number)
        await mirror(house)
    await database.close()
    await http.close()


async def mirror(house: House) -> None:
    for _ in range(3):
        house.clock.advance(timedelta(minutes=1))
        await house.dispatch.mirror.run()


async def _letter(house: House, number: int, which: str, subject: str) -> None:
    """It comes, unless it has come before."""
    uid = 2 * number + (which == "second")
    async with house.database.reading() as session:
        known = await noting.cursor_of(session, _MAILBOX, _FOLDER)
    if known is None or known.last_uid < uid:
        text = _LETTER.format(number=number, subject=subject, which=which)
        header, body = text.replace("\n", "\r\n").encode(), f"Words of {which}{number}.\r\n".encode()
        fetched = noting.Fetched(uid, header, body, len(header) + len(body), NOW)
        cursor = noting.Cursor(_MAILBOX, _FOLDER, "imap", 1, uid, 0, NOW)
        async with house.database.transaction() as session:
            await noting.note(session, house.desk.name, Direction.IN, cursor, [fetched], NOW)
    await house.dispatch.intake.run()


async def _work(house: House, number: int) -> None:
    """Somebody at the desk takes up the incident of the letter, unless they have."""
    summary = f"No power at mast {number}"
    async with house.database.reading() as session:
        found = await house.incidents.many(session, range(1, 1000))
        kind = (await types.of_desk(session, house.desk.name))[0]
    incident = next(each for each in found.values() if each.summary == summary)
    if incident.status is Status.NEW:
        await house.change(incident.id, status=Status.IN_PROGRESS, type_id=kind.id)


def _site(settings: Mapping[str, Any], http: HttpSessions) -> Any:
    given = {**settings, "key": SecretStr(settings["key"])}
    if settings["kind"] == "yandex":
        yandex = YandexSettings.model_validate(given)
        return YandexSite(yandex, http.peers, SystemClock(), searches=1000, others=1000)
    return RedmineSite(RedmineSettings.model_validate(given), http.peers, SystemClock())


def main(*arguments: Any) -> None:
    asyncio.run(live(*arguments))
