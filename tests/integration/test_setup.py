"""Setting up, on a server that remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from tests.integration.installation import Installation, installing

from sekretar.kernel.errors import ConfigurationError, PeerDown
from sekretar.mattermost import command_tokens
from sekretar.mattermost.setup import Report
from sekretar.sandbox.mattermost.accounts import deactivate

WORDS = {"calendar", "task", "incident", "sekretar"}


@pytest.fixture
async def fresh(database_url: str) -> AsyncIterator[Installation]:
    async with installing(database_url) as installation:
        yield installation


def words(installation: Installation, team: str = "office") -> set[str]:
    world = installation.server.world
    found = world.teams.first("name", team)
    assert found is not None
    return {command.trigger for command in world.commands.where("team_id", found.id)}


async def known_words(installation: Installation) -> set[str]:
    """The commands whose tokens are stored and are those that the server sends."""
    async with installation.database.reading() as session:
        return {
            command.trigger
            for command in installation.server.world.commands
            if await command_tokens.known(session, command.token, command.trigger)
        }


def texts(report: Report) -> str:
    return "\n".join(line.text for line in report.lines if line.changed)


class TestFirstTime:
    async def test_everything_is_made(self, fresh: Installation) -> None:
        fresh.server.add_team("plant", "Plant")
        done, report = await fresh.set_up()
        assert report.problems == ()
        assert set(report.variables) == {
            "SEKRETAR_MATTERMOST_TOKEN",
            "SEKRETAR_OAUTH_CLIENT_ID",
            "SEKRETAR_OAUTH_CLIENT_SECRET",
        }
        me = await fresh.client(done.settings.mattermost_token.get_secret_value()).me()
        assert (me.username, me.is_bot) == ("sekretar", True)
        assert words(fresh, "office") == words(fresh, "plant") == WORDS
        assert await known_words(fresh) == WORDS
        assert next(line.text for line in report.lines if line.place == "Plant") == "@sekretar joined"

    async def test_the_commands_lead_to_us_and_explain_themselves(self, fresh: Installation) -> None:
        await fresh.having(default_language="ru").set_up()
        command = next(each for each in fresh.server.world.commands if each.trigger == "calendar")
        assert command.url == f"{fresh.settings.public_url}/mattermost/command"
        assert (command.method, command.auto_complete) == ("P", True)
        assert "сегодня" in command.auto_complete_hint

    async def test_secrets_are_not_in_what_is_printed_of_it(self, fresh: Installation) -> None:
        done, report = await fresh.set_up()
        token = done.settings.mattermost_token.get_secret_value()
        assert token
        assert token not in repr(report)

    async def test_only_the_teams_that_were_named(self, fresh: Installation) -> None:
        fresh.server.add_team("plant", "Plant")
        _, report = await fresh.set_up(teams=("Plant", "nowhere"))
        assert (words(fresh, "office"), words(fresh, "plant")) == (set(), WORDS)
        (problem,) = report.problems
        assert problem.what == "There is no team nowhere."

    async def test_a_bot_of_another_name(self, fresh: Installation) -> None:
        _, report = await fresh.set_up(bot="Butler")
        assert report.bot == "butler"
        assert fresh.server.world.users.first("username", "sekretar") is None


class TestAgain:
    async def test_nothing_changes(self, fresh: Installation) -> None:
        done, _ = await fresh.set_up()
        before = list(fresh.server.world.commands)
        _, report = await done.set_up()
        assert not report.changed
        assert dict(report.settings) == {}
        assert list(fresh.server.world.commands) == before
        assert len(list(fresh.server.world.oauth_apps)) == 1

    async def test_a_new_address_moves_the_commands(self, fresh: Installation) -> None:
        done, _ = await fresh.set_up()
        tokens = {command.token for command in fresh.server.world.commands}
        moved = done.having(public_url="http://127.0.0.2:8090")
        await moved.set_up()
        commands = list(fresh.server.world.commands)
        assert {command.url for command in commands} == {"http://127.0.0.2:8090/mattermost/command"}
        assert {command.token for command in commands} == tokens
        (app,) = fresh.server.world.oauth_apps
        assert app.callback_urls == ["http://127.0.0.2:8090/consent/mattermost"]

    async def test_a_new_word_renames_the_command(self, fresh: Installation) -> None:
        done, _ = await fresh.set_up()
        await done.having(trigger_calendar="cal").set_up()
        assert words(fresh) == (WORDS | {"cal"}) - {"calendar"}
        assert await known_words(fresh) == words(fresh)

    async def test_a_lost_database_is_filled_again(self, fresh: Installation) -> None:
        done, _ = await fresh.set_up()
        async with fresh.database.transaction() as session:
            for each in await command_tokens.listed(session):
                await command_tokens.forget(session, each.command_id)
        _, report = await done.set_up()
        assert "/task is there, its token was stored" in texts(report)
        assert await known_words(fresh) == WORDS

    async def test_a_command_that_is_gone_is_made_again(self, fresh: Installation) -> None:
        done, _ = await fresh.set_up()
        gone = next(each for each in fresh.server.world.commands if each.trigger == "task")
        fresh.server.world.commands.remove(gone.id)
        _, report = await done.set_up()
        assert "/task registered" in texts(report)
        async with fresh.database.reading() as session:
            assert gone.id not in {each.command_id for each in await command_tokens.listed(session)}

    async def test_a_revoked_token_is_replaced(self, fresh: Installation) -> None:
        done, _ = await fresh.set_up()
        fresh.server.revoke_token(done.settings.mattermost_token.get_secret_value())
        mended, report = await done.set_up()
        assert set(report.variables) == {"SEKRETAR_MATTERMOST_TOKEN"}
        await fresh.client(mended.settings.mattermost_token.get_secret_value()).me()

    async def test_a_bot_that_was_switched_off_keeps_its_name_and_token(self, fresh: Installation) -> None:
        done, _ = await fresh.set_up(bot="butler")
        bot = fresh.server.world.users.first("username", "butler")
        assert bot is not None
        deactivate(fresh.server.site, bot)
        _, report = await done.set_up()
        assert (report.bot, dict(report.settings)) == ("butler", {})
        assert "the bot @butler was switched on again" in texts(report)

    async def test_a_lost_client_id_is_told_again(self, fresh: Installation) -> None:
        done, first = await fresh.set_up()
        _, report = await done.having(oauth_client_id="", oauth_client_secret=SecretStr("")).set_up()
        assert report.settings["oauth_client_id"] == first.settings["oauth_client_id"]
        assert report.settings["oauth_client_secret"] == first.settings["oauth_client_secret"]
        assert len(list(fresh.server.world.oauth_apps)) == 1


class TestTrouble:
    async def test_a_token_that_is_not_accepted(self, fresh: Installation) -> None:
        fresh.server.revoke_token(fresh.admin_token)
        with pytest.raises(ConfigurationError, match="does not accept the administrator's token"):
            await fresh.set_up()

    async def test_a_token_of_somebody_else(self, fresh: Installation) -> None:
        anna = fresh.server.add_token(fresh.server.add_user("anna"))
        with pytest.raises(ConfigurationError, match="@anna, who is no system administrator"):
            await Installation(fresh.server, fresh.settings, fresh.database, fresh.http, anna).set_up()

    async def test_a_name_of_a_person(self, fresh: Installation) -> None:
        with pytest.raises(ConfigurationError, match="@anna belongs to a person"):
            await fresh.set_up(bot="anna")

    async def test_bots_are_switched_off(self, fresh: Installation) -> None:
        fresh.server.configure(enable_bot_account_creation=False)
        with pytest.raises(ConfigurationError, match="Enable Bot Account Creation"):
            await fresh.set_up()

    async def test_a_word_of_somebody_else_does_not_stop_the_rest(self, fresh: Installation) -> None:
        admin = fresh.client(fresh.admin_token)
        team = fresh.server.add_team("office")
        await admin.create_command(team.id, "task", "https://tasks.example.org/hook")
        _, report = await fresh.set_up()
        (problem,) = report.problems
        assert (problem.place, problem.what) == ("Office", "/task is taken by another command.")
        assert "SEKRETAR_TRIGGER_TASK" in problem.remedy
        assert await known_words(fresh) == WORDS - {"task"}

    async def test_a_built_in_word(self, fresh: Installation) -> None:
        _, report = await fresh.having(trigger_task="msg").set_up()
        (problem,) = report.problems
        assert problem.what == "/msg is taken by another command."

    async def test_commands_are_switched_off(self, fresh: Installation) -> None:
        fresh.server.configure(enable_commands=False)
        _, report = await fresh.set_up()
        assert "SEKRETAR_MATTERMOST_TOKEN" in report.variables
        assert {problem.place for problem in report.problems} == {"Office"}

    async def test_consent_is_switched_off(self, fresh: Installation) -> None:
        fresh.server.configure(enable_oauth_service_provider=False)
        _, report = await fresh.set_up()
        assert report.problems == ()
        assert "Enable OAuth 2.0 Service Provider" in report.advice[0].remedy
        assert set(report.variables) == {"SEKRETAR_MATTERMOST_TOKEN"}

    async def test_mattermost_goes_away_in_the_middle(self, fresh: Installation) -> None:
        """The token is told all the same: Mattermost tells it only once."""
        fresh.server.faults.fail(502, method="POST", path="/api/v4/commands$")
        _, report = await fresh.set_up()
        assert set(report.variables) == {"SEKRETAR_MATTERMOST_TOKEN"}
        assert report.problems[-1].what.startswith("It was not finished")

    async def test_mattermost_is_not_there(self, fresh: Installation) -> None:
        await fresh.server.stop_listening()
        with pytest.raises(PeerDown):
            await fresh.set_up()


class TestBeingCalled:
    async def test_a_private_address_has_to_be_allowed(self, fresh: Installation) -> None:
        fresh.server.configure(allowed_untrusted_internal_connections="")
        _, report = await fresh.set_up()
        (problem,) = report.problems
        assert "not allowed to call 127.0.0.1" in problem.what
        assert "--allow-callback" in problem.remedy
        assert fresh.server.settings.allowed_untrusted_internal_connections == ""

    async def test_it_is_allowed_on_request(self, fresh: Installation) -> None:
        fresh.server.configure(allowed_untrusted_internal_connections="10.0.0.7")
        _, report = await fresh.set_up(allow_callback=True)
        assert report.problems == ()
        assert fresh.server.settings.allowed_untrusted_internal_connections == "10.0.0.7 127.0.0.1"

    async def test_an_address_that_is_not_known_here_is_only_mentioned(self, fresh: Installation) -> None:
        _, report = await fresh.having(callback_url="http://sekretar.invalid:8090").set_up()
        assert report.problems == ()
        assert any("sekretar.invalid" in advice.what for advice in report.advice)
