"""Notices that a letter of ours did not arrive: the dispatcher is told in words, the recipient is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import SYSTEM, EventKind
from sekretar.dispatch.letters.model import RecipientFate, RecipientRow
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.letter import Bounce, BouncedRecipient, BounceReason, DeliveryAction
from sekretar.kernel.i18n import Catalogues, Translator

_WORDS: Final[Mapping[BounceReason, str]] = {
    BounceReason.UNKNOWN_ADDRESS: "dispatch.bounce.unknown_address",
    BounceReason.UNKNOWN_DOMAIN: "dispatch.bounce.unknown_domain",
    BounceReason.MAILBOX_FULL: "dispatch.bounce.mailbox_full",
    BounceReason.MAILBOX_CLOSED: "dispatch.bounce.mailbox_closed",
    BounceReason.TOO_LARGE: "dispatch.bounce.too_large",
    BounceReason.REFUSED: "dispatch.bounce.refused",
    BounceReason.UNREACHABLE: "dispatch.bounce.unreachable",
    BounceReason.DELAYED: "dispatch.bounce.delayed",
    BounceReason.OTHER: "dispatch.bounce.other",
}


def bounce_words(t: Translator, recipient: BouncedRecipient) -> str:
    """Why a letter did not arrive, with the status of the mail server."""
    words = t.plain(_WORDS[recipient.reason])
    return f"{words} ({recipient.status})" if recipient.status else words


@dataclass(frozen=True)
class Bounces:
    """Notes what mail servers say afterwards."""

    incidents: Incidents
    catalogues: Catalogues

    async def note(self, session: AsyncSession, letter_id: int, bounce: Bounce, now: datetime) -> None:
        """Note what a notice says of a letter of ours; a second notice of the same says nothing new."""
        row = await store.letter_row(session, letter_id)
        if row is None or row.incident_id is None:
            return
        incident_id = await self.incidents.survivor(session, row.incident_id)
        t = self.catalogues.translator((await self.incidents.get(session, incident_id)).language)
        failed = await _not_known(session, letter_id, [each for each in bounce.recipients if each.has_failed])
        if failed:
            whom = _whom(t, failed)
            why = "; ".join(dict.fromkeys(bounce_words(t, each) for each in failed))
            await _mark(session, letter_id, failed, now)
            await store.mark_undelivered(session, letter_id, f"{whom}: {why}")
            await self._say(session, incident_id, EventKind.LETTER_FAILED, whom, why, letter_id)
        late = [each for each in bounce.recipients if each.action is DeliveryAction.DELAYED]
        if late:
            whom = _whom(t, late)
            said = t.plain("dispatch.bounce.late", whom=whom, why=bounce_words(t, late[0]))
            await self._say(session, incident_id, EventKind.NOTE, said, "", letter_id)

    async def _say(
        self, session: AsyncSession, incident_id: int, kind: EventKind, new: str, why: str, letter_id: int
    ) -> None:
        await self.incidents.note(session, incident_id, kind, SYSTEM, new=new, why=why, letter_id=letter_id)


def _whom(t: Translator, recipients: Sequence[BouncedRecipient]) -> str:
    """Their addresses; some mail servers name none."""
    return ", ".join(each.address or t.plain("dispatch.bounce.somebody") for each in recipients)


async def _not_known(
    session: AsyncSession, letter_id: int, failed: Sequence[BouncedRecipient]
) -> list[BouncedRecipient]:
    query = select(RecipientRow.key).where(
        RecipientRow.letter_id == letter_id, RecipientRow.fate == RecipientFate.UNDELIVERED
    )
    known = set(await session.scalars(query))
    return [each for each in failed if each.address.casefold() not in known]


async def _mark(
    session: AsyncSession, letter_id: int, failed: Sequence[BouncedRecipient], now: datetime
) -> None:
    for each in failed:
        await session.execute(
            update(RecipientRow)
            .where(RecipientRow.letter_id == letter_id, RecipientRow.key == each.address.casefold())
            .values(fate=RecipientFate.UNDELIVERED, reply=each.diagnostic[:500], changed_at=now)
            .execution_options(synchronize_session=False)
        )
