"""What of a letter is here already: the letters and incidents to which its ids and the codes in its subject lead.

Asked for many letters at once, with a statement for each question.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch import subjects
from sekretar.dispatch.incidents import links
from sekretar.dispatch.incidents.model import IncidentRow
from sekretar.dispatch.intake.threads import Clues, KnownId
from sekretar.dispatch.intake.understanding import Understood
from sekretar.dispatch.mail import store
from sekretar.dispatch.mail.columns import id_key
from sekretar.dispatch.mail.ids import LetterIds, OwnId
from sekretar.dispatch.mail.store import KnownLetter
from sekretar.dispatch.settings import DeskSettings

#: Codes in one subject that are looked at.
_MOST_CODES = 5

#: What letters may have in common: an incident or a letter, by its number.
Tie = tuple[str, int]


@dataclass(frozen=True)
class Trace:
    """Where a letter may lead. Incidents are those in which the named ones live on.

    Attributes:
        spelled: Leads from ids as the letter writes them to how they are stored.
        own: Those of the ids, and of the addresses, that are ours and lead to an incident of this desk.
        addressed: These addresses.
        related: Letters here that have one of the ids or refer to it, each as often as it does.
        codes: Those in the subject.
        coded: The incidents that have these codes.
        living: The incident in which each of the named ones lives on.
    """

    of: Understood
    spelled: Mapping[str, str]
    own: Mapping[str, OwnId]
    addressed: tuple[str, ...]
    codes: tuple[str, ...]
    related: tuple[KnownLetter, ...] = ()
    coded: Mapping[str, int] = field(default_factory=dict)
    living: Mapping[int, int] = field(default_factory=dict)

    @property
    def nearest(self) -> str | None:
        """The id of the letter that it answers, as it is stored."""
        said = self.of.letter
        earlier = Clues(said.message_id, said.in_reply_to, said.references).earlier()
        return next((self.spelled[each] for each in earlier), None)

    def clues(self) -> Clues:
        """What the ids say of where it belongs."""
        letter, written = self.of.letter, {key: each for each, key in self.spelled.items()}
        return Clues(
            message_id=letter.message_id,
            in_reply_to=letter.in_reply_to,
            references=letter.references,
            addressed=self.addressed,
            own=self.own,
            known=tuple(
                KnownId(written[each.message_id], self.living[each.incident_id], each.is_own)
                for each in self.related
                if each.incident_id is not None and each.incident_id in self.living
            ),
        )

    def ties(self) -> frozenset[Tie]:
        """The incidents and letters that it has to do with."""
        incidents = {each.incident_id for each in self.own.values()} | set(self.coded.values())
        incidents |= {self.living[number] for number in _numbers(self.related) if number in self.living}
        letters = {("letter", each.letter_id) for each in self.related}
        return frozenset(letters | {("incident", number) for number in incidents})


async def traces_of(
    session: AsyncSession, desk: DeskSettings, letters: Sequence[Understood], ids: LetterIds
) -> list[Trace]:
    """Where each of these letters may lead."""
    bare = [_bare(each, desk, ids) for each in letters]
    keys = {key for each in bare for key in each.spelled.values()}
    known = await store.known_by(session, desk.name, keys)
    coded = await _coded(session, desk.name, {code for each in bare for code in each.codes})
    named = {own.incident_id for each in bare for own in each.own.values()}
    living = await _living(session, desk.name, {*named, *_numbers(known), *coded.values()})
    return [_complete(each, known, coded, living) for each in bare]


def _bare(letter: Understood, desk: DeskSettings, ids: LetterIds) -> Trace:
    """What the letter itself says."""
    said = letter.letter
    earlier = tuple(Clues(said.message_id, said.in_reply_to, said.references).earlier())
    people = (*said.to, *said.cc, *said.delivered_to)
    addresses = {each.address: ids.read_reply_address(each.address) for each in people if "+" in each.address}
    own = {each: ids.read(each) for each in earlier} | addresses
    return Trace(
        letter,
        spelled={each: id_key(each) for each in (*earlier, said.message_id) if each},
        own={each: one for each, one in own.items() if one is not None},
        addressed=tuple(address for address, one in addresses.items() if one is not None),
        codes=tuple(subjects.codes_in(said.subject, desk.prefix)[:_MOST_CODES]),
    )


def _complete(
    bare: Trace, known: Sequence[KnownLetter], coded: Mapping[str, int], living: Mapping[int, int]
) -> Trace:
    keys, number = set(bare.spelled.values()), bare.of.raw.id
    return replace(
        bare,
        own={
            each: OwnId(living[own.incident_id], own.letter_id)
            for each, own in bare.own.items()
            if own.incident_id in living
        },
        related=tuple(each for each in known if each.message_id in keys and each.letter_id != number),
        coded={code: living[coded[code]] for code in bare.codes if code in coded},
        living=living,
    )


def _numbers(letters: Sequence[KnownLetter]) -> set[int]:
    return {each.incident_id for each in letters if each.incident_id is not None}


async def _living(session: AsyncSession, desk: str, incident_ids: Collection[int]) -> dict[int, int]:
    """For each of these incidents of the desk the one in which it lives on."""
    if not incident_ids:
        return {}
    query = select(IncidentRow.id, IncidentRow.merged_into_id).where(
        IncidentRow.id.in_(incident_ids), IncidentRow.desk == desk
    )
    return {
        row.id: row.id if row.merged_into_id is None else await links.survivor(session, row.id)
        for row in (await session.execute(query)).all()
    }


async def _coded(session: AsyncSession, desk: str, codes: Collection[str]) -> dict[str, int]:
    """The incidents of the desk with these codes."""
    if not codes:
        return {}
    query = select(IncidentRow.code, IncidentRow.id).where(
        IncidentRow.code.in_(codes), IncidentRow.desk == desk
    )
    return {row.code: row.id for row in await session.execute(query)}
