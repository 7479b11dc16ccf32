"""Incidents in the database: made, changed, linked and merged, by several hands at once, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.dispatch.registers import pole_row

from sekretar.dispatch.incidents import types, words
from sekretar.dispatch.incidents.finding import OPEN, IncidentFilter, Order, find
from sekretar.dispatch.incidents.incidents import Incidents
from sekretar.dispatch.incidents.types import TypeDraft
from sekretar.dispatch.incidents.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Applicant,
    Came,
    Changed,
    Event,
    EventKind,
    Incident,
    IncidentChange,
    LinkKind,
    NewIncident,
    Origin,
    Status,
)
from sekretar.dispatch.mail.model import Direction, LetterRow, LetterState
from sekretar.dispatch.mail.store import of_incident
from sekretar.dispatch.settings import DeskSettings, TypeSettings
from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PersonError
from sekretar.kernel.people import People, Profile

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
DESKS = {
    each.name: each
    for each in (
        DeskSettings(name="towers", prefix="NT", channel="work/towers"),
        DeskSettings(name="cables", prefix="CB", channel="work/cables", language="en"),
    )
}


class Desk:
    """The incidents of two desks, one transaction for each act."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock(NOW)
        self.incidents = Incidents(self.clock, DESKS)
        self.heard: list[tuple[Incident, list[Event]]] = []
        self.anna = SYSTEM
        self.boris = SYSTEM

    async def set_up(self) -> None:
        self.incidents.on_changed(self._hear)
        people = People("m", "ru", ZoneInfo("UTC"))
        async with self.database.transaction() as session:
            for desk in DESKS.values():
                await types.seed(session, desk)
            self.anna = await self._actor(session, people, "anna", "Анна")
            self.boris = await self._actor(session, people, "boris", "Борис")

    async def _actor(self, session: AsyncSession, people: People, name: str, shown: str) -> Actor:
        profile = Profile(name, name, shown, "", "ru", None, True, f"{name}@example.org")
        person = await people.remember(session, profile, NOW)
        return Actor(ActorKind.PERSON, person.display_name, person.id)

    async def _hear(self, session: AsyncSession, changes: Sequence[Changed]) -> None:
        self.heard += [(each.incident, list(each.events)) for each in changes]

    async def open(self, summary: str = "Нет питания", desk: str = "towers", **fields: object) -> Incident:
        new = NewIncident(desk, NOW, summary, Origin.LETTER, **fields)  # type: ignore[arg-type]
        async with self.database.transaction() as session:
            return await self.incidents.open(session, new, SYSTEM)

    async def change(self, incident: Incident, actor: Actor | None = None, **fields: object) -> Incident:
        async with self.database.transaction() as session:
            change = IncidentChange(**fields)  # type: ignore[arg-type]
            return await self.incidents.change(session, incident.id, change, actor or self.anna, "why")

    async def move(self, incident: Incident, *statuses: Status) -> Incident:
        for status in statuses:
            incident = await self.change(incident, status=status)
        return incident

    async def get(self, incident: Incident) -> Incident:
        async with self.database.reading() as session:
            return await self.incidents.get(session, incident.id)

    async def link(self, one: Incident, kind: LinkKind, other: Incident) -> None:
        async with self.database.transaction() as session:
            await self.incidents.link(session, one.id, kind, other.id, self.anna)

    async def links(self, incident: Incident) -> list[tuple[str, str]]:
        async with self.database.reading() as session:
            found = await self.incidents.links(session, incident.id)
        return [(link.kind.value, link.other.code) for link in found]

    async def merge(self, one: Incident, other: Incident) -> Incident:
        async with self.database.transaction() as session:
            return await self.incidents.merge(session, one.id, other.id, self.anna, "the same")

    async def history(self, incident: Incident) -> list[tuple[str, str, str]]:
        async with self.database.reading() as session:
            return [
                (each.kind.value, each.old, each.new)
                for each in await self.incidents.history(session, incident.id)
            ]

    async def pole(self, code: str) -> int:
        row = pole_row(code)
        async with self.database.transaction() as session:
            session.add(row)
        return row.id

    async def letter(self, incident: Incident) -> int:
        row = LetterRow(
            desk="towers",
            direction=Direction.IN,
            state=LetterState.FILED,
            received_at=NOW,
            created_at=NOW,
            incident_id=incident.id,
        )
        async with self.database.transaction() as session:
            session.add(row)
        return row.id

    async def find(self, order: Order = Order.OLDEST, **wanted: object) -> list[str]:
        async with self.database.reading() as session:
            page = await find(session, IncidentFilter(**wanted), order, limit=10)  # type: ignore[arg-type]
        assert page.total == len(page.incidents)
        return [each.code for each in page.incidents]

    async def type_id(self, name: str = "Авария ВОЛС") -> int:
        async with self.database.reading() as session:
            return next(each.id for each in await types.of_desk(session, "towers") if each.name == name)


@pytest.fixture
async def desk(database: Database) -> Desk:
    desk = Desk(database)
    await desk.set_up()
    return desk


async def test_codes_count_up_in_each_desk(desk: Desk) -> None:
    codes = [(await desk.open(desk=name)).code for name in ("towers", "towers", "cables", "towers")]
    assert codes == ["NT-1", "NT-2", "CB-1", "NT-3"]


async def test_many_at_once_get_a_code_each_and_none_is_left_out(desk: Desk) -> None:
    opened = await asyncio.gather(*(desk.open(str(number)) for number in range(1, 21)))
    assert sorted(each.number for each in opened) == list(range(1, 21))


async def test_a_refused_incident_takes_no_code(desk: Desk) -> None:
    with pytest.raises(PersonError, match="no_summary"):
        await desk.open("  ")
    with pytest.raises(PersonError, match=r"type\.gone"):
        await desk.open(type_id=999)
    assert (await desk.open()).code == "NT-1"


async def test_what_was_entered_is_read_again(desk: Desk) -> None:
    type_id = await desk.type_id()
    opened = await desk.open(
        "Авария:\n  нет   питания",
        description="Всё\nпро\0па\ud800ло",
        applicant=Applicant("Пётр", "Petr@Example.org"),
        type_id=type_id,
        responsible_id=desk.boris.person_id,
        pole_id=await desk.pole("41960-P-43-1-1"),
    )
    assert await desk.get(opened) == opened
    assert opened.summary == "Авария: нет питания"
    assert opened.description == "Всё\nпропало"
    assert opened.applicant.address == "petr@example.org"
    assert (opened.status, opened.language, opened.version) == (Status.NEW, "ru", 1)
    async with desk.database.reading() as session:
        assert await desk.incidents.by_code(session, " nt-1 ") == opened
        assert await desk.incidents.by_code(session, "NT-2") is None
        assert await desk.incidents.many(session, [opened.id, 99]) == {opened.id: opened}
    assert await desk.history(opened) == [
        ("opened", "", "NT-1"),
        ("type", "", "Авария ВОЛС"),
        ("responsible", "", "Борис"),
        ("pole", "", "41960-P-43-1-1"),
    ]


async def test_a_change_is_written_down_with_who_and_why_and_told_once(desk: Desk) -> None:
    opened = await desk.open()
    desk.heard.clear()
    desk.clock.advance(timedelta(minutes=1))
    taken = await desk.change(opened, status=Status.IN_PROGRESS, responsible_id=desk.anna.person_id)
    assert (taken.status, taken.responsible_id) == (Status.IN_PROGRESS, desk.anna.person_id)
    assert taken.updated_at == NOW + timedelta(minutes=1)
    assert taken.version == opened.version + 1
    [(incident, events)] = desk.heard
    assert incident == taken == await desk.get(taken)
    assert [(each.kind, each.old, each.new) for each in events] == [
        (EventKind.STATUS, "new", "in_progress"),
        (EventKind.RESPONSIBLE, "", "Анна"),
    ]
    assert all(each.actor == desk.anna and each.why == "why" and each.id for each in events)
    async with desk.database.reading() as session:
        assert (await desk.incidents.history(session, opened.id))[1:] == events


async def test_what_is_so_already_is_not_said_again(desk: Desk) -> None:
    taken = await desk.move(await desk.open(), Status.IN_PROGRESS)
    desk.heard.clear()
    assert await desk.change(taken, status=Status.IN_PROGRESS, summary="Нет  питания") == taken
    assert desk.heard == []


async def test_an_illegal_move_changes_nothing(desk: Desk) -> None:
    opened = await desk.open()
    with pytest.raises(PersonError, match="from_new"):
        await desk.change(opened, status=Status.CLOSED, summary="Другое")
    assert await desk.get(opened) == opened


async def test_closing_needs_a_type_and_closed_ones_can_be_opened_again(desk: Desk) -> None:
    taken = await desk.move(await desk.open(), Status.IN_PROGRESS)
    with pytest.raises(PersonError, match="needs_type"):
        await desk.move(taken, Status.CLOSED)
    closed = await desk.change(taken, status=Status.CLOSED, type_id=await desk.type_id())
    assert closed.finished_at == NOW
    again = await desk.move(closed, Status.IN_PROGRESS)
    assert again.finished_at is None


async def test_of_two_who_click_at_once_the_second_is_told(desk: Desk) -> None:
    opened = await desk.open()

    async def take(actor: Actor) -> str:
        change = IncidentChange(status=Status.IN_PROGRESS, responsible_id=actor.person_id)
        seen = IncidentChange(status=Status.NEW, responsible_id=None)
        async with desk.database.transaction() as session:
            try:
                await desk.incidents.change(session, opened.id, change, actor, seen=seen)
            except PersonError as error:
                return error.key
        return "taken"

    said = await asyncio.gather(take(desk.anna), take(desk.boris))
    assert sorted(said) == ["dispatch.incident.changed_meanwhile", "taken"]
    assert len([each for each in await desk.history(opened) if each[0] == "responsible"]) == 1


async def test_a_letter_makes_it_unread_until_somebody_looks(desk: Desk) -> None:
    opened = await desk.open()
    async with desk.database.transaction() as session:
        letter = Came(opened.id, Actor(ActorKind.LETTER, "Пётр"), "Re: НТ")
        (came,) = await desk.incidents.letters_came(session, [letter])
    assert came.unread
    assert not (await desk.change(came, unread=False)).unread
    assert (await desk.history(opened))[1:] == [("letter_in", "", "Re: НТ"), ("read", "", "")]


async def test_a_listener_that_changes_the_incident_is_heard_in_order_by_all(desk: Desk) -> None:
    told: list[list[str]] = []

    async def assign(session: AsyncSession, changes: Sequence[Changed]) -> None:
        for each in changes:
            if EventKind.OPENED in each.kinds:
                change = IncidentChange(responsible_id=desk.anna.person_id)
                await desk.incidents.change(session, each.incident.id, change, SYSTEM, "least loaded")

    async def tell(session: AsyncSession, changes: Sequence[Changed]) -> None:
        for each in changes:
            assert each.incident.responsible_id == desk.anna.person_id
            told.append([event.kind.value for event in each.events])

    desk.incidents.on_changed(assign)
    desk.incidents.on_changed(tell)
    opened = await desk.open()
    assert told == [["opened"], ["responsible"]]
    assert opened.responsible_id == desk.anna.person_id


async def test_a_listener_that_fails_undoes_the_change(desk: Desk) -> None:
    opened = await desk.open()

    async def fail(session: AsyncSession, changes: Sequence[Changed]) -> None:
        raise ValueError("no")

    desk.incidents.on_changed(fail)
    with pytest.raises(ValueError, match="no"):
        await desk.move(opened, Status.IN_PROGRESS)
    assert await desk.get(opened) == opened


async def test_an_incident_waits_for_what_it_depends_on(desk: Desk) -> None:
    one, other = await desk.open("one"), await desk.open("other")
    await desk.link(other, LinkKind.BLOCKS, one)
    await desk.link(one, LinkKind.DEPENDS, other)
    assert await desk.links(one) == [("depends", "NT-2")]
    assert await desk.links(other) == [("blocks", "NT-1")]
    assert await desk.history(one) == [("opened", "", "NT-1"), ("linked", "depends", "NT-2")]
    with pytest.raises(PersonError, match="circle"):
        await desk.link(other, LinkKind.DEPENDS, one)
    type_id = await desk.type_id()
    one = await desk.change(one, status=Status.IN_PROGRESS, type_id=type_id)
    other = await desk.change(other, status=Status.IN_PROGRESS, type_id=type_id)
    with pytest.raises(PersonError, match=r"close\.depends"):
        await desk.move(one, Status.CLOSED)
    await desk.move(other, Status.CLOSED)
    assert (await desk.move(one, Status.CLOSED)).status is Status.CLOSED


async def test_a_link_is_there_once_and_can_be_taken_away_from_either_side(desk: Desk) -> None:
    one, other = await desk.open("one"), await desk.open("other")
    await desk.link(one, LinkKind.RELATED, other)
    await desk.link(other, LinkKind.RELATED, one)
    assert await desk.links(one) == [("related", "NT-2")]
    async with desk.database.transaction() as session:
        await desk.incidents.unlink(session, other.id, LinkKind.RELATED, one.id, desk.anna)
        await desk.incidents.unlink(session, other.id, LinkKind.RELATED, one.id, desk.anna)
    assert await desk.links(one) == []
    assert [each[0] for each in await desk.history(one)] == ["opened", "linked", "unlinked"]


async def test_what_has_nothing_to_do_with_each_other_is_not_linked(desk: Desk) -> None:
    one, foreign = await desk.open(), await desk.open(desk="cables")
    with pytest.raises(PersonError, match=r"link\.same"):
        await desk.link(one, LinkKind.RELATED, one)
    with pytest.raises(PersonError, match="other_desk"):
        await desk.link(one, LinkKind.RELATED, foreign)


async def test_a_merged_incident_lives_on_in_its_survivor_through_chains(desk: Desk) -> None:
    first, second, third, waiting = [await desk.open(name) for name in ("1", "2", "3", "w")]
    await desk.link(waiting, LinkKind.DEPENDS, first)
    await desk.link(first, LinkKind.RELATED, second)
    letter = await desk.letter(first)
    survivor = await desk.merge(first, second)
    assert survivor.id == second.id
    assert await desk.links(second) == [("blocks", "NT-4")]
    assert (await desk.merge(first, third)).id == third.id
    for each in (first, second):
        merged = await desk.get(each)
        assert (merged.status, merged.merged_into_id) == (Status.CLOSED, third.id)
        assert merged.finished_at == NOW
    async with desk.database.reading() as session:
        assert await desk.incidents.survivor(session, first.id) == third.id
        assert [each.id for each in await of_incident(session, third.id)] == [letter]
    assert await desk.links(third) == [("blocks", "NT-4")]
    assert [each[0] for each in await desk.history(first)][-2:] == ["merged", "status"]
    assert (await desk.history(third))[-1] == ("absorbed", "", "NT-2")
    with pytest.raises(PersonError, match=r"incident\.merged") as refusal:
        await desk.change(first, status=Status.IN_PROGRESS)
    assert refusal.value.params == {"code": "NT-1", "survivor": "NT-3"}
    with pytest.raises(PersonError, match=r"link\.same"):
        await desk.merge(third, first)


async def test_two_who_merge_crosswise_leave_one_survivor(desk: Desk) -> None:
    one, other = await desk.open("1"), await desk.open("2")
    done = await asyncio.gather(desk.merge(one, other), desk.merge(other, one), return_exceptions=True)
    assert len([each for each in done if isinstance(each, PersonError)]) == 1
    merged = [(await desk.get(each)).merged_into_id for each in (one, other)]
    assert merged.count(None) == 1


async def test_types_begin_as_the_usual_ones_and_are_the_desks_own_then(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        towers = await types.of_desk(session, "towers")
        assert [(each.name, each.minutes) for each in towers[:3]] == [
            ("Запрос на организацию доступа к объекту", 2880),
            ("Авария по питанию от сотрудника компании", 1440),
            ("Угроза гибели / гибель объекта", 240),
        ]
        assert "Fibre failure" in [each.name for each in await types.of_desk(session, "cables")]
        added = await types.add(session, "towers", TypeDraft("  Кража   кабеля ", 600))
        assert (added.name, added.position) == ("Кража кабеля", 8)
        edited = await types.edit(session, added.id, TypeDraft("Кража", 30, active=False))
        assert (edited.minutes, edited.active) == (30, False)
        with pytest.raises(PersonError, match=r"type\.taken"):
            await types.add(session, "towers", TypeDraft("авария волс", 1))
        with pytest.raises(PersonError, match="bad_minutes"):
            await types.edit(session, added.id, TypeDraft("Кража", 0))
        own = (TypeSettings(name="Одно", minutes=5),)
        await types.seed(session, DESKS["towers"].model_copy(update={"types": own}))
        assert len(await types.of_desk(session, "towers")) == 8
        await types.seed(session, DESKS["towers"].model_copy(update={"name": "new", "types": own}))
        assert [each.name for each in await types.of_desk(session, "new")] == ["Одно"]


async def test_incidents_are_found_by_each_thing_that_is_known_of_them(desk: Desk) -> None:
    anna, type_id = desk.anna.person_id, await desk.type_id()
    one = await desk.open("one", unread=True, pole_id=await desk.pole("41960-P-43-1-1"))
    two = await desk.open("two", type_id=type_id, responsible_id=anna)
    await desk.open("three", desk="cables")
    desk.clock.advance(timedelta(hours=1))
    await desk.move(one, Status.IN_PROGRESS, Status.ON_GENERATION)
    assert await desk.find() == ["NT-1", "NT-2", "CB-1"]
    assert await desk.find(Order.NEWEST) == ["CB-1", "NT-2", "NT-1"]
    assert await desk.find(Order.CHANGED, desks=frozenset({"towers"})) == ["NT-1", "NT-2"]
    assert await desk.find(statuses=OPEN) == ["NT-2", "CB-1"]
    assert await desk.find(responsible_id=anna) == await desk.find(type_id=type_id) == [two.code]
    assert await desk.find(responsible_id=None) == ["NT-1", "CB-1"]
    assert await desk.find(contractor_id=5) == []
    assert await desk.find(unread=True) == await desk.find(pole="41960-р") == [one.code]
    assert await desk.find(code="nt-") == ["NT-1", "NT-2"]
    assert await desk.find(code="1") == ["NT-1", "CB-1"]
    assert await desk.find(since=NOW, before=NOW + timedelta(seconds=1)) == ["NT-1", "NT-2", "CB-1"]
    assert await desk.find(before=NOW) == await desk.find(since=NOW + timedelta(seconds=1)) == []


async def test_incidents_are_found_by_the_beginnings_of_their_words(desk: Desk) -> None:
    one = await desk.open("Ещё одна авария ВОЛС", description="Опора 41960-P-43, БС KI0075, звонил Пётр")
    await desk.open("Авария по питанию", applicant=Applicant("Анна", "anna@example.org"))
    assert await desk.find(text="авари") == ["NT-1", "NT-2"]
    assert await desk.find(text="АВАРИЯ волс") == ["NT-1"]
    assert await desk.find(text="еще петр 41960 кi00") == ["NT-1"]
    assert await desk.find(text="Anna@Example.org") == ["NT-2"]
    assert await desk.find(text="волна") == await desk.find(text=" — ") == []
    assert await desk.find(text="п") == ["NT-1", "NT-2"]
    assert await desk.find(text="В о 4") == ["NT-1"]
    assert await desk.find(text="л") == await desk.find(text="5") == []
    async with desk.database.transaction() as session:
        await words.index(session, one.id, "приехал генератор, авария")
    assert await desk.find(text="генератор") == ["NT-1"]
    other = await desk.open("Дубль")
    await desk.merge(one, other)
    assert await desk.find(text="генератор", statuses=OPEN) == [other.code]


async def test_a_long_list_comes_in_pages_with_its_total(desk: Desk) -> None:
    for number in range(5):
        await desk.open(str(number))
    async with desk.database.reading() as session:
        pages = [
            await find(session, IncidentFilter(), Order.OLDEST, limit=2, offset=each) for each in (0, 2, 4, 6)
        ]
    assert [[each.number for each in page.incidents] for page in pages] == [[1, 2], [3, 4], [5], []]
    assert {page.total for page in pages} == {5}
