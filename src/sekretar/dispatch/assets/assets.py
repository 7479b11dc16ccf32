"""What the rest of the desk asks of the register."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.cards import DefaultEmails, cards
from sekretar.dispatch.assets.lookup import Lookup, candidates
from sekretar.dispatch.assets.values import (
    AssetCard,
    Candidate,
    Found,
    HasAssets,
    Kind,
    Place,
    Said,
    Typed,
    contradiction,
)


class Assets:
    """Finds and describes the assets of all desks."""

    def __init__(self, default_emails: DefaultEmails | None = None) -> None:
        """`default_emails`: desk → where letters go for a contractor without an address."""
        self._default_emails = default_emails or {}
        self._lookup = Lookup()

    async def lookup(
        self, session: AsyncSession, desk: str, subject: str, fresh: str, otherwise: str = ""
    ) -> Found:
        """What a letter says of its place: subject first, then its text without quotes and signature.

        A station brings its pole, a pole its contractor; what is ambiguous is left open, with candidates. Only where
        nothing is said of a place, what is said in `otherwise` counts.
        """
        return (await self.lookup_all(session, desk, [Said(subject, fresh, otherwise)]))[0]

    async def lookup_all(self, session: AsyncSession, desk: str, letters: Sequence[Said]) -> list[Found]:
        """The same for several letters at the price of one."""
        return await self._lookup.in_letters(session, desk, letters) if letters else []

    async def find(
        self,
        session: AsyncSession,
        desk: str,
        text: str,
        kind: Kind = Kind.ANY,
        on_pole: int | None = None,
    ) -> Typed:
        """What somebody who was asked for an asset typed; the beginning of a code is enough where it is the only one.

        With `on_pole` only stations of this pole, and the pole itself, are thought of.
        """
        return await self._lookup.typed(session, desk, text, kind, on_pole)

    async def find_on(self, session: AsyncSession, desk: str, pole: Candidate, text: str) -> Candidate:
        """The station of this pole that somebody typed beside it.

        Raises:
            PersonError: there is none, or more than one; or it stands on another pole.
        """
        here = await self.find(session, desk, text, Kind.STATION, pole.place.pole_id)
        if not here.total:
            elsewhere = await self.find(session, desk, text, Kind.STATION)
            named = () if elsewhere.completed else elsewhere.candidates
            other = elsewhere.match or next(iter(named), None)
            if other is not None:
                raise contradiction(pole, other)
        return here.chosen()

    async def named(self, session: AsyncSession, place: Place) -> Candidate | None:
        """The codes of a place, and the contractor of its pole; None for one that never was."""
        return (await candidates(session, [place])).get(place)

    async def describe(self, session: AsyncSession, incident: HasAssets) -> AssetCard:
        """Where an incident is and who repairs there, also when the register has lost it since."""
        return (await self.describe_all(session, [incident]))[incident.id]

    async def describe_all(
        self, session: AsyncSession, incidents: Sequence[HasAssets]
    ) -> dict[int, AssetCard]:
        """The same for many incidents at the price of one, by the incidents' ids."""
        return await cards(session, incidents, self._default_emails)

    async def warm_up(self, session: AsyncSession, desk: str) -> None:
        """Read the register of a desk if it has changed, so that the next letter does not wait for it."""
        await self._lookup.index(session, desk)
