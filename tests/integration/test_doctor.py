"""The doctor: what is right is called right, and every fault is found where it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from tests.integration.installation import Installation, installing
from tests.unit.mattermost.fakes import until

from sekretar.app import Sekretar, foundation
from sekretar.calendars.model import AccountState, CalendarAccount
from sekretar.commands.doctor import stand_in
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.outbox import Effect, OutboxRow, State, put
from sekretar.kernel.people import People, Profile
from sekretar.kernel.secrets import generate_key, verify
from sekretar.mattermost.doctor import State as Health
from sekretar.sandbox.mattermost.accounts import deactivate
from sekretar.sandbox.mattermost.members import leave_team
from sekretar.sandbox.ports import free_port
from sekretar.trackers.settings import RedmineSettings as Redmine

#: Looked at through Mattermost.
BEYOND = {"version", "token", "stream", "messages", "teams", "callback", "commands", "status"}


@pytest.fixture
async def installed(database_url: str) -> AsyncIterator[Installation]:
    """Set up, and not running."""
    async with installing(database_url) as fresh:
        done, _ = await fresh.set_up()
        yield done


async def states(installation: Installation) -> dict[str, Health]:
    """What is not right, by name."""
    found = await installation.examine()
    return {name: finding.state for name, finding in found.items() if finding.state is not Health.OK}


class TestHealthy:
    async def test_before_it_runs(self, installed: Installation) -> None:
        assert await states(installed) == {"sekretar": Health.WARNING}

    async def test_while_it_runs(self, installed: Installation) -> None:
        async with foundation(installed.settings) as base:
            sekretar = Sekretar(base)
            working = asyncio.create_task(sekretar.run())
            try:
                await until(lambda: sekretar.health.readiness().ready or working.done(), 20)
                assert await states(installed) == {}
            finally:
                working.cancel()
                await asyncio.wait([working])

    async def test_nobody_sees_anything(self, installed: Installation) -> None:
        await installed.examine()
        bot = installed.server.world.users.first("username", "sekretar")
        assert bot is not None
        posts = [post for post in installed.server.world.posts if post.user_id == bot.id and not post.type]
        assert [post for post in posts if not post.delete_at] == []
        others = {post.channel_id for post in posts}
        assert all(installed.server.world.channel_member(each, bot.id) for each in others)
        assert len(others) == 1

    async def test_no_secret_is_told(self, installed: Installation) -> None:
        findings = (await installed.examine()).values()
        said = "".join(f"{finding.as_dict()}" for finding in findings)
        settings = installed.settings
        for secret in (settings.mattermost_token, settings.oauth_client_secret, *settings.keys):
            assert secret.get_secret_value() not in said


class TestMattermost:
    async def test_away(self, installed: Installation) -> None:
        await installed.server.stop_listening()
        found = await states(installed)
        assert found["mattermost"] is Health.FAILURE
        assert {name for name, state in found.items() if state is Health.SKIPPED} == BEYOND

    async def test_not_named(self, installed: Installation) -> None:
        found = await installed.having(mattermost_url="").examine()
        assert "sekretar demo" in found["mattermost"].remedy

    async def test_something_else_answers(self, installed: Installation) -> None:
        installed.server.faults.html(path="/system/ping")
        found = await installed.examine()
        assert "something else answers" in found["mattermost"].seen

    async def test_no_token(self, installed: Installation) -> None:
        found = await installed.having(mattermost_token=SecretStr("")).examine()
        assert (found["mattermost"].state, found["token"].state) == (Health.OK, Health.FAILURE)
        assert "sekretar setup" in found["token"].remedy

    async def test_a_revoked_token(self, installed: Installation) -> None:
        installed.server.revoke_token(installed.settings.mattermost_token.get_secret_value())
        found = await installed.examine()
        assert found["token"].state is Health.FAILURE
        assert found["stream"].seen == "skipped because the token is not accepted"

    async def test_a_bot_that_was_switched_off(self, installed: Installation) -> None:
        bot = installed.server.world.users.first("username", "sekretar")
        assert bot is not None
        deactivate(installed.server.site, bot)
        assert (await states(installed))["token"] is Health.FAILURE

    async def test_a_token_of_a_person_is_not_used(self, installed: Installation) -> None:
        found = await installed.having(mattermost_token=SecretStr(installed.admin_token)).examine()
        assert found["token"].state is Health.FAILURE
        assert found["messages"].state is Health.SKIPPED

    async def test_no_websocket(self, installed: Installation) -> None:
        installed.server.faults.fail(403, path="/websocket", times=99)
        found = await installed.examine()
        assert found["stream"].state is Health.FAILURE
        assert "Upgrade" in found["stream"].remedy

    async def test_a_team_without_the_bot(self, installed: Installation) -> None:
        world = installed.server.world
        team, bot = world.teams.first("name", "office"), world.users.first("username", "sekretar")
        assert team is not None
        assert bot is not None
        leave_team(installed.server.site, team, bot)
        assert (await states(installed))["teams"] is Health.FAILURE


class TestWayBack:
    async def test_a_private_address_that_is_not_allowed(self, installed: Installation) -> None:
        installed.server.configure(allowed_untrusted_internal_connections="10.0.0.0/8")
        found = await installed.examine()
        assert found["address"].state is Health.OK
        assert found["callback"].state is Health.FAILURE
        assert "add 127.0.0.1 to System Console" in found["callback"].remedy
        assert found["commands"].seen == "skipped because Mattermost does not reach Sekretar"

    async def test_a_wrong_address(self, installed: Installation) -> None:
        found = await installed.having(callback_url="http://127.0.0.1:1").examine()
        assert found["address"].state is Health.WARNING
        assert found["callback"].state is Health.FAILURE
        assert found["callback"].remedy.startswith("Make sure that the address is right")
        # The commands still lead to where they were registered.
        assert found["commands"].state is Health.OK

    async def test_commands_that_lead_to_an_old_address(self, installed: Installation) -> None:
        await installed.having(callback_url="http://127.0.0.1:1").set_up()
        found = await installed.examine()
        assert found["callback"].state is Health.OK
        assert "leads to an address that Mattermost cannot reach" in found["commands"].seen

    async def test_another_sekretar(self, installed: Installation) -> None:
        """It has other keys, and answers at the address that was meant for us."""
        listen = f"127.0.0.1:{free_port()}"
        other = installed.having(keys=(SecretStr(generate_key()),), listen=listen)
        async with stand_in(other.settings)(other.vault):
            found = await installed.having(callback_url=f"http://{listen}").examine()
        assert "another Sekretar" in found["callback"].seen

    async def test_a_taken_port(self, installed: Installation) -> None:
        other = TestServer(web.Application(), port=installed.settings.listen_port)
        async with other:
            found = await installed.examine()
        assert found["sekretar"].state is Health.FAILURE
        assert "SEKRETAR_LISTEN" in found["sekretar"].remedy
        assert found["callback"].seen == "skipped because Sekretar cannot listen"

    async def test_a_command_that_was_registered_elsewhere(self, installed: Installation) -> None:
        world = installed.server.world
        command = next(each for each in world.commands if each.trigger == "task")
        admin = installed.client(installed.admin_token)
        await admin.delete_command(command.id)
        await admin.create_command(command.team_id, "task", command.url, auto_complete=True)
        found = await installed.examine()
        assert "/task in Office belongs to somebody else's command" in found["commands"].seen

    async def test_a_foreign_command_is_not_run(self, installed: Installation) -> None:
        """It would do whatever its owner meant by these words."""
        world = installed.server.world
        command = next(each for each in world.commands if each.trigger == "task")
        admin = installed.client(installed.admin_token)
        await admin.delete_command(command.id)
        foreign = "http://127.0.0.1:1/tasks"
        await admin.create_command(command.team_id, "task", foreign, auto_complete=True)
        await installed.examine()
        assert [call for call in installed.server.journal.calls if call.url == foreign] == []

    async def test_a_missing_command(self, installed: Installation) -> None:
        world = installed.server.world
        world.commands.remove(next(each for each in world.commands if each.trigger == "task").id)
        found = await installed.examine()
        assert (found["commands"].state, found["commands"].seen) == (
            Health.FAILURE,
            "/task in Office is not registered",
        )

    async def test_tokens_that_were_given_by_hand(self, installed: Installation, tmp_path: Path) -> None:
        """Then the database knows no command, and the configured tokens vouch for them."""
        empty = tmp_path / "by-hand.db"
        database = Database.open(f"sqlite:///{empty}")
        await database.migrate()
        await database.close()
        tokens = tuple(SecretStr(command.token) for command in installed.server.world.commands)
        by_hand = installed.having(database_url=f"sqlite:///{empty}", command_tokens=tokens)
        assert (await by_hand.examine())["commands"].state is Health.OK


class TestStatus:
    async def test_no_application(self, installed: Installation) -> None:
        found = await installed.having(oauth_client_id="").examine()
        assert "there is no OAuth 2 application" in found["status"].seen

    @pytest.mark.parametrize(
        ("changes", "seen"),
        [
            ({"oauth_client_id": "x" * 26}, "does not know the OAuth 2 application"),
            ({"oauth_client_secret": SecretStr("x" * 26)}, "the secret of the OAuth 2 application"),
            ({"public_url": "http://127.0.0.2:8090"}, "another address than SEKRETAR_PUBLIC_URL"),
        ],
    )
    async def test_an_application_that_does_not_fit(
        self, installed: Installation, changes: dict[str, object], seen: str
    ) -> None:
        status = (await installed.having(**changes).examine())["status"]
        assert (status.state, seen in status.seen) == (Health.WARNING, True)

    async def test_switched_off(self, installed: Installation) -> None:
        installed.server.configure(enable_oauth_service_provider=False)
        assert "service is off" in (await installed.examine())["status"].seen


class TestFoundations:
    async def test_no_keys(self, installed: Installation) -> None:
        found = await states(installed.having(keys=()))
        assert (found["keys"], found["secrets"]) == (Health.FAILURE, Health.SKIPPED)
        assert found["callback"] is Health.SKIPPED

    async def test_other_keys(self, installed: Installation) -> None:
        await verify(installed.database, installed.vault)
        found = await states(installed.having(keys=(SecretStr(generate_key()),)))
        assert found["secrets"] is Health.FAILURE

    async def test_no_database_yet(self, installed: Installation, tmp_path: Path) -> None:
        missing = tmp_path / "none.db"
        found = await installed.having(database_url=f"sqlite:///{missing}").examine()
        assert found["database"].state is Health.WARNING
        assert found["callback"].state is Health.OK
        assert found["outbox"].seen == "skipped because there is no database yet"
        assert not missing.exists()

    async def test_a_database_that_is_down(self, installed: Installation) -> None:
        down = "postgresql://sekretar:hunter2@127.0.0.1:1/sekretar"
        found = await installed.having(database_url=down).examine()
        assert found["database"].state is Health.FAILURE
        assert "hunter2" not in str(found)
        assert (found["callback"].state, found["commands"].state) == (Health.OK, Health.SKIPPED)

    async def test_an_empty_database(self, installed: Installation, tmp_path: Path) -> None:
        (tmp_path / "empty.db").touch()
        found = await installed.having(database_url=f"sqlite:///{tmp_path / 'empty.db'}").examine()
        assert found["schema"].state is Health.WARNING
        assert found["calendars"].state is Health.SKIPPED

    async def test_dead_letters(self, installed: Installation) -> None:
        async with installed.database.transaction() as session:
            await put(session, Effect("mattermost.post", "x"), SystemClock().now())
        async with installed.database.transaction() as session:
            (await session.get_one(OutboxRow, 1)).state = State.DEAD
        outbox = (await installed.examine())["outbox"]
        assert (outbox.state, outbox.seen) == (Health.WARNING, "1 message could not be delivered")

    async def test_accounts_that_wait_for_their_owners(self, installed: Installation) -> None:
        now = SystemClock().now()
        people = People(installed.settings.mattermost_url, "en", ZoneInfo("Europe/Moscow"))
        async with installed.database.transaction() as session:
            profile = Profile("u1", "anna", "Anna", "", "ru", None, True, "anna@example.com")
            anna = await people.remember(session, profile, now)
            for number, state in enumerate((AccountState.ACTIVE, AccountState.ATTENTION)):
                session.add(
                    CalendarAccount(
                        person_id=anna.id,
                        provider="other",
                        address="",
                        profile="generic",
                        login=f"anna{number}",
                        password="",
                        home_url="https://dav.example.org/",
                        addresses=[],
                        state=state,
                        next_sync_at=now,
                        created_at=now,
                    )
                )
        calendars = (await installed.examine())["calendars"]
        assert calendars.state is Health.WARNING
        assert calendars.seen.startswith("1 of 2 calendar accounts")
        assert "anna" not in calendars.seen


class TestTrackers:
    async def test_each_is_looked_at(self, installed: Installation) -> None:
        here = Redmine(kind="redmine", name="main", url="http://127.0.0.1:1", key=SecretStr("secret-key"))
        own = Redmine(kind="redmine", name="other", url="http://127.0.0.1:1/redmine")
        found = await installed.having(trackers=(here, own)).examine()
        assert (found["tracker:main"].state, found["tracker:other"].state) == (Health.FAILURE, Health.WARNING)
        assert "cannot be reached" in found["tracker:main"].seen
        assert "secret-key" not in str(found)


class TestReferences:
    async def test_the_right_to_edit_posts_is_looked_at_where_it_is_needed(
        self, installed: Installation
    ) -> None:
        assert "references" not in await installed.examine()
        finding = (await installed.having(tickets_edit_posts=True).examine())["references"]
        assert finding.state is Health.WARNING
        assert "edit_others_posts" in finding.remedy

    async def test_a_role_that_grants_it(self, installed: Installation) -> None:
        admin = installed.client(installed.admin_token)
        role = await admin.role("channel_user")
        await admin.patch_role(role.id, [*role.permissions, "edit_others_posts"])
        finding = (await installed.having(tickets_edit_posts=True).examine())["references"]
        assert (finding.state, "channel_user" in finding.seen) == (Health.OK, True)
