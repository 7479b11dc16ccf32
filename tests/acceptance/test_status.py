"""The status in the chat follows the meetings of those who want it, and stays theirs."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.acceptance.acts import about, connect, in_minutes, now, pressable
from tests.acceptance.diaries import CalendarServer, Diary, meeting
from tests.acceptance.office import Office
from tests.acceptance.waiting import until

from sekretar.sandbox.human import Human
from sekretar.sandbox.seen import CustomStatus

LINK = re.compile(r"\((https?://[^)\s]+/oauth/authorize[^)\s]*)\)")


async def test_the_status_is_set_by_consent_and_comes_back(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    await anna.set_custom_status("bento", "Обед")
    diary = await consenting(office, anna, calendars)
    end = now() + timedelta(seconds=8)
    await diary.put(meeting("Созвон", end - timedelta(minutes=5), 5))
    during = await until_status(anna, "calendar")
    assert during.text == "На встрече"
    assert during.until is not None
    assert abs(during.until - end) < timedelta(seconds=2)
    after = await until_status(anna, "bento")
    assert (after.text, after.until) == ("Обед", None)


async def test_a_status_changed_by_hand_stays(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await consenting(office, anna, calendars)
    event = meeting("Созвон", in_minutes(-5), 60)
    await diary.put(event)
    await until_status(anna, "calendar")
    await anna.set_custom_status("palm_tree", "В отпуске")
    await diary.put(meeting("Ещё", in_minutes(-4), 60))
    await anna.wait_for(about("Ещё"))
    await diary.delete(event.uid)
    await anna.wait_for(about("Отменена"))
    status = await anna.custom_status()
    assert status is not None
    assert status.text == "В отпуске"


async def test_a_cancelled_meeting_gives_the_status_back(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await consenting(office, anna, calendars)
    event = meeting("Созвон", in_minutes(-5), 60)
    await diary.put(event)
    await until_status(anna, "calendar")
    await diary.delete(event.uid)

    async def cleared() -> bool:
        return await anna.custom_status() is None

    await until(cleared, what="the status to be cleared")


async def test_without_consent_nothing_is_touched_and_it_is_said_why(
    office: Office, calendars: CalendarServer
) -> None:
    anna = await office.hire()
    await anna.set_custom_status("bento", "Обед")
    diary = await calendars.open()
    await connect(office, anna, diary)
    offered = await anna.wait_for(pressable("Да, показывать"))
    mark = anna.mark()
    await anna.click(offered, "Да, показывать")
    told = await anna.wait_for(about("менять статус можете только вы"), since=mark)
    assert LINK.search(told.text)
    await diary.put(meeting("Созвон", in_minutes(-5), 60))
    await anna.wait_for(about("Новая встреча", "Созвон"))
    status = await anna.custom_status()
    assert status is not None
    assert status.emoji == "bento"


async def test_the_status_can_be_left_alone_again(office: Office, calendars: CalendarServer) -> None:
    anna = await office.hire()
    diary = await consenting(office, anna, calendars)
    await diary.put(meeting("Созвон", in_minutes(-5), 60))
    await until_status(anna, "calendar")
    asked = await anna.slash("/calendar status", await office.home(anna))
    await anna.click(asked.posts[0], "Больше не показывать")

    async def cleared() -> bool:
        return await anna.custom_status() is None

    await until(cleared, what="the status to be given back")


async def test_another_persons_consent_is_not_taken(office: Office) -> None:
    anna, mallory = await office.hire("anna"), await office.hire("mallory")
    link = await ask_for_consent(office, anna)
    page = await mallory.consent(link)
    assert mallory.username in page
    again = await anna.slash("/calendar status", await office.home(anna))
    assert LINK.search(again.text), "anna has not consented"


async def consenting(office: Office, anna: Human, calendars: CalendarServer) -> Diary:
    """Somebody with a calendar who wants their status to follow it and has consented."""
    diary = await calendars.open()
    await connect(office, anna, diary)
    mark = anna.mark()
    page = await anna.consent(await ask_for_consent(office, anna))
    assert "статус" in page
    await anna.wait_for(about("На встрече"), since=mark)
    return diary


async def ask_for_consent(office: Office, anna: Human) -> str:
    """Say yes to the offer; returns the link of the consent."""
    home = await office.home(anna)
    asked = await anna.slash("/calendar status", home)
    mark = anna.mark()
    await anna.click(asked.posts[0], "Да, показывать")
    told = await anna.wait_for(about("/oauth/authorize"), since=mark)
    found = LINK.search(told.text)
    assert found is not None
    return found[1]


async def until_status(anna: Human, emoji: str) -> CustomStatus:
    """The status once it has this emoji."""

    async def look() -> CustomStatus | None:
        status = await anna.custom_status()
        return status if status is not None and status.emoji == emoji else None

    found = await until(look, what=f"the status {emoji}", seconds=30)
    assert found is not None
    return found
