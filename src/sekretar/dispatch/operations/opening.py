"""Operations, put together: alarms, Telegram, how long letters are kept, and readiness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from sekretar.dispatch.mail.mailboxes import Mailboxes
from sekretar.dispatch.mail.trouble import Standing
from sekretar.dispatch.operations import alarms, readiness, retention, watching
from sekretar.dispatch.operations.alarms import Alarms
from sekretar.dispatch.operations.readiness import Readiness
from sekretar.dispatch.operations.retention import Retention
from sekretar.dispatch.operations.telegram import Telegram
from sekretar.dispatch.sla.keeping import Slas
from sekretar.dispatch.telling import Telling
from sekretar.kernel.health import Health
from sekretar.kernel.jobs import Jobs
from sekretar.kernel.outbox import Outbox


@dataclass(frozen=True)
class OpenOperations:
    """What looks after the desks of one process."""

    alarms: Alarms
    retention: Retention
    mailboxes: Mailboxes

    def add_jobs(self, jobs: Jobs, health: Health) -> None:
        """Hang the jobs into the engine; what is heard of a mailbox wakes them."""
        ready = Readiness(health, self.mailboxes.standings)
        self.alarms.watch(watching.backups_of(health))
        jobs.add(alarms.TASK, self.alarms.run, at_least_every=timedelta(minutes=1))
        jobs.add(readiness.TASK, ready.report, at_least_every=timedelta(seconds=15))
        jobs.add(retention.TASK, self.retention.run, at_least_every=retention.EVERY)

        def heard(_standing: Standing) -> None:
            jobs.wake(alarms.TASK)
            jobs.wake(readiness.TASK)

        self.mailboxes.on_standing(heard)


def open_operations(
    telling: Telling,
    mailboxes: Mailboxes,
    slas: Slas,
    outbox: Outbox,
    http: Callable[[], aiohttp.ClientSession],
) -> OpenOperations:
    """Have troubles told, and letters purged when their time is over."""
    telegram = Telegram(telling.desks, http)
    telegram.register(outbox)
    sources = (
        watching.mailboxes_of(mailboxes),
        watching.sending,
        watching.unreadable,
        watching.lists,
        watching.mirror,
        watching.calendars_of(slas),
    )
    chat = telling.chat
    return OpenOperations(
        Alarms(telling, telegram, sources), Retention(chat.database, chat.clock, telling.desks), mailboxes
    )
