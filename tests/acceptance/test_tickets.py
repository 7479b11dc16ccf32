"""Tickets from the chat, with people of one team in a Tracker of their own."""

from __future__ import annotations

from tests.acceptance.acts import about, open_channel, plain, times_seen
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.trackers import a_tracker, in_tracker, link, settings_of

from sekretar.sandbox.human import Human
from sekretar.sandbox.seen import SeenPost


async def change_status(human: Human, card: SeenPost, step: str) -> SeenPost:
    """Choose a step below a ticket; returns the card as it is then."""
    mark = human.mark()
    await human.click(card, "Сменить статус", step)
    return await human.wait_for(about("✅", "Статус:"), since=mark)


async def test_a_list_becomes_tickets_when_its_author_says_so(own_office: MakeOffice) -> None:
    async with a_tracker() as tracker:
        office = await own_office(trackers=(settings_of(tracker),))
        anna, boris = await office.hire("anna"), await office.hire("boris")
        home = await office.home(anna)

        await anna.slash("/task connect", home)
        dialog = await anna.dialog()
        refused = await anna.submit_dialog(dialog, {"key": "token-nobody"})
        assert "не принимает этот ключ" in refused["key"]
        mark = anna.mark()
        assert await anna.submit_dialog(dialog, {"key": "token-anna"}) == {}
        await anna.wait_for(about("вы **Анна Петрова**"), since=mark)
        await link(boris, await office.home(boris), "token-boris")

        channel = await open_channel(office, anna, boris)
        lines = f"Заказать | пропуска @{boris.username} завтра #desk\nПолить цветы @{anna.username} #desk"
        preview = (await anna.slash(f"/task list\n{lines}", channel)).posts[0]
        assert boris.username in plain(preview.text)
        assert "❌" not in preview.text
        assert tracker.world.issues == {}

        mark, told = anna.mark(), boris.mark()
        await anna.click(preview, "Завести все 2")
        await anna.wait_for(about("Завёл 2 задачи", "Полить цветы"), since=mark)
        assert in_tracker(tracker, "Полить цветы")[0][1:] == ("anna", "open")
        assert [each[1:] for each in in_tracker(tracker, "Заказать | пропуска")] == [("boris", "open")]
        news = await boris.wait_for(about("поручает вам задачу", "пропуска"), since=told)
        assert news.channel_id == await office.home(boris)
        assert "цветы" not in news.text
        summary = await boris.wait_for(about("записаны 2 задачи", "цветы", "пропуска"), since=told)
        assert summary.channel_id == channel
        again = anna.mark()
        await anna.click(preview, "Завести все 2")
        await anna.wait_for(about("уже заведены"), since=again)
        assert len(tracker.world.issues) == 2


async def test_a_ticket_is_found_taken_and_moved_on_and_named_in_a_thread(own_office: MakeOffice) -> None:
    async with a_tracker() as tracker:
        office = await own_office(trackers=(settings_of(tracker),))
        anna, boris = await office.hire("anna"), await office.hire("boris")
        channel = await open_channel(office, anna, boris)
        for human, token in ((anna, "token-anna"), (boris, "token-boris")):
            await link(human, channel, token)
        home = await office.home(anna)
        preview = (await anna.slash(f"/task list\nПротекает кран @{boris.username} #desk", home)).posts[0]
        mark = anna.mark()
        await anna.click(preview, "Завести 1")
        await anna.wait_for(about("Завёл 1 задачу"), since=mark)

        assert "кран" not in (await anna.slash("/task mine", home)).text
        shown = (await anna.slash("/task show DESK-1", home)).posts[0]
        mark = anna.mark()
        await anna.click(shown, "Взять")
        taken = await anna.wait_for(about("Теперь исполнитель: Анна Петрова"), since=mark)
        assert in_tracker(tracker, "Протекает кран") == [("DESK-1", "anna", "open")]
        mine = await anna.slash("/task mine", home)
        assert "DESK-1" in plain(mine.text)
        assert "Протекает кран" in mine.text

        assert taken.control("Взять") is None
        moved = await change_status(anna, taken, "start_progress")
        assert "В работе" in moved.text
        assert in_tracker(tracker, "Протекает кран") == [("DESK-1", "anna", "inProgress")]

        said = await boris.say("что с DESK-1?", channel)
        reply = await boris.wait_for(lambda post: post.root_id == said.id)
        assert "Протекает кран" in reply.text
        assert f"{tracker.url}/DESK-1" in reply.text
        assert "В работе" in reply.text
        assert times_seen(anna, "записана 1 задача") == 0, "she has read it above"
