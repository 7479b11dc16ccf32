"""The templates that a desk has written for its letters, beside the usual ones."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.letters.model import TemplateRow
from sekretar.dispatch.letters.templates import checked_template, default_template
from sekretar.dispatch.letters.values import Purpose
from sekretar.kernel.database import insert_into
from sekretar.kernel.i18n import Translator


async def template_of(session: AsyncSession, desk: str, purpose: Purpose, t: Translator) -> str:
    """The template of a letter in the translator's language: the desk's own, else the usual one."""
    row = await session.get(TemplateRow, (desk, purpose.value, t.language))
    return row.text if row else default_template(purpose, t)


async def own_template(
    session: AsyncSession, desk: str, purpose: Purpose, language: str
) -> TemplateRow | None:
    """The template that the desk has written; None where it has the usual one."""
    return await session.get(TemplateRow, (desk, purpose.value, language))


async def set_template(
    session: AsyncSession, desk: str, purpose: Purpose, language: str, text: str, who: str, now: datetime
) -> str:
    """From now on letters say this; returns it as it is stored.

    Raises:
        PersonError: something is wrong with it; the text says where.
    """
    tidy = checked_template(purpose, text)
    values = {"text": tidy, "changed_at": now, "changed_by": who}
    statement = insert_into(session, TemplateRow).values(
        desk=desk, purpose=purpose.value, language=language, **values
    )
    keys = [TemplateRow.desk, TemplateRow.purpose, TemplateRow.language]
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))
    return tidy


async def reset_template(session: AsyncSession, desk: str, purpose: Purpose, language: str) -> None:
    """Have the usual text again."""
    await session.execute(
        delete(TemplateRow).where(
            TemplateRow.desk == desk, TemplateRow.purpose == purpose.value, TemplateRow.language == language
        )
    )
