"""Where a new incident is: what somebody typed for it, else what its own words say."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.assets.assets import Assets
from sekretar.dispatch.assets.values import Found
from sekretar.dispatch.chat.working import at
from sekretar.dispatch.incidents.values import NewIncident
from sekretar.kernel.i18n import Translator


async def placed(
    assets: Assets, session: AsyncSession, new: NewIncident, typed: str, t: Translator
) -> tuple[NewIncident, Found]:
    """The incident with its place, and what was found. `t` words the reason that goes into the history.

    Raises:
        PersonError: what was typed is no asset, or several.
    """
    if typed:
        found, why = Found((await assets.find(session, new.desk, typed)).chosen()), ""
    else:
        found = await assets.lookup(session, new.desk, new.summary, new.description)
        why = found.why(t)
    if found.certain is None:
        return new, found
    fields = {name: value for name, value in at(found.certain).given().items() if value is not None}
    return replace(new, **fields, place_why=why), found
