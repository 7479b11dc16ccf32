"""SLA clocks in the database: in step with the incident, each step said once, over outages and changed rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from tests.integration.dispatch.house import NOW, House, open_house

from sekretar.dispatch.assignment.team import Role
from sekretar.dispatch.channels import DeskChannelRow
from sekretar.dispatch.incidents import types
from sekretar.dispatch.incidents.types import TypeDraft
from sekretar.dispatch.incidents.values import Actor, ActorKind, EventKind, Incident, IncidentChange, Status
from sekretar.dispatch.settings import DeskSettings
from sekretar.dispatch.sla.calendars import rule_days, unrule_day
from sekretar.dispatch.sla.clocks import SlaState
from sekretar.dispatch.sla.hours import DayKind, DayRule, Problem, ProblemKind
from sekretar.dispatch.sla.model import ClockRow
from sekretar.dispatch.sla.notices import Notices
from sekretar.dispatch.sla.reading import ClockView, IncidentSla
from sekretar.dispatch.sla.settings import HoursSettings, SlaSettings
from sekretar.kernel.database import Database

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def desk(**sla: Any) -> DeskSettings:
    return DeskSettings(name="towers", prefix="NT", channel="work/desk", sla=SlaSettings(**sla))


class Desk:
    """Shorthand for what happens in these tests."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def type_id(self, minutes: int) -> int:
        async with self.house.database.reading() as session:
            every = await types.of_desk(session, "towers")
        return next(each.id for each in every if each.minutes == minutes)

    async def anna(self) -> Actor:
        return Actor(ActorKind.PERSON, "Anna", await self.house.person_id("anna"))

    async def act(self, incident: Incident, **fields: Any) -> Incident:
        """Anna does something."""
        actor = await self.anna()
        async with self.house.database.transaction() as session:
            change = IncidentChange(**fields)
            return await self.house.incidents.change(session, incident.id, change, actor)

    async def later(self, by: timedelta) -> None:
        """Time passes, and the job is called when it wished to be."""
        until = self.house.clock.now() + by
        while (due := await self.house.dispatch.slas.run()) is not None and due <= until:
            self.house.clock.advance(max(due - self.house.clock.now(), timedelta()))
        self.house.clock.advance(until - self.house.clock.now())

    async def sla(self, incident: Incident) -> IncidentSla:
        async with self.house.database.reading() as session:
            now = self.house.clock.now()
            return (await self.house.dispatch.slas.of(session, [incident], now))[incident.id]

    async def told(self) -> list[str]:
        """What was said of deadlines: to whom, and the line after the heading."""
        return [
            f"{row.payload.get('user_id', 'channel').rstrip('0')}: {row.payload['message'].splitlines()[1]}"
            for row in await self.house.office.rows()
            if row.key.startswith("dispatch:sla:")
        ]

    async def history(self, incident: Incident) -> list[tuple[str, str]]:
        async with self.house.database.reading() as session:
            events = await self.house.incidents.history(session, incident.id)
        return [(each.old, each.new) for each in events if each.kind is EventKind.SLA]


async def test_from_the_letter_to_the_late_end(database: Database) -> None:
    async with open_house(database) as house:
        at = Desk(house)
        incident = await house.open()
        assert (await at.sla(incident)).dispatcher == ClockView(SlaState.UNKNOWN, started_at=NOW)
        assert (await at.sla(incident)).reaction.deadline == NOW + 10 * MINUTE
        await at.later(5 * MINUTE)
        await at.act(incident, responsible_id=await house.person_id("anna"))
        assert (await at.sla(incident)).reaction.state is SlaState.IN_TIME
        await at.act(incident, type_id=await at.type_id(240))
        await at.later(2 * HOUR)
        standing = (await at.sla(incident)).dispatcher
        assert (standing.state, standing.deadline) == (SlaState.RUNNING, NOW + 4 * HOUR)
        assert standing.left == 2 * HOUR - 5 * MINUTE
        await at.later(HOUR)
        assert (await at.sla(incident)).dispatcher.state is SlaState.SOON
        await at.later(HOUR)
        overdue = (await at.sla(incident)).dispatcher
        assert (overdue.state, overdue.late) == (SlaState.OVERDUE, 5 * MINUTE)
        await at.act(incident, status=Status.IN_PROGRESS)
        await at.act(incident, status=Status.CLOSED)
        await at.later(100 * HOUR)
        ended = (await at.sla(incident)).dispatcher
        assert (ended.state, ended.late) == (SlaState.LATE, 5 * MINUTE)
        assert await at.told() == [
            "anna: До срока осталось 1 ч (16:00).",
            "channel: До срока осталось 15 мин (16:00).",
            "anna: Срок только что истёк (16:00).",
            "channel: Срок только что истёк (16:00).",
        ]
        assert await at.history(incident) == [("", "Срок пропущен: 4 марта, 16:00")]


async def test_after_an_outage_the_breach_is_said_once_as_late_as_it_is(database: Database) -> None:
    async with open_house(database) as house:
        at = Desk(house)
        boris = await house.person_id("boris")
        async with database.transaction() as session:
            await house.dispatch.team.put(session, "towers", boris, Role.HEAD)
        incident = await house.open(type_id=await at.type_id(240))
        await at.act(incident, responsible_id=await house.person_id("anna"))
        house.clock.advance(9 * HOUR + 20 * MINUTE)
        await at.later(HOUR)
        await house.dispatch.slas.run()
        assert await at.told() == [
            "boris: Просрочен на 5 ч 20 мин: срок был 16:00.",
            "anna: Просрочен на 5 ч 20 мин: срок был 16:00.",
            "channel: Просрочен на 5 ч 20 мин: срок был 16:00.",
        ]
        async with database.reading() as session:
            row = (await session.scalars(select(ClockRow).where(ClockRow.kind == "dispatcher"))).one()
        assert (row.breached_at, row.due_at) == (NOW + 4 * HOUR, None)


async def test_a_new_type_moves_the_deadline_and_what_has_not_fired(database: Database) -> None:
    async with open_house(database) as house:
        at = Desk(house)
        incident = await house.open(type_id=await at.type_id(240))
        await at.act(incident, responsible_id=await house.person_id("anna"))
        await at.later(3 * HOUR + MINUTE)
        await at.act(incident, type_id=await at.type_id(1440))
        assert (await at.sla(incident)).dispatcher.deadline == NOW + 24 * HOUR
        assert await at.history(incident) == [("Срок: 4 марта, 16:00", "Срок: 5 марта, 12:00")]
        await at.later(20 * HOUR + 45 * MINUTE)
        await at.later(HOUR)
        assert [each.partition(":")[0] for each in await at.told()] == ["anna", "channel", "anna", "channel"]
        # Earlier again: what would have been due long ago is not said again.
        await at.act(incident, type_id=await at.type_id(240))
        await at.later(MINUTE)
        assert len(await at.told()) == 4


async def test_an_incident_that_began_earlier_is_due_earlier(database: Database) -> None:
    async with open_house(database) as house:
        at = Desk(house)
        incident = await house.open(type_id=await at.type_id(240))
        await at.act(incident, opened_at=NOW - HOUR)
        assert (await at.sla(incident)).dispatcher.deadline == NOW + 3 * HOUR


async def test_waiting_stops_the_clock_and_the_contractor_has_one_too(database: Database) -> None:
    async with open_house(database) as house:
        at = Desk(house)
        incident = await house.open(type_id=await at.type_id(240))
        await at.act(incident, status=Status.IN_PROGRESS)
        await at.act(incident, status=Status.APPLICANT_NOTIFIED)
        await at.later(HOUR)
        await at.act(incident, status=Status.HANDED_OVER)
        assert (await at.sla(incident)).contractor.deadline == NOW + 5 * HOUR
        await at.later(30 * MINUTE)
        await at.act(incident, status=Status.AWAITING_CONFIRMATION)
        await at.later(48 * HOUR)
        waiting = (await at.sla(incident)).dispatcher
        assert (waiting.paused, waiting.deadline, waiting.left) == (True, None, 150 * MINUTE)
        assert await at.told() == []
        await at.act(incident, status=Status.CLOSURE_NOTIFIED)
        both = await at.sla(incident)
        assert both.dispatcher.deadline == house.clock.now() + 150 * MINUTE
        assert both.contractor.state is SlaState.IN_TIME


async def test_working_hours_and_a_day_that_is_ruled_otherwise(database: Database) -> None:
    async with open_house(database, desk(hours=HoursSettings(), reaction_minutes=0)) as house:
        at = Desk(house)
        # Wednesday noon in Moscow; 24 working hours: six today, nine, nine.
        incident = await house.open(type_id=await at.type_id(1440))
        assert (await at.sla(incident)).dispatcher.deadline == NOW + 2 * 24 * HOUR + 6 * HOUR
        await house.dispatch.slas.run()
        thursday = date(2026, 3, 5)
        async with database.transaction() as session:
            await rule_days(session, "towers", {thursday: DayRule(DayKind.SHORTENED)})
        await house.dispatch.slas.run()
        # One hour is missing on Thursday, and after Friday comes a long weekend.
        moved = (await at.sla(incident)).dispatcher
        assert moved.deadline == NOW + 6 * 24 * HOUR - 2 * HOUR
        assert await at.history(incident) == [("Срок: 6 марта, 18:00", "Срок: 10 марта, 10:00")]
        async with database.transaction() as session:
            assert await unrule_day(session, "towers", thursday)
        await house.dispatch.slas.run()
        assert (await at.sla(incident)).dispatcher.deadline == NOW + 2 * 24 * HOUR + 6 * HOUR
        async with database.reading() as session:
            assert await house.dispatch.slas.problems(session) == {"towers": []}


async def test_a_calendar_that_never_opens_gives_no_deadline(database: Database) -> None:
    async with open_house(database, desk(hours=HoursSettings(week={}))) as house:
        at = Desk(house)
        incident = await house.open(type_id=await at.type_id(240))
        await at.later(500 * HOUR)
        assert (await at.sla(incident)).dispatcher.state is SlaState.UNKNOWN
        assert await at.told() == []
        async with database.reading() as session:
            found = await house.dispatch.slas.problems(session)
        assert found == {"towers": [Problem(ProblemKind.NEVER_OPEN)]}


async def test_at_night_nobody_is_told_and_the_breach_stands_in_the_history_all_the_same(
    database: Database,
) -> None:
    async with open_house(database, desk(notice_hours=HoursSettings(), reaction_minutes=0)) as house:
        at = Desk(house)
        house.clock.advance(5 * HOUR)  # 17:00
        incident = await house.open(type_id=await at.type_id(240))
        await at.later(5 * HOUR)
        assert await at.told() == []
        assert await at.history(incident) == [("", "Срок пропущен: 4 марта, 21:00")]
        await at.later(12 * HOUR)
        assert await at.told() == ["channel: Просрочен на 12 ч: срок был 4 марта, 21:00."]


async def test_a_type_that_is_edited_holds_for_open_incidents_only_when_it_is_asked_for(
    database: Database,
) -> None:
    async with open_house(database) as house:
        at = Desk(house)
        type_id = await at.type_id(240)
        incident = await house.open(type_id=type_id)
        async with database.transaction() as session:
            await types.edit(session, type_id, TypeDraft("Угроза", 480))
        await at.act(incident, status=Status.IN_PROGRESS)
        assert (await at.sla(incident)).dispatcher.deadline == NOW + 4 * HOUR
        assert await house.dispatch.slas.reapply(type_id) == 1
        assert (await at.sla(incident)).dispatcher.deadline == NOW + 8 * HOUR


async def test_other_rules_after_a_restart_hold_for_what_is_open(database: Database) -> None:
    async with open_house(database) as house:
        at = Desk(house)
        incident = await house.open(type_id=await at.type_id(1440))
        await house.dispatch.slas.run()
    async with open_house(database, desk(hours=HoursSettings())) as house:
        await house.dispatch.slas.run()
        assert (await Desk(house).sla(incident)).dispatcher.deadline == NOW + 2 * 24 * HOUR + 6 * HOUR


async def test_other_pauses_after_a_restart_hold_for_what_is_open(database: Database) -> None:
    waiting = Status.AWAITING_CONFIRMATION
    async with open_house(database) as house:
        at = Desk(house)
        incident = await house.open(type_id=await at.type_id(240))
        await at.act(incident, status=Status.IN_PROGRESS)
        await at.later(HOUR)
        await at.act(incident, status=waiting)
        await at.later(2 * HOUR)
        paused = (await at.sla(incident)).dispatcher
        assert (paused.state, paused.left) == (SlaState.RUNNING, 3 * HOUR)
    async with open_house(database, desk().model_copy(update={"pausing": ()})) as house:
        house.clock.advance(3 * HOUR)
        await house.dispatch.slas.run()
        assert (await Desk(house).sla(incident)).dispatcher.deadline == NOW + 4 * HOUR


@pytest.mark.parametrize("found", [False, True])
async def test_what_cannot_be_said_yet_is_said_later(database: Database, found: bool) -> None:
    async with open_house(database, desk(reaction_minutes=0)) as house:
        at = Desk(house)
        incident = await house.open(type_id=await at.type_id(240))
        async with database.transaction() as session:
            await session.execute(delete(DeskChannelRow))
        house.clock.advance(4 * HOUR)
        due = await house.dispatch.slas.run()
        assert await at.told() == []
        assert due == house.clock.now() + MINUTE
        if found:
            await house.dispatch.channels.find()
        await at.later(2 * MINUTE)
        expected = ["channel: Просрочен на 1 мин: срок был 16:00."] if found else []
        assert await at.told() == expected
        assert len(await at.history(incident)) == 1


async def test_an_incident_that_ended_in_another_is_not_overdue(database: Database) -> None:
    async with open_house(database) as house:
        at = Desk(house)
        one, other = [await house.open(type_id=await at.type_id(240)) for _ in range(2)]
        anna = await at.anna()
        async with database.transaction() as session:
            await house.incidents.merge(session, one.id, other.id, anna)
        await at.later(4 * HOUR + MINUTE)
        keys = {row.payload["message"].split()[1] for row in await house.office.rows()
                if row.key.startswith("dispatch:sla:")}  # fmt: skip
        assert keys == {f"**{other.code}**"}


# --- many at once -----------------------------------------------------------------------------------------


async def outage(house: House, count: int, apart: timedelta = timedelta()) -> list[Incident]:
    """A line has fallen: incidents of Anna, every third one of Boris."""
    at, found = Desk(house), []
    for number in range(count):
        name = "boris" if number % 3 == 2 else "anna"
        person = await house.person_id(name)
        found.append(await house.open(type_id=await at.type_id(240), responsible_id=person))
        house.clock.advance(apart)
    return found


async def messages(house: House) -> list[tuple[str, int]]:
    """What was said of deadlines: to whom, and of how many incidents."""
    return [
        (row.payload.get("user_id", "channel").rstrip("0"), row.payload["message"].count("**NT-"))
        for row in await house.office.rows()
        if row.key.startswith("dispatch:sla:")
    ]


async def test_many_deadlines_at_once_are_said_together_and_each_is_noted(database: Database) -> None:
    async with open_house(database, desk(reaction_minutes=0)) as house:
        at, incidents = Desk(house), await outage(house, 8)
        house.clock.advance(3 * HOUR)
        await house.dispatch.slas.run()
        assert sorted(await messages(house)) == [("anna", 6), ("boris", 2)]
        house.clock.advance(45 * MINUTE)
        await house.dispatch.slas.run()
        assert (await messages(house))[2:] == [("channel", 8)]
        house.clock.advance(15 * MINUTE)
        for _ in range(2):
            await house.dispatch.slas.run()
        assert sorted((await messages(house))[3:]) == [("anna", 6), ("boris", 2), ("channel", 8)]
        text = [row.payload["message"] for row in await house.office.rows()][-1]
        assert text.startswith("⏰ Просрочено 8 инцидентов:\n* **NT-1** ")
        assert text.endswith("Срок только что истёк (16:00).")
        for incident in incidents:
            assert await at.history(incident) == [("", "Срок пропущен: 4 марта, 16:00")]
            assert (await at.sla(incident)).dispatcher.state is SlaState.OVERDUE


async def test_after_an_outage_of_ours_many_breaches_are_one_message(database: Database) -> None:
    async with open_house(database, desk(reaction_minutes=0)) as house:
        await outage(house, 40)
        house.clock.advance(9 * HOUR)
        await Desk(house).later(HOUR)
        # Thirty stand in the list, and it is said that there are more.
        assert sorted(await messages(house)) == [("anna", 27), ("boris", 13), ("channel", 30)]
        assert "и ещё 10" in [row.payload["message"] for row in await house.office.rows()][-1]


async def test_deadlines_that_follow_each_other_closely_are_said_together_after_the_first_few(
    database: Database,
) -> None:
    async with open_house(database, desk(reaction_minutes=0)) as house:
        await outage(house, 12, timedelta(seconds=4))
        await Desk(house).later(4 * HOUR + 3 * MINUTE)
        of_channel = [count for reader, count in await messages(house) if reader == "channel"]
        assert of_channel == [1, 1, 1, 1, 1, 7] * 2


async def test_what_fired_and_was_not_said_when_the_process_ended_is_said_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(database, desk(reaction_minutes=0)) as house:
        await outage(house, 8)
        house.clock.advance(4 * HOUR)

        async def end(*_: object) -> None:
            raise ConnectionError

        with monkeypatch.context() as ending:
            ending.setattr(Notices, "give_together", end)
            with pytest.raises(ConnectionError):
                await house.dispatch.slas.run()
        assert await messages(house) == []
        await Desk(house).later(2 * MINUTE)
        assert sorted(await messages(house)) == [("anna", 6), ("boris", 2), ("channel", 8)]
