"""Where a new incident is: what somebody typed for it, else what its own words say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import Candidate, Found
from sekretar.dispatch.chat.working import at
from sekretar.dispatch.incidents.values import NewIncident
from sekretar.kernel.i18n import Translator


@dataclass(frozen=True)
class NamedPlace:
    """Where somebody says that an incident is: an asset, a pole, or both."""

    asset: str = ""
    pole: str = ""


async def placed(
    assets: Assets, session: AsyncSession, new: NewIncident, named: NamedPlace, t: Translator
) -> tuple[NewIncident, Found]:
    """The incident with its place, and what was found. `t` words the reason that goes into the history.

    Raises:
        PersonError: what was typed is no asset, or several, or contradicts itself.
    """
    if named.asset or named.pole:
        found, why = Found(await _chosen(assets, session, new.desk, named)), ""
    else:
        found = await assets.lookup(session, new.desk, new.summary, new.description)
        why = found.why(t)
    if found.certain is None:
        return new, found
    fields = {name: value for name, value in at(found.certain).given().items() if value is not None}
    return replace(new, **fields, place_why=why), found


async def _chosen(assets: Assets, session: AsyncSession, desk: str, named: NamedPlace) -> Candidate:
    if not named.pole:
        return (await assets.find(session, desk, named.asset)).chosen()
    pole = (await assets.find(session, desk, named.pole)).chosen()
    return await assets.find_on(session, desk, pole, named.asset) if named.asset else pole
