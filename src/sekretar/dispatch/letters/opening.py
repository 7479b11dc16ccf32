"""Letters out, put together: who writes them, who delivers them, and what follows."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import Incident
from sekretar.dispatch.letters import delivering
from sekretar.dispatch.letters.automatic import Automatic
from sekretar.dispatch.letters.bouncing import Bounces
from sekretar.dispatch.letters.delivering import Delivering
from sekretar.dispatch.letters.following import Following
from sekretar.dispatch.letters.gathering import Gatherer
from sekretar.dispatch.letters.sending import LettersOut
from sekretar.dispatch.mail.ids import LetterIds
from sekretar.dispatch.mail.sent_copies import keep_copy
from sekretar.dispatch.mail.smtp import Postman
from sekretar.dispatch.settings import DeskSettings, MailboxSettings
from sekretar.dispatch.sla import store as clocks
from sekretar.dispatch.sla.clocks import ClockKind
from sekretar.kernel.jobs import Jobs
from sekretar.kernel.outbox import Outbox
from sekretar.mattermost.desk import Desk


@dataclass(frozen=True)
class OpenLetters:
    """Everything about letters out in one process."""

    ids: LetterIds
    letters: LettersOut
    automatic: Automatic
    bounces: Bounces
    delivering: Delivering

    def add_jobs(self, jobs: Jobs) -> None:
        """Look now and then for letters whose delivery has died."""
        jobs.add(delivering.TASK, self.delivering.give_up_dead, at_least_every=timedelta(minutes=5))


def open_letters(
    chat: Desk,
    desks: Mapping[str, DeskSettings],
    incidents: Incidents,
    assets: Assets,
    outbox: Outbox,
    tls: ssl.SSLContext,
) -> OpenLetters:
    """Have statuses send their letters, and letters delivered."""

    async def copy(mailbox: MailboxSettings, letter: bytes, message_id: str, sent_at: datetime) -> bool:
        return await keep_copy(mailbox, tls, letter, message_id, sent_at)

    ids = LetterIds.of(chat.vault)
    letters = LettersOut(
        chat.clock, desks, incidents, ids, chat.catalogues, Gatherer(desks, assets, deadline_of)
    )
    automatic = Automatic(chat.clock, desks, incidents, letters, chat.catalogues)
    following = Following(incidents, letters, automatic, chat.catalogues)
    incidents.on_changed(following.on_changed)
    postmen = {
        box.address.casefold(): (box, Postman(box, tls=tls))
        for desk in desks.values()
        for box in desk.mailboxes
        if box.smtp_host
    }
    delivering = Delivering(chat.database, chat.clock, following, chat.catalogues, postmen, copy)
    delivering.register(outbox)
    return OpenLetters(ids, letters, automatic, Bounces(incidents, chat.catalogues), delivering)


async def deadline_of(session: AsyncSession, incident: Incident) -> datetime | None:
    """Until when the incident shall be mended, as far as the desk has promised it."""
    rows = await clocks.rows_of(session, [incident.id])
    return next((row.deadline for row in rows if row.kind == ClockKind.DISPATCHER), None)
