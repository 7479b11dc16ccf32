"""A channel hears of a project by the eyes of its subscriber; a tracker that calls is looked at sooner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.integration.tickets.paper import CLOSED_STATUS, SITE
from tests.integration.tickets.watch import Watch

from sekretar.trackers.values import Field, FieldChange


class TestChannels:
    async def subscribe(self, watch: Watch, name: str = "chris", **kinds: bool) -> Any:
        body = (await watch.office.slash(name, "/task subscribe site")).body
        return body or await watch.fill(name, **kinds)

    async def test_only_who_looks_after_the_channel_and_only_what_they_see(self, watch: Watch) -> None:
        said = (await watch.office.slash("boris", "/task subscribe site")).body
        assert "кто ведёт канал" in str(said)
        watch.site.unseen = {("chris", SITE.id)}
        said = (await watch.office.slash("chris", "/task subscribe site")).body
        assert "no project" in str(said)
        assert watch.server.dialogs[-1]["callback_id"] != "tickets.subscribe"

    async def test_a_channel_hears_of_its_project_until_it_is_ended(self, watch: Watch) -> None:
        await self.subscribe(watch, comments=False)
        await watch.look()
        key = await watch.ticket("boris", "anna")
        watch.site.happens(key, "boris", comment="Not for them", created=True)
        secret = await watch.ticket("boris", None, "Salaries")
        watch.site.happens(secret, "boris", created=True, private=True)
        hidden = await watch.ticket("boris", None, "Hidden")
        watch.site.happens(hidden, "boris", created=True)
        watch.site.hidden = {("chris", hidden)}
        await watch.look()
        begun, made, private = await watch.posted()
        assert "subscribed this channel to **Website**: new, closed, status" in begun
        assert made.splitlines()[1] == "New, by **Boris** · for Anna"
        assert "[\\#2]" in private
        assert "Salaries" not in private
        watch.site.happens(key, "anna", FieldChange(Field.STATUS, "1", "5"), status=CLOSED_STATUS)
        await watch.look()
        row = [row for row in await watch.office.rows() if row.kind == "mattermost.post"][-1]
        assert "closed it: Closed" in row.payload["message"]
        assert row.payload["reply_to"].endswith(f":redmine:{key}")
        await watch.office.slash("chris", "/task unsubscribe")
        assert "ended the subscription" in (await watch.posted())[-1]
        assert "hears of no project" in str((await watch.office.slash("chris", "/task subscriptions")).body)

    async def test_it_pauses_visibly_with_the_rights_of_the_subscriber_and_goes_on(
        self, watch: Watch
    ) -> None:
        await self.subscribe(watch)
        await watch.look()
        watch.site.unseen = {("chris", SITE.id)}
        await watch.look(timedelta(hours=2))
        assert "@chris does not see it" in (await watch.posted())[-1]
        key = await watch.ticket("boris", None)
        watch.site.happens(key, "boris", created=True)
        await watch.look()
        assert len(await watch.posted()) == 2
        watch.site.unseen.clear()
        await watch.look(timedelta(minutes=11))
        assert "again" in (await watch.posted())[-1]

    async def test_where_the_bot_was_removed_the_subscriber_is_told(self, watch: Watch) -> None:
        await self.subscribe(watch)
        watch.server.member = False
        await watch.look(timedelta(hours=2))
        assert len(await watch.posted()) == 1
        assert "I am not in the channel" in (await watch.office.last())["message"]


class TestHooks:
    async def test_a_call_with_the_secret_has_the_tracker_read_soon(self, watch: Watch) -> None:
        await watch.look()
        (row,) = await watch.cursors()
        assert row.next_at - watch.clock.now() > timedelta(seconds=50)
        hooks = watch.tickets.hooks
        assert await hooks.receive("redmine", "s3cret", "10.0.0.1") == 200
        (row,) = await watch.cursors()
        assert row.next_at - watch.clock.now() == timedelta(seconds=5)
