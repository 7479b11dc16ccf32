"""The job that compares what is wrong with what was said, and has the difference said.

What is said goes to the operations channel of the desk and, where the settings name one, to Telegram: through the
outbox, in the transaction that remembers it. While neither can be written to yet, nothing counts as said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.channels import Purpose
from sekretar.dispatch.operations import wording
from sekretar.dispatch.operations.model import TroubleRow
from sekretar.dispatch.operations.telegram import Telegram
from sekretar.dispatch.operations.troubles import Standing, Verdict, Watched, Word, judge
from sekretar.dispatch.operations.watching import Source
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.telling import Reader, Telling
from sekretar.kernel.database import insert_into
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import Message

#: The name of the job.
TASK: Final = "dispatch alarms"

_log = structlog.get_logger(__name__)


class Alarms:
    """Tells the administrators of all desks."""

    def __init__(self, telling: Telling, telegram: Telegram, sources: Sequence[Source]) -> None:
        self._telling = telling
        self._telegram = telegram
        self._sources = list(sources)

    def watch(self, source: Source) -> None:
        """Look at this too."""
        self._sources.append(source)

    async def run(self) -> datetime | None:
        """Say what is to be said; returns when to look again at the latest."""
        due = []
        for desk in self._telling.desks.values():
            due += await self._look(desk)
        return min(due, default=None)

    async def _look(self, desk: DeskSettings) -> list[datetime]:
        now = self._telling.chat.now()
        async with self._telling.chat.database.reading() as session:
            watched = [each for source in self._sources for each in await source(session, desk, now)]
            query = select(TroubleRow.subject).where(TroubleRow.desk == desk.name).limit(1)
            remembered = await session.scalar(query) is not None
        if not remembered and all(each.trouble is None for each in watched):
            return []
        async with self._telling.chat.database.transaction() as session:
            await _forget_others(session, desk.name, watched)
            verdicts = [await self._judge(session, desk, each, now) for each in watched if each.known]
        return [each.look_at for each in verdicts if each.look_at is not None]

    async def _judge(
        self, session: AsyncSession, desk: DeskSettings, watched: Watched, now: datetime
    ) -> Verdict:
        row = await _locked(session, desk.name, watched)
        verdict = judge(_standing(row), watched.trouble, now)
        standing = verdict.standing
        if verdict.say is not None and standing is not None:
            said = await self._say(session, desk, verdict.say, standing, watched)
            standing = standing if said else verdict.unsaid
        if row is None:
            return verdict
        if standing is None:
            await session.delete(row)
        else:
            for name, value in asdict(standing).items():
                setattr(row, name, value)
        return verdict

    async def _say(
        self, session: AsyncSession, desk: DeskSettings, word: Word, standing: Standing, watched: Watched
    ) -> bool:
        subject = watched.subject
        _log.warning("alarm", desk=desk.name, subject=subject, word=word.value, sort=standing.sort)
        key = f"dispatch:trouble:{desk.name}:{subject}:{standing.since.isoformat()}:{standing.said}"

        def words(reader: Reader, say: wording.Say) -> str:
            return "\n".join(wording.lines(word, standing, watched.trouble, reader, say))

        def in_chat(reader: Reader) -> Message:
            return Message(Markdown(words(reader, reader.t)))

        reader = self._telling.desk_reader(desk.name)
        in_channel = await self._telling.channel(session, desk.name, key, in_chat, purpose=Purpose.OPERATIONS)
        by_telegram = await self._telegram.put(session, desk.name, key, words(reader, reader.t.plain), reader)
        return in_channel or by_telegram


async def _forget_others(session: AsyncSession, desk: str, watched: Sequence[Watched]) -> None:
    """What is not watched any more, such as a mailbox that was taken out of the settings, has no end to tell of."""
    subjects = [each.subject for each in watched]
    others = delete(TroubleRow).where(TroubleRow.desk == desk, TroubleRow.subject.not_in(subjects))
    await session.execute(others)


async def _locked(session: AsyncSession, desk: str, watched: Watched) -> TroubleRow | None:
    """The row of a subject, made when it is in trouble, held until the end of the transaction."""
    trouble = watched.trouble
    if trouble is not None:
        fresh = asdict(Standing(trouble.sort, trouble.name, trouble.since))
        statement = insert_into(session, TroubleRow).values(desk=desk, subject=watched.subject, **fresh)
        await session.execute(statement.on_conflict_do_nothing())
    return await session.get(TroubleRow, (desk, watched.subject), with_for_update=True)


def _standing(row: TroubleRow | None) -> Standing | None:
    if row is None:
        return None
    return Standing(
        sort=row.sort,
        name=row.name,
        since=row.since,
        told_at=row.told_at,
        said=row.said,
        clear_since=row.clear_since,
        over_at=row.over_at,
        returns=row.returns,
    )
