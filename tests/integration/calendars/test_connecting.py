"""How an account comes and goes: what the server must accept first, and that nothing stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.integration.calendars.diary import Diary, first_lines, ics, open_diary
from tests.peers_caldav import PEOPLE, CalDavServer, running_radicale

from sekretar.calendars.accounts import connecting
from sekretar.calendars.accounts.connecting import Admitted, Application, Rejected
from sekretar.calendars.accounts.leaving import Leaving
from sekretar.calendars.caldav import OTHER, PROVIDERS
from sekretar.calendars.ending.telling import Ending
from sekretar.calendars.model import Calendar, CalendarAccount, EndedMeeting
from sekretar.kernel.database import Database
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.kernel.meetings import Meetings
from sekretar.kernel.outbox import OutboxRow
from sekretar.mattermost.sent import SentMessageRow


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalDavServer]:
    with running_radicale(tmp_path_factory.mktemp("radicale")) as running:
        # In a loop of its own: the server is there for all tests, whichever of them are run.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, running.make_calendar("anna", "work", "Work")).result()
        yield running


@pytest.fixture
async def http() -> AsyncIterator[HttpSessions]:
    sessions = HttpSessions(HttpSettings(allowed_networks=("127.0.0.1",), trust_env=False))
    yield sessions
    await sessions.close()


def application(address: str, login: str = "anna", password: str = PEOPLE["anna"]) -> Application:
    return Application(OTHER, address, login, password)


async def rejected(http: HttpSessions, wanted: Application) -> tuple[str, str]:
    with pytest.raises(Rejected) as refusal:
        await connecting.apply(http, wanted)
    return refusal.value.field, refusal.value.problem.key.removeprefix("calendars.connect.")


async def admit(diary: Diary, wanted: Application, found: Admitted) -> tuple[CalendarAccount, bool]:
    async with diary.desk.database.transaction() as session:
        return await connecting.admit(
            session, diary.desk.vault, diary.person.id, wanted, found, diary.clock.now()
        )


class TestApplying:
    async def test_what_the_server_says(self, http: HttpSessions, radicale: CalDavServer) -> None:
        found = await connecting.apply(http, application(radicale.base_url))
        assert [each.name for each in found.calendars] == ["Work"]

    async def test_each_trouble_stands_at_its_field(self, http: HttpSessions, radicale: CalDavServer) -> None:
        wrong = application(radicale.base_url, password="wrong")
        assert await rejected(http, wrong) == ("password", "wrong_password")
        assert await rejected(http, application("http://127.0.0.1:1/")) == ("address", "unreachable")
        assert await rejected(http, application("https://10.1.2.3/")) == ("address", "inside")
        assert await rejected(http, application("https://no such host/")) == ("address", "bad_address")
        nobody = application(radicale.base_url, "boris", PEOPLE["boris"])
        assert await rejected(http, nobody) == ("", "no_calendars")

    @pytest.mark.parametrize(
        "address", ["http://cloud.example/", "HTTP://93.184.215.14/dav", "http://[::1]/"]
    )
    async def test_a_password_does_not_travel_unprotected(self, http: HttpSessions, address: str) -> None:
        assert await rejected(http, application(address)) == ("address", "unprotected")

    async def test_within_networks_of_the_administrator_it_may(self) -> None:
        listed = HttpSessions(
            HttpSettings(allowed_networks=("127.0.0.0/8", "cloud.corp", "10.0.0.5:8080"), trust_env=False)
        )
        places = ["127.0.0.1:5232", "cloud.corp", "10.0.0.5:8080", "10.0.0.5", "192.168.1.1", "no.invalid"]
        assert [await listed.is_listed(f"http://{place}/") for place in places] == [True] * 3 + [False] * 3
        await listed.close()

    async def test_a_preset_needs_no_address(self, http: HttpSessions) -> None:
        yandex = Application(PROVIDERS["yandex"], "http://ignored/", "anna", "x")
        assert await connecting._is_protected(http, yandex)


class TestAdmitting:
    async def test_the_same_account_gets_its_new_password(
        self, diary: Diary, http: HttpSessions, radicale: CalDavServer
    ) -> None:
        wanted = application(radicale.base_url)
        found = await connecting.apply(http, wanted)
        first, new = await admit(diary, wanted, found)
        assert new
        other = application(radicale.base_url, "Anna", "another")
        second, new = await admit(diary, other, found)
        assert (second.id, new) == (first.id, False)
        assert diary.desk.vault.decrypt(second.password) == "another"
        assert (second.next_sync_at, second.state) == (diary.clock.now(), "active")

    async def test_the_password_is_not_readable(
        self, diary: Diary, http: HttpSessions, radicale: CalDavServer
    ) -> None:
        wanted = application(radicale.base_url)
        account, _ = await admit(diary, wanted, await connecting.apply(http, wanted))
        assert PEOPLE["anna"] not in account.password
        assert PEOPLE["anna"] not in repr(wanted)


class TestChoosing:
    async def test_one_that_is_not_wanted_is_emptied_and_read_in_silence_later(self, diary: Diary) -> None:
        await diary.look({"a.ics": ics("a", diary.clock.now() + timedelta(hours=3))})
        work, home = diary.calendars["work"], diary.calendars["home"]
        assert await choose(diary, {home}) == 1
        assert "occurrences" not in await diary.left_overs()
        assert await choose(diary, {work, home}) == 2
        [emptied] = [each for each in await diary.rows(Calendar) if each.id == work]
        assert (emptied.loaded_at, emptied.ctag, emptied.sync_token) == (None, None, None)


async def choose(diary: Diary, chosen: set[int]) -> int:
    async with diary.desk.database.transaction() as session:
        account = await session.get_one(CalendarAccount, diary.account_id)
        return await connecting.choose(session, account, frozenset(chosen), diary.clock.now())


async def disconnect(diary: Diary) -> None:
    async with diary.desk.database.transaction() as session:
        await connecting.disconnect(session, await session.get_one(CalendarAccount, diary.account_id))


class TestDisconnecting:
    async def test_nothing_is_left(self, diary: Diary, database: Database) -> None:
        await diary.look({"a.ics": ics("a", diary.clock.now() + timedelta(hours=3))})
        async with database.transaction() as session:
            for row in await diary.rows(OutboxRow):
                (await session.get_one(OutboxRow, row.id)).state = "delivered"
        await diary.remind(timedelta(hours=3) - timedelta(minutes=10))
        await disconnect(diary)
        assert await diary.left_overs() == {}
        assert await diary.rows(OutboxRow) == []
        assert await diary.rows(SentMessageRow) == []

    async def test_meetings_that_have_ended_are_forgotten_too(self, diary: Diary, database: Database) -> None:
        other = await open_diary(database, diary.clock, desk=diary.desk, host="b.example")
        start = diary.clock.now() + timedelta(hours=1)
        await diary.look({"a.ics": ics("a", start), "b.ics": ics("b", start)})
        await other.look({"a.ics": ics("a", start), "c.ics": ics("c", start)})
        meetings, told = Meetings(), []

        async def forgets(session: AsyncSession, person_id: int, uids: Collection[str] | None) -> None:
            told.append((person_id, uids))

        meetings.on_forgotten(forgets)
        ending = Ending(diary.desk, meetings)
        await ending.tell_due()
        diary.clock.advance(timedelta(hours=3))
        await ending.tell_due()
        nothing = SimpleNamespace()
        leaving = Leaving(diary.desk, nothing, nothing, nothing, meetings)  # type: ignore[arg-type]
        await leaving.leave(diary.person, [diary.account_id])
        assert {each.uid for each in await diary.rows(EndedMeeting)} == {"a", "c"}
        await leaving.leave(diary.person, [other.account_id])
        assert await diary.rows(EndedMeeting) == []
        assert told == [(diary.person.id, {"b"}), (diary.person.id, {"a", "c"}), (diary.person.id, None)]

    async def test_other_accounts_stay(self, diary: Diary, database: Database) -> None:
        other = await open_diary(database, diary.clock, desk=diary.desk, host="b.example")
        await other.look({"a.ics": ics("a", diary.clock.now() + timedelta(hours=3))})
        await disconnect(diary)
        assert await other.left_overs() == {
            "calendar_accounts": 1, "calendars": 2, "calendar_objects": 1, "occurrences": 1, "reminders": 1
        }  # fmt: skip
        assert first_lines(await other.remind(timedelta(hours=2, minutes=50))) != []

    async def test_what_was_deleted_leaves_the_file(self, diary: Diary, database: Database) -> None:
        if not database.embedded:
            return
        secret = "Acquisition of a competitor"
        texts = {f"{n}.ics": ics(f"{n}", diary.clock.now(), f"{secret} {n}") for n in range(50)}
        await diary.look(texts)
        path = Path(database.url.database or "")
        await disconnect(diary)
        await database.close()
        assert secret.encode() not in path.read_bytes()  # noqa: ASYNC240
