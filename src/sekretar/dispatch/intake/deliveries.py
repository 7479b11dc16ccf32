"""What machines say of the letters of the desk: not delivered, delayed, shown.

Such a notice belongs to the incident of the letter it is about. Only a failure for good is a failure; the letter is
marked then, and the history says who did not get it, in words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents import links
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.values import SYSTEM, EventKind, IncidentChange
from sekretar.dispatch.intake.threads import Reason
from sekretar.dispatch.letters.bouncing import bounce_words
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.ids import LetterIds
from sekretar.dispatch.mail.letter import Bounce, ParsedLetter
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.mail.store import RawLetter
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.clock import Clock
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues, Translator

#: Notes in the transaction of a notice what it says of a letter of the desk: the letter's number, and when.
BounceListener = Callable[[AsyncSession, int, Bounce, datetime], Awaitable[None]]


@dataclass(frozen=True)
class Subject:
    """The letter that a notice is about, as far as it is known."""

    incident_id: int
    #: None when only its incident is known.
    letter_id: int | None


@dataclass(frozen=True)
class Deliveries:
    """Files notices about letters of the desk."""

    incidents: Incidents
    ids: LetterIds
    catalogues: Catalogues
    clock: Clock
    bounced: BounceListener

    async def file(
        self, session: AsyncSession, desk: DeskSettings, raw: RawLetter, letter: ParsedLetter
    ) -> bool:
        """File a notice with the letter that it is about; False when it is about none that is here."""
        about = await self._about(session, desk, letter)
        if about is None:
            return False
        await store.mark_filed(session, raw.id, about.incident_id, Reason.DELIVERY)
        bounce = letter.bounce
        if bounce is None:
            why = _seen(letter, self.catalogues.translator(desk.language))
            await self._note(session, about, EventKind.LETTER_IN, letter.subject, why, raw.id)
            return True
        if about.letter_id is not None:
            await self.bounced(session, about.letter_id, bounce, self.clock.now())
        else:
            kind = EventKind.LETTER_FAILED if bounce.has_failed else EventKind.LETTER_IN
            t = self.catalogues.translator(desk.language)
            whom = ", ".join(each.address for each in bounce.recipients)
            said = "; ".join(dict.fromkeys(bounce_words(t, each) for each in bounce.recipients))
            await self._note(session, about, kind, whom or letter.subject, said, raw.id)
        if bounce.has_failed:
            await self.incidents.change(session, about.incident_id, IncidentChange(unread=True), SYSTEM)
        return True

    async def _note(
        self, session: AsyncSession, about: Subject, kind: EventKind, new: str, why: str, letter_id: int
    ) -> None:
        await self.incidents.note(
            session, about.incident_id, kind, SYSTEM, new=new, why=why, letter_id=letter_id
        )

    async def _about(self, session: AsyncSession, desk: DeskSettings, letter: ParsedLetter) -> Subject | None:
        """By the id of the letter itself, else by what it referred to, which names at least its incident."""
        original, others = _ids_of(letter)
        for known in await store.known_by(session, desk.name, [original or _answered(letter)]):
            if known.is_own and known.direction is Direction.OUT and known.incident_id is not None:
                return Subject(await links.survivor(session, known.incident_id), known.letter_id)
        for each in (original, *others):
            own = self.ids.read(each)
            if own is not None and await self._is_here(session, desk, own.incident_id):
                return Subject(await links.survivor(session, own.incident_id), None)
        return None

    async def _is_here(self, session: AsyncSession, desk: DeskSettings, incident_id: int) -> bool:
        try:
            return (await self.incidents.get(session, incident_id)).desk == desk.name
        except PersonError:
            return False


def is_notice(letter: ParsedLetter) -> bool:
    """Whether the letter says what became of another one."""
    return letter.bounce is not None or letter.receipt is not None


def _ids_of(letter: ParsedLetter) -> tuple[str, tuple[str, ...]]:
    """The id of the letter that a notice is about, and ids that may lead to its incident."""
    earlier = (*letter.in_reply_to, *letter.references)
    if letter.bounce is not None:
        return letter.bounce.original_message_id, (*letter.bounce.original_references, *earlier)
    return letter.receipt.original_message_id if letter.receipt else "", earlier


def _answered(letter: ParsedLetter) -> str:
    """The id of the letter that a notice answers: that is the one it is about, when it sends nothing of it back."""
    return next(iter((*letter.in_reply_to, *reversed(letter.references))), "")


def _seen(letter: ParsedLetter, t: Translator) -> str:
    deleted = letter.receipt is not None and letter.receipt.disposition.startswith("deleted")
    return t.plain("dispatch.intake.receipt_deleted" if deleted else "dispatch.intake.receipt")
