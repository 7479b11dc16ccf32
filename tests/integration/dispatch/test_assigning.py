"""Incidents find somebody who works: fairly, the oldest first, and nobody else when nobody does."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.dispatch.house import NOW, House, open_house
from tests.integration.mattermost.surface_desk import user_id

from sekretar.dispatch.assignment.assigning import Assigning
from sekretar.dispatch.assignment.handing_over import Handover
from sekretar.dispatch.assignment.model import AssignmentRow, QueueRow
from sekretar.dispatch.assignment.settings import AssignmentSettings
from sekretar.dispatch.assignment.shifts import ExceptionKind, Shift
from sekretar.dispatch.assignment.team import Role
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Came,
    Incident,
    IncidentChange,
    Status,
)
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.spans import Opening, Span
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PersonError

HOUR = timedelta(hours=1)
#: The Wednesday of the tests, by which shifts are counted.
TODAY = date(2026, 3, 4)
DAY, NIGHT = Opening.parse("08:00-20:00"), Opening.parse("20:00-08:00")


def desk(**assignment: Any) -> DeskSettings:
    return DeskSettings(
        name="towers", prefix="NT", channel="work/desk", assignment=AssignmentSettings(**assignment)
    )


class Team:
    """Shorthand for what happens in these tests: it is noon, Anna works by day and Boris by night."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ids: dict[str, int] = {}

    async def hire(self, name: str, *openings: Opening, most: int | None = None) -> int:
        person_id = self.ids[name] = await self.house.person_id(name)
        async with self.house.database.transaction() as session:
            team = self.house.dispatch.team
            await team.put(session, "towers", person_id, Role.DISPATCHER, most=most)
            for opening in openings:
                await team.add_shift(session, "towers", person_id, Shift(TODAY, 1, opening))
        return person_id

    async def work(self) -> None:
        await self.house.dispatch.assigning.run()

    async def of(self, incident: Incident) -> str:
        """Who is responsible."""
        found = (await self.house.now(incident.id)).responsible_id
        return next((name for name, person_id in self.ids.items() if person_id == found), "")

    async def letter(self, incident: Incident) -> None:
        async with self.house.database.transaction() as session:
            await self.house.incidents.letters_came(session, [Came(incident.id, SYSTEM, "Re: Нет питания")])

    async def told(self) -> list[str]:
        """What was said of it: to whom, and the words."""
        return [
            f"{row.payload.get('user_id', 'channel').rstrip('0')}: {row.payload['message'].splitlines()[-1]}"
            for row in await self.house.office.rows()
            if row.key.startswith(("dispatch:assigned:", "dispatch:alarm:"))
        ]

    async def said(self, name: str) -> list[str]:
        """What somebody was told, whole."""
        return [
            row.payload["message"]
            for row in await self.house.office.rows()
            if row.key.startswith("dispatch:assigned:") and row.payload.get("user_id", "").rstrip("0") == name
        ]

    async def waiting(self) -> int:
        async with self.house.database.reading() as session:
            return len((await session.scalars(select(QueueRow))).all())


async def test_a_batch_spreads_over_those_who_work(database: Database) -> None:
    async with open_house(database) as house:
        team = Team(house)
        await team.hire("anna", DAY)
        await team.hire("boris", DAY)
        await team.hire("chris", NIGHT)
        opened = [await house.open() for _ in range(5)]
        await asyncio.gather(team.work(), team.work())
        names = [await team.of(each) for each in opened]
        assert sorted(names) == ["anna", "anna", "anna", "boris", "boris"]
        assert names[0] != names[1]
        assert await team.waiting() == 0
        # Each reads of all theirs at once.
        said = await team.said("anna")
        assert len(said) == 1
        assert said[0].splitlines()[0] == "Теперь ваши 3 инцидента:"
        hers = [each.code for each, name in zip(opened, names, strict=True) if name == "anna"]
        assert all(f"**{code}**" in said[0] for code in hers)
        async with database.reading() as session:
            record = (await session.scalars(select(AssignmentRow).order_by(AssignmentRow.id))).first()
        assert record is not None
        assert [(each["name"], each["load"], each["hindrance"]) for each in record.candidates] == [
            ("Anna", 0, None),
            ("Boris", 0, None),
            ("Chris", 0, "off_shift"),
        ]


async def test_what_comes_within_moments_is_told_together_as_it_is_by_then(database: Database) -> None:
    async with open_house(database) as house:
        team = Team(house)
        await team.hire("anna", DAY)
        boris = team.ids["boris"] = await house.person_id("boris")
        opened = []
        for _ in range(4):
            opened.append(await house.open())
            due = await house.dispatch.assigning.run()
        assert await team.told() == ["anna: Инцидент назначен вам."]
        assert due == NOW + timedelta(seconds=15)
        # One of them is somebody else's by the time that she is told.
        await house.change(opened[1].id, responsible_id=boris)
        house.clock.advance(timedelta(seconds=14))
        await team.work()
        assert len(await team.said("anna")) == 1
        house.clock.advance(timedelta(seconds=1))
        await team.work()
        await team.work()
        [_, together] = await team.said("anna")
        assert together.splitlines() == [
            "Теперь ваши 2 инцидента:",
            f"* **{opened[2].code}** Нет питания на KI0075",
            f"* **{opened[3].code}** Нет питания на KI0075",
        ]
        # After a list it is quiet for longer; later a single one is said at once again.
        await house.open()
        house.clock.advance(timedelta(seconds=30))
        await team.work()
        assert len(await team.said("anna")) == 2
        house.clock.advance(timedelta(seconds=30))
        await team.work()
        house.clock.advance(timedelta(minutes=5))
        await house.open()
        await team.work()
        assert len(await team.said("anna")) == 4
        assert await team.said("boris") == []


async def test_who_is_named_by_somebody_else_hears_of_it_and_nobody_of_what_they_took(
    database: Database,
) -> None:
    async with open_house(database) as house:
        team = Team(house)
        anna, boris = [await house.person_id(name) for name in ("anna", "boris")]
        by_anna = Actor(ActorKind.PERSON, "Anna", anna)
        first = await house.open(responsible_id=boris)
        second = await house.open()
        async with database.transaction() as session:
            for number, person_id in ((first.id, anna), (second.id, boris)):
                change = IncidentChange(responsible_id=person_id)
                await house.incidents.change(session, number, change, by_anna)
        await team.work()
        assert await team.told() == ["boris: Anna назначает инцидент вам."]


async def test_what_waits_for_others_counts_less_and_a_limit_is_a_limit(database: Database) -> None:
    async with open_house(database) as house:
        team = Team(house)
        anna = await team.hire("anna", DAY)
        boris = await team.hire("boris", DAY, most=1)
        for person_id, status in ((anna, Status.AWAITING_CONFIRMATION), (boris, Status.IN_PROGRESS)):
            theirs = await house.open(responsible_id=person_id)
            await house.change(theirs.id, status=status)
        first, second = await house.open(), await house.open()
        await team.work()
        assert [await team.of(first), await team.of(second)] == ["anna", "anna"]


async def test_nobody_on_shift_is_said_once_and_the_next_shift_begins_with_the_oldest(
    database: Database,
) -> None:
    async with open_house(database) as house:
        team = Team(house)
        await team.hire("boris", NIGHT, most=1)
        first = await house.open()
        await team.work()
        second = await house.open()
        await team.work()
        assert [await team.of(first), await team.of(second)] == ["", ""]
        assert await team.told() == [
            "channel: 🚨 На смене никого нет, диспетчера ждёт 1 инцидент. Ближайшая смена: 20:00 (Boris)."
        ]
        house.clock.advance(8 * HOUR - timedelta(seconds=40))
        due = await house.dispatch.assigning.run()
        assert due == NOW + 8 * HOUR
        house.clock.advance(timedelta(seconds=40))
        await team.work()
        assert [await team.of(first), await team.of(second)] == ["boris", ""]
        assert (await team.told())[-1] == (
            "channel: 🚨 Все, кто на смене, загружены до предела; диспетчера ждёт 1 инцидент."
            " Ближайшая смена: 5 марта, 20:00 (Boris)."
        )
        # When something is done there is room again, and the next alarm is a new one.
        await house.change(first.id, status=Status.IN_PROGRESS)
        await house.change(first.id, type_id=(await _a_type(house)), status=Status.CLOSED)
        await team.work()
        assert await team.of(second) == "boris"
        house.clock.advance(HOUR)
        await house.open()
        await team.work()
        assert len([each for each in await team.told() if each.startswith("channel")]) == 3


async def _a_type(house: House) -> int:

    async with house.database.reading() as session:
        return (await types.of_desk(session, "towers"))[0].id


async def test_who_is_on_leave_gets_nothing_and_a_swapped_shift_counts_for_the_other(
    database: Database,
) -> None:
    async with open_house(database) as house:
        team = Team(house)
        anna, boris = await team.hire("anna", DAY), await team.hire("boris", NIGHT)
        async with database.transaction() as session:
            swapped = Span(NOW - 2 * HOUR, NOW + 2 * HOUR)
            await house.dispatch.team.swap(session, "towers", anna, boris, swapped, NOW)
        incident = await house.open()
        await team.work()
        assert await team.of(incident) == "boris"
        async with database.transaction() as session:
            leave = Span(NOW, NOW + 48 * HOUR)
            await house.dispatch.team.except_(session, "towers", boris, ExceptionKind.LEAVE, leave)
        other = await house.open()
        await team.work()
        assert await team.of(other) == ""
        async with database.transaction() as session:
            with pytest.raises(PersonError, match="not_on_shift"):
                await house.dispatch.team.swap(session, "towers", boris, anna, leave, NOW)


async def test_a_shift_that_was_taken_over_can_be_given_on_and_back(database: Database) -> None:
    async with open_house(database) as house:
        team = Team(house)
        anna, boris = await team.hire("anna", DAY), await team.hire("boris", NIGHT)
        chris = await team.hire("chris", NIGHT)
        span = Span(NOW - 2 * HOUR, NOW + 2 * HOUR)
        for giver, taker in ((anna, boris), (boris, chris), (chris, anna)):
            async with database.transaction() as session:
                await house.dispatch.team.swap(session, "towers", giver, taker, span, NOW)
                # Whoever gave it on does not work beside the one who does.
                assert await house.dispatch.team.on_shift(session, "towers", NOW) == [taker]


@pytest.mark.parametrize("answers", ["online", "away", "down"])
async def test_presence_is_a_hint_and_no_condition(
    database: Database, answers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(database) as house:
        team = Team(house)
        await team.hire("anna", DAY)
        await team.hire("boris", DAY)
        server: Any = house.office.server
        server.presences = {"anna": "away"} if answers != "online" else {}
        if answers == "down":

            async def down(_: object) -> None:
                raise PeerDown("mattermost")

            monkeypatch.setattr(server, "statuses", down)
        first, second = await house.open(), await house.open()
        await team.work()
        expected = ["boris", "boris"] if answers == "away" else ["anna", "boris"]
        assert [await team.of(first), await team.of(second)] == expected


async def test_a_letter_to_whoever_is_off_shift_goes_to_somebody_who_works_and_both_hear(
    database: Database,
) -> None:
    async with open_house(database) as house:
        team = Team(house)
        await team.hire("anna", DAY)
        await team.hire("boris", NIGHT)
        incident = await house.open()
        await team.work()
        await team.letter(incident)
        await team.work()
        assert await team.of(incident) == "anna"
        house.clock.advance(9 * HOUR)
        await team.letter(incident)
        await team.work()
        assert await team.of(incident) == "boris"
        assert (await team.told())[1:] == [
            "boris: Пришло письмо, а смена диспетчера Anna не идёт: теперь инцидент ваш.",
            "anna: Пришло письмо, пока вы не на смене: инцидент передан диспетчеру Boris.",
        ]


async def test_what_somebody_leaves_who_has_left_the_company_is_taken_up(database: Database) -> None:
    async with open_house(database) as house:
        team = Team(house)
        await team.hire("anna", DAY)
        incident, done = await house.open(), await house.open()
        await team.work()
        await house.change(done.id, status=Status.IN_PROGRESS, type_id=await _a_type(house))
        await house.change(done.id, status=Status.CLOSED)
        async with database.transaction() as session:
            await house.dispatch.team.people.deactivate(session, user_id("anna"), house.clock.now())
        house.clock.advance(timedelta(minutes=1))
        await team.work()
        # Nobody is there, and that is said.
        assert "На смене никого нет" in (await team.told())[-1]
        await team.hire("boris", DAY)
        await team.work()
        assert [await team.of(each) for each in (incident, done)] == ["boris", "anna"]
        assert (await team.told())[
            -1
        ] == "boris: Учётная запись диспетчера Anna закрыта: теперь инцидент ваш."
        assert await team.waiting() == 0


async def test_an_answer_waits_with_its_responsible_when_nobody_works(database: Database) -> None:
    async with open_house(database) as house:
        team = Team(house)
        await team.hire("anna", DAY)
        incident = await house.open()
        await team.work()
        house.clock.advance(9 * HOUR)
        await team.letter(incident)
        await team.work()
        assert await team.of(incident) == "anna"
        assert "На смене никого нет" in (await team.told())[-1]
        house.clock.advance(12 * HOUR)
        await team.work()
        # Anna works again: it is hers, and does not wait any more.
        assert await team.of(incident) == "anna"
        assert await team.waiting() == 0


async def test_what_a_head_or_somebody_else_took_stays_with_them(database: Database) -> None:
    async with open_house(database, desk(answers="reassign")) as house:
        team = Team(house)
        await team.hire("anna", DAY)
        boris = team.ids["boris"] = await house.person_id("boris")
        async with database.transaction() as session:
            await house.dispatch.team.put(session, "towers", boris, Role.HEAD)
        incident = await house.open(responsible_id=boris)
        await team.letter(incident)
        await team.work()
        assert await team.of(incident) == "boris"
        # Given back, it is anybody's.
        await house.change(incident.id, responsible_id=None)
        await team.work()
        assert await team.of(incident) == "anna"
        assert (await team.told()) == ["anna: Инцидент остался без ответственного и назначен вам."]


async def test_the_end_of_a_shift_is_told_once_with_what_is_left(database: Database) -> None:
    async with open_house(database, desk(shift_end="reassign")) as house:
        team, heard = Team(house), list[Handover]()

        async def listen(session: object, handover: Handover, now: object) -> None:
            heard.append(handover)

        house.dispatch.handing_over.on_shift_end(listen)
        anna, boris = await team.hire("anna", DAY), await team.hire("boris", NIGHT)
        incident = await house.open()
        await team.work()
        assert await team.of(incident) == "anna"
        house.clock.advance(8 * HOUR)
        await team.work()
        await team.work()
        assert [(each.person_id, each.ended_at, each.present) for each in heard] == [
            (anna, NOW + 8 * HOUR, (boris,))
        ]
        assert [each.id for each in heard[0].incidents] == [incident.id]
        assert await team.of(incident) == "boris"
        assert (await team.told())[-1] == "anna: Ваша смена закончилась: инцидент передан диспетчеру Boris."


@pytest.mark.parametrize("changed", [{"automatic": False}, {"shifts": False}])
async def test_a_desk_without_automatic_or_without_shifts(
    database: Database, changed: dict[str, bool]
) -> None:
    async with open_house(database, desk(**changed)) as house:
        team = Team(house)
        await team.hire("anna")
        incident = await house.open()
        await team.work()
        assert await team.of(incident) == ("anna" if "shifts" in changed else "")
        assert await team.waiting() == 0


async def test_two_workers_give_each_incident_once(database: Database) -> None:
    async with open_house(database) as house:
        team = Team(house)
        await team.hire("anna", DAY)
        await team.hire("boris", DAY)
        parts = house.dispatch
        other = Assigning(
            parts.telling, {"towers": house.desk}, parts.incidents, parts.team, parts.handing_over
        )
        for _ in range(6):
            await house.open()
        await asyncio.gather(team.work(), other.run(), team.work(), other.run())
        async with database.reading() as session:
            records = (await session.scalars(select(AssignmentRow))).all()
        assert len({each.incident_id for each in records}) == len(records) == 6
        assert sorted(each.person_id or 0 for each in records).count(team.ids["anna"]) == 3
