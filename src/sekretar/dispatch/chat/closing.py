"""Before an incident is closed: what hangs together with it and is still open is named, to be closed too, or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.chat import card
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import (
    UNSET,
    Actor,
    Incident,
    IncidentChange,
    Link,
    LinkKind,
    Status,
)
from sekretar.dispatch.incidents.wording import heading, status_name
from sekretar.dispatch.incidents.workflow import is_finished, is_legal
from sekretar.kernel.i18n import Translator
from sekretar.kernel.text import Markdown, escape
from sekretar.mattermost.chat import Record
from sekretar.mattermost.desk import Desk
from sekretar.mattermost.messages import Attachment, Button, Message

#: Stands in the record of a button when whoever presses it knows of the others.
_ALONE: Final = "alone"
_OTHERS: Final = "others"
#: Linked like this they are probably about the same; what waits for another is no reason to ask.
_TOGETHER: Final = (LinkKind.DUPLICATE, LinkKind.RELATED)


@dataclass(frozen=True)
class Closing:
    """Asks, and closes several."""

    chat: Desk
    incidents: Incidents

    async def question(self, incident_id: int, record: Record, t: Translator) -> Message | None:
        """What to ask before this incident is closed; None when there is nothing to ask."""
        if answers_question(record):
            return None
        async with self.chat.database.reading() as session:
            incident = await self.incidents.get(session, incident_id)
            others = await self._open(session, incident_id)
        if not others or incident.type_id is None or not is_legal(incident.status, Status.CLOSED):
            return None
        return question(incident, others, t)

    async def together(self, session: AsyncSession, record: Record, actor: Actor) -> Sequence[Incident]:
        """Close an incident and those that were named with it, as far as they are open and linked by now.

        Raises:
            PersonError: one of them was changed meanwhile, or may not be closed; then none is.
        """
        incident = await self.incidents.get(session, int(record.get("incident", 0) or 0))
        named = set(str(record.get(_OTHERS, "")).split(","))
        found = await self._open(session, incident.id)
        others = [each.other for each in found if str(each.other.id) in named]
        seen = IncidentChange(status=Status(str(record.get("status"))))
        t = self.chat.catalogues.translator(incident.language)
        why = t.plain("dispatch.closing.why", code=incident.code)
        closed = []
        # Whoever closes several takes them in the same order as everybody.
        for each in sorted((incident, *others), key=lambda each: each.id):
            if each.id == incident.id:
                change = IncidentChange(status=Status.CLOSED)
                closed.append(await self.incidents.change(session, each.id, change, actor, seen=seen))
            else:
                closed.append(await self._close(session, each, incident.type_id, actor, why))
        return closed

    async def _close(
        self, session: AsyncSession, incident: Incident, type_id: int | None, actor: Actor, why: str
    ) -> Incident:
        if incident.status is Status.NEW:
            begun = IncidentChange(status=Status.IN_PROGRESS, unread=False)
            await self.incidents.change(session, incident.id, begun, actor, why)
        given = UNSET if incident.type_id is not None or type_id is None else type_id
        change = IncidentChange(status=Status.CLOSED, type_id=given)
        return await self.incidents.change(session, incident.id, change, actor, why)

    async def _open(self, session: AsyncSession, incident_id: int) -> list[Link]:
        found = await self.incidents.links(session, incident_id)
        return [each for each in found if each.kind in _TOGETHER and not is_finished(each.other.status)]


def answers_question(record: Record) -> bool:
    """Whether a button stands below the question and says: only this one."""
    return bool(record.get(_ALONE))


def question(incident: Incident, others: Sequence[Link], t: Translator) -> Message:
    """Which incidents are open still, and what to do with them."""
    lines = [t("dispatch.closing.others", code=incident.code)]
    for each in others:
        status = escape(status_name(t, each.other.status))
        stays = "" if _can_be_closed(each.other) else f", {t('dispatch.closing.stays')}"
        lines.append(Markdown(f"* {heading(each.other)} ({status}{stays})"))
    closable = [each.other for each in others if _can_be_closed(each.other)]
    record = card.record_of(incident, to=Status.CLOSED.value)
    alone = Button(t.plain("dispatch.closing.only", code=incident.code), card.MOVE, {**record, _ALONE: True})
    buttons = [alone]
    if closable:
        named = ",".join(str(each.id) for each in closable)
        label = t.plain("dispatch.closing.all", count=len(closable))
        buttons.insert(0, Button(label, card.CLOSE_ALL, {**record, _OTHERS: named}, "primary"))
    return Message(Markdown("\n").join(lines), (Attachment(actions=tuple(buttons)),))


def _can_be_closed(incident: Incident) -> bool:
    """Whether no letter has to be written before; a new one is taken up on the way."""
    return incident.status is Status.NEW or is_legal(incident.status, Status.CLOSED)
