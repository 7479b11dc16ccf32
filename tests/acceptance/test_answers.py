"""An invitation from its arrival to the answer on the calendar server, and what its guests answer."""

from __future__ import annotations

from datetime import timedelta

from tests.acceptance.acts import (
    about,
    connect,
    daytime_zone,
    plain,
    pressable,
    times_seen,
    today,
    today_at,
)
from tests.acceptance.diaries import CalendarServer, Diary, meeting
from tests.acceptance.office import Office
from tests.acceptance.waiting import until

from sekretar.sandbox.samples import SampleEvent


async def held(diary: Diary, uid: str) -> str:
    """What the server holds of a meeting, with whole lines."""
    return (await diary.get(uid)).replace("\r\n", "\n").replace("\n ", "")


async def test_an_invitation_arrives_and_is_accepted(office: Office, calendars: CalendarServer) -> None:
    zone = daytime_zone()
    anna = await office.hire(zone=zone)
    me = f"mailto:{anna.username}@example.com"
    diary = await calendars.open()
    await connect(office, anna, diary)
    mark = anna.mark()
    invitation = meeting(
        "Смета",
        today_at(13, zone),
        more=("ORGANIZER;CN=Boss:mailto:boss@example.com", f"ATTENDEE;PARTSTAT=NEEDS-ACTION:{me}"),
    )
    await diary.put(invitation)
    news = await anna.wait_for(about("Новая встреча", "Смета"), since=mark)
    assert "не ответили" in await today(office, anna)

    await anna.click(news, "Приду")
    answered = await anna.wait_for(about("Смета", "Вы придёте."), since=mark)
    assert answered.id == news.id
    assert [
        line for line in (await held(diary, invitation.uid)).splitlines() if me in line and "ACCEPTED" in line
    ]
    shown = await today(office, anna)
    assert "Смета" in shown
    assert "не ответили" not in shown
    assert "Приглашений без ответа нет" in (await anna.slash("/calendar invitations")).text

    await anna.click(answered, "Изменить ответ")
    again = await anna.wait_for(lambda post: post.id == news.id and pressable("Не приду")(post), since=mark)
    await anna.click(again, "Не приду")
    await anna.wait_for(about("Смета", "Вы не придёте."), since=mark)
    assert "DECLINED" in await held(diary, invitation.uid)
    assert "~~Смета~~" in await today(office, anna)


async def test_the_answers_of_guests_come_in_the_thread_of_the_meeting(
    office: Office, calendars: CalendarServer
) -> None:
    zone = daytime_zone()
    anna = await office.hire(zone=zone)
    diary = await calendars.open()
    await connect(office, anna, diary)
    start, uid = today_at(13, zone) + timedelta(days=1), "guests@tests"

    async def put(answer: str) -> None:
        more = (
            f"ORGANIZER:mailto:{anna.username}@example.com",
            f"ATTENDEE;CN=Вера;PARTSTAT={answer}:mailto:vera@example.com",
        )
        await diary.put(meeting("Своя", start, uid=uid, more=more))

    mark = anna.mark()
    await put("NEEDS-ACTION")
    first = await anna.wait_for(about("Новая встреча", "Своя"), since=mark)
    await put("ACCEPTED")
    told = await anna.wait_for(about("Ответы: Своя", "Вера"), since=mark)
    assert "придёт" in told.text
    assert told.root_id == first.id


async def test_an_invitation_to_a_named_address_is_answered_by_it(
    office: Office, calendars: CalendarServer
) -> None:
    zone = daytime_zone()
    anna, boris = await office.hire(zone=zone), await office.hire("boris")
    home, alias = await office.home(anna), f"a.{anna.username}@list.example"

    def invitation(title: str) -> SampleEvent:
        asked = f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{alias}"
        return meeting(title, today_at(13, zone), more=("ORGANIZER:mailto:boss@example.com", asked))

    diary = await calendars.open(events=[invitation("Давняя")])
    await connect(office, anna, diary)
    assert "Приглашений без ответа нет" in (await anna.slash("/calendar invitations", home)).text

    await anna.slash("/calendar settings addresses", home)
    dialog = await anna.dialog()
    wrong = await anna.submit_dialog(dialog, {"addresses": f"{alias}, anna"})
    assert "Это не адрес почты: anna." in wrong["addresses"]
    theirs = f"{boris.username}@example.com"
    taken = await anna.submit_dialog(dialog, {"addresses": f"{alias}, {theirs}"})
    assert f"{theirs} — адрес другого человека" in taken["addresses"]
    mark = anna.mark()
    assert await anna.submit_dialog(dialog, {"addresses": alias.upper()}) == {}
    await anna.wait_for(about("Сохранено", alias), since=mark)

    async def asked() -> bool:
        return "Давняя" in (await anna.slash("/calendar invitations", home)).text

    await until(asked, what="the invitation that was there before")
    assert times_seen(anna, "Давняя", since=mark) == 0
    fresh = invitation("Смета")
    await diary.put(fresh)
    news = await anna.wait_for(about("Новая встреча", "Смета"), since=mark)
    await anna.click(news, "Приду")
    await anna.wait_for(about("Смета", "Вы придёте."), since=mark)
    lines = (await held(diary, fresh.uid)).splitlines()
    assert [line for line in lines if alias in line and "PARTSTAT=ACCEPTED" in line]

    shown = (await anna.slash("/calendar accounts", home)).posts[0]
    assert f"названные вами: {alias}" in plain(shown.text)
    await anna.slash("/sekretar forms steps", home)
    mark = anna.mark()
    await anna.click(shown, "Мои адреса")
    await anna.wait_for(pressable(f"Оставить: {alias}"), since=mark)
    mark = anna.mark()
    await anna.say("никаких", home)
    again = await anna.wait_for(about("Это не адрес почты: никаких"), since=mark)
    await anna.click(again, "Пропустить")
    await anna.wait_for(about("Сохранено. Других адресов"), since=mark)
    assert "названные вами" not in (await anna.slash("/calendar accounts", home)).text
