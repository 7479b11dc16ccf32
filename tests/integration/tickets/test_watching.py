"""What happens in a tracker reaches those it concerns: once, only what they see, never what they did themselves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.integration.mattermost.surface_desk import button, user_id
from tests.integration.tickets.paper import CLOSED_STATUS, MEMBERS
from tests.integration.tickets.watch import Watch

from sekretar.kernel.errors import PeerDown, PeerInvalid, PeerLimited
from sekretar.tickets.watching import told
from sekretar.trackers.requests import Draft
from sekretar.trackers.values import Field, FieldChange


async def test_the_first_look_announces_nothing_and_the_next_only_what_is_new(watch: Watch) -> None:
    key = await watch.ticket("chris", "boris")
    watch.site.happens(key, "chris", comment="Long ago")
    await watch.look()
    assert await watch.told("boris") == []
    watch.site.happens(key, "chris", comment="Is it *done*, @all?")
    await watch.look()
    (said,) = await watch.told("boris")
    assert said.startswith("**[\\#1](https://tracker.example.com/issues/1)** Mast\nПишет **Chris**:\n> ")
    assert "Long ago" not in said
    assert "@all" not in said
    assert await watch.told("chris") == [], "one's own words are no news"
    await watch.look()
    assert len(await watch.told("boris")) == 1


async def test_one_message_for_a_ticket_and_a_look_and_later_ones_in_its_thread(watch: Watch) -> None:
    key = await watch.ticket("chris", None)
    await watch.look()
    watch.site.happens(
        key, "boris", FieldChange(Field.ASSIGNEE, None, MEMBERS["anna"].id), assignee=MEMBERS["anna"]
    )
    watch.site.happens(key, "boris", FieldChange(Field.DUE, None, "2026-03-06"), comment="Hurry")
    await watch.look()
    (said,) = await watch.told("anna")
    assert said.splitlines()[1:3] == [
        "Назначена на вас (**Boris**)",
        "**Boris**: срок нет → **6 марта 2026 г.**",
    ]
    watch.site.happens(key, "anna", FieldChange(Field.STATUS, "1", "5"), status=CLOSED_STATUS)
    await watch.look()
    assert len(await watch.told("anna")) == 1
    first, second = [
        row for row in await watch.office.rows()
        if row.key.startswith("tickets:news:") and row.payload["user_id"] == user_id("chris")
    ]  # fmt: skip
    assert "closed it: Closed" in second.payload["message"]
    assert (first.payload["reply_to"], second.payload["reply_to"]) == ("", first.key)


async def test_what_somebody_does_not_see_is_not_told_them(watch: Watch) -> None:
    key = await watch.ticket("chris", "boris")
    await watch.look()
    watch.site.hidden = {("boris", key)}
    watch.site.happens(key, "anna", comment="Secret")
    await watch.look()
    assert await watch.told("boris") == []
    assert len(await watch.told("chris")) == 1


async def test_what_sekretar_has_told_at_the_making_is_not_told_again(watch: Watch) -> None:
    await watch.look()
    answer = await watch.office.slash("chris", "/task list Order passes @boris #site")
    shown = cast(dict[str, Any], answer.body)
    create = shown["attachments"][0]["actions"][0]
    await watch.office.click("chris", create)
    await watch.tickets.creating.run()
    watch.site.happens("1", "chris", created=True)
    await watch.look()
    assert await watch.told("boris") == []
    watch.site.happens("1", "anna", FieldChange(Field.ASSIGNEE, MEMBERS["boris"].id, None), assignee=None)
    await watch.look()
    assert len(await watch.told("boris")) == 1


async def test_a_look_between_the_making_and_its_claim_waits_for_the_claim(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch.look()
    claiming, looking = told.claim, list[asyncio.Task[None]]()

    async def late(*claim: Any) -> set[int]:
        if not looking:
            watch.site.happens("1", "chris", created=True)
            looking.append(asyncio.create_task(watch.look()))
            await asyncio.wait(looking, timeout=0.2)
        return await claiming(*claim)

    monkeypatch.setattr(told, "claim", late)
    answer = await watch.office.slash("chris", "/task list Order passes @boris #site")
    await watch.office.click("chris", cast(Any, answer.body)["attachments"][0]["actions"][0])
    await watch.tickets.creating.run()
    await looking[0]
    assert await watch.told("boris") == []


async def test_whoever_was_told_of_a_ticket_whose_answer_was_lost_is_not_told_again(watch: Watch) -> None:
    def lost(draft: Draft) -> None:
        raise PeerDown("redmine")

    await watch.look()
    watch.site.after = lost
    shown = (await watch.office.slash("chris", "/task list Order passes @boris #site")).body
    await watch.office.click("chris", button(cast(Any, shown), "Create 1"))
    await watch.tickets.creating.run()
    watch.site.happens("1", "chris", created=True)
    await watch.look()
    assert len(await watch.told("boris")) == 1
    rows = await watch.office.rows()
    (waiting,) = [row.payload for row in rows if "Go on" in str(row.payload)]
    await watch.office.click("chris", button(waiting, "Go on"))
    await watch.tickets.creating.run()
    assert len(watch.site.tickets) == 1
    since = (await watch.office.rows())[len(rows) :]
    assert [row.key for row in since if row.payload.get("user_id") == user_id("boris")] == []


async def test_each_kind_can_be_switched_off(watch: Watch) -> None:
    key = await watch.ticket("chris", "boris")
    await watch.look()
    await watch.office.slash("boris", "/task settings")
    await watch.fill("boris", commented=False)
    watch.site.happens(key, "chris", FieldChange(Field.PRIORITY, "1", "3"), comment="Hurry")
    await watch.look()
    (said,) = await watch.told("boris")
    assert "приоритет Low → **High**" in said
    assert "Hurry" not in said
    await watch.office.slash("boris", "/task settings")
    on = {each["name"] for each in watch.server.dialogs[-1]["elements"] if each.get("default") == "true"}
    assert "status" in on
    assert "commented" not in on


async def test_a_tracker_that_fails_is_left_alone_for_longer_and_longer_and_nothing_is_lost(
    watch: Watch,
) -> None:
    key = await watch.ticket("chris", "boris")
    await watch.look()
    watch.site.happens(key, "chris", comment="Meanwhile")
    watch.site.down = PeerDown("redmine")
    rests = []
    for _ in range(3):
        await watch.look(timedelta(hours=1))
        (row,) = await watch.cursors()
        rests.append(row.next_at - watch.clock.now())
    assert timedelta(seconds=45) <= rests[0] <= timedelta(seconds=75)
    assert timedelta(minutes=3) <= rests[2] <= timedelta(minutes=5)
    watch.site.down = PeerLimited("redmine", retry_after=timedelta(hours=2))
    await watch.look(timedelta(hours=1))
    (row,) = await watch.cursors()
    assert row.next_at - watch.clock.now() >= timedelta(hours=2)
    watch.site.down = None
    await watch.look(timedelta(hours=1))
    assert await watch.told("boris") == [], "it is left alone as long as it asked for"
    await watch.look(timedelta(hours=1, minutes=1))
    assert len(await watch.told("boris")) == 1


async def test_a_cursor_that_is_never_accepted_is_given_up(watch: Watch) -> None:
    await watch.look()
    watch.site.down = PeerInvalid("redmine")
    for _ in range(5):
        await watch.look(timedelta(hours=1))
    watch.site.down = None
    await watch.look(timedelta(hours=1))
    (row,) = await watch.cursors()
    assert (row.cursor, row.failures) == ("0", 0)


async def test_the_cursor_moves_with_the_words_or_not_at_all(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await watch.ticket("chris", "boris")
    await watch.look()
    before = [row.cursor for row in await watch.cursors()]
    watch.site.happens(key, "chris", comment="Once")

    async def dies(*_: object) -> None:
        raise RuntimeError("the process ends here")

    with monkeypatch.context() as patched:
        patched.setattr("sekretar.tickets.watching.channels.ChannelTelling.write", dies)
        with pytest.raises(RuntimeError):
            await watch.look()
    assert await watch.told("boris") == []
    assert [row.cursor for row in await watch.cursors()] == before
    await watch.look()
    assert len(await watch.told("boris")) == 1


async def test_without_a_service_account_everybody_looks_for_themselves(watch: Watch) -> None:
    watch.site.serving = False
    key = await watch.ticket("chris", "boris")
    await watch.look()
    assert len(await watch.cursors()) == 3
    watch.site.happens(key, "anna", comment="Hello")
    watch.site.refused.add("boris")
    await watch.look()
    assert len(await watch.told("chris")) == 1
    assert await watch.told("boris") == []
    refused = [row for row in await watch.office.rows() if row.key.startswith("tickets:refused:")]
    assert [row.payload["user_id"] for row in refused] == [user_id("boris")]
    await watch.look()
    assert len(await watch.cursors()) == 2
