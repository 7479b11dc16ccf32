"""What an incident begins as: its number, its row, the words it is found by, and the first lines of its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Executable, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from sekretar.dispatch.incidents import naming
from sekretar.dispatch.incidents.model import IncidentRow, NumberRow
from sekretar.dispatch.incidents.values import Event, EventKind, NewIncident, Opening, Status
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.errors import PersonError
from sekretar.kernel.text import clean

#: Made once: making it takes longer than running it.
_ENTERING = insert(cast("Table", IncidentRow.__table__))

#: Longer summaries are cut: it is a title.
LONGEST_SUMMARY = 1_000


def check(new: NewIncident) -> None:
    """Refuse what cannot be entered.

    Raises:
        PersonError: the summary is empty.
    """
    if not title(new.summary):
        raise PersonError("dispatch.incident.no_summary")


async def store(session: AsyncSession, values: Sequence[dict[str, Any]]) -> list[IncidentRow]:
    """Write incidents; their rows in the same order."""
    await session.execute(_ENTERING, values)
    # Their codes are their own, while no database says in which order it has numbered several rows.
    query = select(IncidentRow).where(IncidentRow.code.in_([each["code"] for each in values]))
    rows = {row.code: row for row in await session.scalars(query)}
    return [rows[each["code"]] for each in values]


def columns_of(new: NewIncident, number: int, desk: DeskSettings, now: datetime) -> dict[str, Any]:
    """The row of an incident that is entered."""
    return {
        "desk": new.desk,
        "number": number,
        "code": f"{desk.prefix}-{number}",
        "opened_at": new.opened_at,
        "created_at": now,
        "updated_at": now,
        "status": Status.NEW,
        "finished_at": None,
        "applicant_name": clean(new.applicant.name),
        "applicant_address": clean(new.applicant.address).casefold(),
        "summary": title(new.summary),
        "description": clean(new.description),
        "origin": new.origin,
        "language": new.language or desk.language,
        "unread": new.unread,
        "version": 1,
        **{name: getattr(new, name) for name in naming.REFERENCES},
    }


def references(new: NewIncident) -> dict[str, int]:
    """The fields of an incident that name a row of another table."""
    return {name: value for name in naming.REFERENCES if (value := getattr(new, name)) is not None}


def beginnings(row: IncidentRow, opening: Opening, named: Sequence[Event], now: datetime) -> list[Event]:
    """What happens to an incident that is entered."""
    new, actor = opening.new, opening.actor
    events = [Event(row.id, now, EventKind.OPENED, actor, new=row.code, why=opening.why)]
    if new.letter_id is not None:
        subject, letter_id = new.letter_subject, new.letter_id
        events.append(Event(row.id, now, EventKind.LETTER_IN, actor, new=subject, letter_id=letter_id))
    for each in named:
        reason = new.place_why if each.kind in naming.PLACES else opening.why
        events.append(replace(each, incident_id=row.id, at=now, actor=actor, why=reason))
    return events


def title(text: str) -> str:
    """A summary as it is stored."""
    return " ".join(clean(text).split())[:LONGEST_SUMMARY]


def spoken_of(row: IncidentRow) -> str:
    """The text by whose words an incident is found."""
    return "\n".join((row.summary, row.applicant_name, row.applicant_address, row.description))


async def next_numbers(session: AsyncSession, desks: Sequence[str]) -> list[int]:
    """A number for each of these; whoever asks at the same time waits, so that none is left out."""
    statement, counts = _counting(session.get_bind().dialect.name), Counter(desks)
    following: dict[str, Iterator[int]] = {}
    for desk in sorted(counts):
        last: int = (await session.scalars(statement, {"desk": desk, "last": counts[desk]})).one()
        following[desk] = iter(range(last - counts[desk] + 1, last + 1))
    return [next(following[desk]) for desk in desks]


@cache
def _counting(dialect: str) -> Executable:
    """Made once: making it takes longer than running it."""
    table = cast("Table", NumberRow.__table__)
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    counted = statement.on_conflict_do_update(
        index_elements=["desk"], set_={"last": table.c.last + statement.excluded.last}
    )
    return counted.returning(table.c.last)
