"""Addresses that a person names find them in the meetings of their account, at once and for nobody to hear of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from tests.integration.calendars.diary import Diary, first_lines, ics

from sekretar.calendars.accounts import connecting, own_addresses
from sekretar.calendars.accounts.own_addresses import Own, own_in
from sekretar.calendars.answers.answering import unanswered
from sekretar.calendars.answers.attending import Part, part_in
from sekretar.calendars.booking import people_search
from sekretar.calendars.model import CalendarAccount, ChangedAddresses, StoredOccurrence
from sekretar.calendars.sync.recognising import Recognising
from sekretar.kernel.errors import PersonError
from sekretar.kernel.outbox import OutboxRow
from sekretar.kernel.people import PersonRow

ALIAS = "a.petrova@company.example"
BOSS = "ORGANIZER;CN=Boss:mailto:boss@example.com"


def asked(answer: str = "NEEDS-ACTION", address: str = ALIAS) -> str:
    return f"ATTENDEE;PARTSTAT={answer}:mailto:{address.replace('company', 'Company')}"


async def name(diary: Diary, *addresses: str) -> Own:
    """Name these and no others; what follows from it is done."""
    async with diary.desk.database.transaction() as session:
        known = await own_addresses.name(
            session, diary.person, diary.account_id, addresses, diary.clock.now()
        )
    await Recognising(diary.desk).run()
    assert await diary.count(ChangedAddresses) == 0
    return known


async def answers(diary: Diary) -> list[str]:
    return [each.answer for each in await diary.rows(StoredOccurrence)]


async def waiting(diary: Diary) -> list[str]:
    async with diary.desk.database.reading() as session:
        return [each.meeting.title for each in await unanswered(session, diary.person, diary.clock.now())]


async def parts(diary: Diary) -> list[Part]:
    async with diary.desk.database.reading() as session:
        account = await session.get_one(CalendarAccount, diary.account_id)
    return [part_in(each, account.addresses) for each in await diary.rows(StoredOccurrence)]


async def test_stored_invitations_are_seen_and_unseen_at_once(diary: Diary, noon: datetime) -> None:
    rest = [ics(f"x{number}", noon, f"Other {number}", BOSS) for number in range(3)]
    await diary.look({"a.ics": ics("a", noon, "Смета", BOSS, asked()), **dict(zip("xyz", rest, strict=True))})
    await diary.look({"b.ics": ics("b", noon, "Серия", "RRULE:FREQ=WEEKLY", BOSS, asked())}, "home")
    await diary.said()
    before = await diary.count(OutboxRow)
    assert await waiting(diary) == []
    assert await name(diary, ALIAS) == Own(("anna@example.com",), (ALIAS,))
    assert sorted(await waiting(diary)) == ["Серия", "Смета"]
    assert await diary.said() == []
    await name(diary)
    assert await waiting(diary) == []
    assert set(await answers(diary)) == {""}
    # What may have asked for an answer does so no longer: that is an edit of what was said.
    assert {each.kind for each in (await diary.rows(OutboxRow))[before:]} == {"mattermost.edit"}


async def test_what_was_declined_by_it_is_not_reminded_of(diary: Diary, noon: datetime) -> None:
    for uid, answer in (("a", "DECLINED"), ("b", "ACCEPTED")):
        text = ics(uid, noon, uid, BOSS, asked(answer))
        await diary.look({f"{uid}.ics": text}, silent=True)
    await name(diary, ALIAS)
    assert first_lines(await diary.remind(timedelta(hours=3, minutes=-10))) == ["⏰ Через 10 минут: b"]


async def test_who_is_no_longer_known_to_have_declined_is_reminded(diary: Diary, noon: datetime) -> None:
    await name(diary, ALIAS)
    await diary.look({"a.ics": ics("a", noon, "a", BOSS, asked("DECLINED"))}, silent=True)
    await name(diary, ALIAS)
    await name(diary)
    assert first_lines(await diary.remind(timedelta(hours=3, minutes=-10))) == ["⏰ Через 10 минут: a"]


async def test_what_was_called_by_it_is_ones_own(diary: Diary, noon: datetime) -> None:
    await diary.look({"a.ics": ics("a", noon, "a", f"ORGANIZER:mailto:{ALIAS}", asked(address="v@x.ru"))})
    assert await parts(diary) == [Part.WITNESS]
    await name(diary, ALIAS)
    assert await parts(diary) == [Part.OWNER]


async def test_one_is_found_in_a_crowd_of_which_few_are_kept(diary: Diary, noon: datetime) -> None:
    crowd = [f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:v{number}@example.com" for number in range(350)]
    await diary.look({"a.ics": ics("a", noon, "a", BOSS, *crowd, asked("TENTATIVE"))}, silent=True)
    await name(diary, ALIAS)
    assert await answers(diary) == ["TENTATIVE"]


async def test_a_look_that_began_before_spoils_nothing(diary: Diary, noon: datetime) -> None:
    await name(diary, ALIAS)
    # It reads by the only address that was known when it began.
    await diary.look({"a.ics": ics("a", noon, "Смета", BOSS, asked())}, silent=True)
    assert await answers(diary) == [""]
    await Recognising(diary.desk).run()
    assert await waiting(diary) == ["Смета"]
    assert await diary.count(ChangedAddresses) == 0


class TestWhose:
    async def test_nobody_names_the_address_of_somebody_else(self, diary: Diary) -> None:
        boris = await diary.desk.profiles.person("boris".ljust(26, "0"))

        async def known_as(email: str, *, active: bool) -> None:
            async with diary.desk.database.transaction() as session:
                row = update(PersonRow).where(PersonRow.id == boris.id)
                await session.execute(row.values(email=email, active=active))

        await known_as(ALIAS.title(), active=True)
        with pytest.raises(PersonError) as caught:
            await name(diary, "other@company.example", ALIAS)
        assert caught.value.params == {"given": ALIAS}
        assert (await name(diary)).named == ()
        # Who has left may have a successor who reads the letters.
        await known_as(ALIAS, active=False)
        assert (await name(diary, ALIAS)).named == (ALIAS,)

    async def test_nobody_is_found_by_what_they_claim_and_nobody_invites_themself(self, diary: Diary) -> None:
        await name(diary, ALIAS)
        boris = await diary.desk.profiles.person("boris".ljust(26, "0"))

        async def guests(asker: int) -> Sequence[tuple[str, int]]:
            person = diary.person if asker == diary.person.id else boris
            found = await people_search.find(diary.desk, [ALIAS, "v@x.ru"], person)
            return [(each.address, each.person_id) for each in found.known]

        assert await guests(boris.id) == [(ALIAS, 0), ("v@x.ru", 0)]
        assert await guests(diary.person.id) == [("v@x.ru", 0)]
        async with diary.desk.database.reading() as session:
            assert await people_search.people_by_address(session, [ALIAS]) == {}


class TestTheAccount:
    async def test_a_new_password_leaves_what_was_named(self, diary: Diary, noon: datetime) -> None:
        await name(diary, ALIAS, "a@list.example")
        await diary.look({"a.ics": ics("a", noon, "a", BOSS, asked(address="new@example.com"))}, silent=True)
        await Recognising(diary.desk).run()
        # The server tells of one more address, and now of one that the person had to name before.
        async with diary.desk.database.transaction() as session:
            told = ["anna@example.com", "a@list.example", "new@example.com"]
            await own_addresses.hear(session, diary.account_id, told, diary.clock.now())
        await Recognising(diary.desk).run()
        assert await waiting(diary) == ["a"]
        async with diary.desk.database.reading() as session:
            account = await session.get_one(CalendarAccount, diary.account_id)
        assert own_in(account) == Own(tuple(told), (ALIAS,))
        assert await name(diary) == Own(tuple(told))

    async def test_nothing_of_it_outlives_the_account(self, diary: Diary, noon: datetime) -> None:
        await diary.look({"a.ics": ics("a", noon, "a", BOSS, asked())}, silent=True)
        async with diary.desk.database.transaction() as session:
            now = diary.clock.now()
            await own_addresses.name(session, diary.person, diary.account_id, [ALIAS], now)
            account = await session.get_one(CalendarAccount, diary.account_id)
            await connecting.disconnect(session, account)
        await Recognising(diary.desk).run()
        assert await diary.count(ChangedAddresses) == 0
        assert await diary.left_overs() == {}
