"""What has to be done, from what is wanted and what is there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.i18n import Catalogues
from sekretar.mattermost.models import Bot, Command, OAuthApp, Team
from sekretar.mattermost.setup import plan
from sekretar.mattermost.setup.plan import TeamState, WantedCommand

URL = "https://sekretar.example.org/mattermost/command"
OTHER_URL = "https://elsewhere.example.org/hook"
TEAM = Team(id="t1", name="office", display_name="Office")
TRIGGERS = {"calendar": "calendar", "task": "/Task"}


def wanted(bot: str = "sekretar", language: str = "en", url: str = URL) -> list[WantedCommand]:
    return plan.wanted_commands(TRIGGERS, url, bot, Catalogues.load().translator(language))


def command(key: str, command_id: str = "c1", **changes: Any) -> Command:
    """The command as setting up leaves it, with changes."""
    found = next(each for each in wanted() if each.key == key)
    values = {"id": command_id, "team_id": TEAM.id, "trigger": found.trigger, "url": URL, "method": "P"}
    return Command.model_validate({**values, "token": "secret", **found.fields, **changes})


def steps(*commands: Command, known: set[str] | None = None, reserved: set[str] | None = None) -> list[Any]:
    state = TeamState(TEAM, has_bot=True, commands=commands, reserved=reserved or set(), known=known or set())
    return plan.plan_team(wanted(), state)


class TestBot:
    def test_is_made_when_there_is_none(self) -> None:
        assert plan.plan_bot("sekretar", None) == plan.CreateBot("sekretar")

    def test_is_switched_on_again(self, clock: ManualClock) -> None:
        bot = Bot(user_id="b", username="sekretar", delete_at=clock.now())
        assert plan.plan_bot("sekretar", bot) == plan.EnableBot(bot)

    def test_is_left_alone(self) -> None:
        bot = Bot(user_id="b", username="sekretar")
        assert plan.plan_bot("sekretar", bot) == plan.KeepBot(bot)

    def test_is_remembered_by_its_commands(self) -> None:
        assert plan.bot_of([command("task", description="My own words"), command("calendar")]) == "sekretar"
        assert plan.bot_of([command("task", description="My own words")]) == ""


class TestWanted:
    def test_words_become_what_the_server_makes_of_them(self) -> None:
        assert [each.trigger for each in wanted()] == ["calendar", "task"]

    def test_words_have_a_setting(self) -> None:
        assert [each.setting for each in wanted()] == ["SEKRETAR_TRIGGER_CALENDAR", "SEKRETAR_TRIGGER_TASK"]

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_texts_fit_into_the_server(self, language: str) -> None:
        for each in wanted(bot="a" * 64, language=language):
            assert len(str(each.fields["display_name"])) <= 64
            assert len(each.description) <= 128

    def test_hints_are_in_the_language_of_the_server(self) -> None:
        assert re.search("[а-я]", str(wanted(language="ru")[0].fields["auto_complete_hint"]))


class TestTeam:
    def test_an_empty_team_gets_everything(self) -> None:
        found = plan.plan_team(wanted(), TeamState(TEAM, has_bot=False, commands=()))
        assert found == [plan.Join(), *(plan.AddCommand(each) for each in wanted())]

    def test_what_is_right_is_left_alone(self) -> None:
        found = steps(command("calendar", "c1"), command("task", "c2"), known={"c1", "c2"})
        assert [type(step) for step in found] == [plan.KeepCommand, plan.KeepCommand]

    def test_our_command_follows_our_address(self) -> None:
        first, _ = steps(command("calendar", url=OTHER_URL), command("task", "c2"))
        assert isinstance(first, plan.ChangeCommand)
        assert first.changes == {"url": URL}

    def test_our_command_follows_its_word(self) -> None:
        first, _ = steps(command("calendar", trigger="cal"), command("task", "c2"))
        assert isinstance(first, plan.ChangeCommand)
        assert first.changes == {"trigger": "calendar"}

    def test_a_command_made_by_hand_with_our_address_is_taken_over(self) -> None:
        first, _ = steps(command("calendar", description="by hand"), command("task", "c2"))
        assert isinstance(first, plan.ChangeCommand)
        assert set(first.changes) == {"description"}

    def test_a_command_whose_token_we_hold_is_ours_whatever_it_says(self) -> None:
        edited = command("calendar", description="edited", url=OTHER_URL)
        first, _ = steps(edited, command("task", "c2"), known={"c1"})
        assert isinstance(first, plan.ChangeCommand)
        assert set(first.changes) == {"description", "url"}

    def test_a_foreign_command_is_left_alone(self) -> None:
        first, _ = steps(command("calendar", description="Theirs", url=OTHER_URL), command("task", "c2"))
        assert first == plan.Taken(wanted()[0])

    def test_the_command_of_another_sekretar_is_left_alone(self) -> None:
        theirs = wanted(bot="sekretar-test")[0].description
        first, _ = steps(command("calendar", description=theirs, url=OTHER_URL), command("task", "c2"))
        assert first == plan.Taken(wanted()[0])

    def test_a_word_is_not_changed_to_one_that_is_taken(self) -> None:
        """Servers would accept that."""
        ours = command("calendar", trigger="cal")
        theirs = command("calendar", "c9", description="Theirs", url=OTHER_URL)
        first, _ = steps(ours, theirs, command("task", "c2"))
        assert first == plan.Taken(wanted()[0])

    def test_built_in_words_are_taken(self) -> None:
        assert plan.Taken(wanted()[0]) in steps(command("task", "c2"), reserved={"calendar", "away"})

    def test_tokens_of_commands_that_are_gone_are_forgotten(self) -> None:
        found = steps(command("calendar", "c1"), command("task", "c2"), known={"c1", "c2", "c0"})
        assert found[-1] == plan.ForgetToken("c0")


class TestApp:
    HERE = "https://sekretar.example.org/consent/mattermost"

    def app(self, app_id: str = "a1", **changes: Any) -> OAuthApp:
        return OAuthApp.model_validate(
            {"id": app_id, "name": "Sekretar", "callback_urls": [self.HERE], **changes}
        )

    def test_is_made_when_there_is_none(self) -> None:
        foreign = self.app(name="Other")
        elsewhere = self.app(callback_urls=["https://elsewhere.example.org/consent/mattermost"])
        assert plan.plan_app([foreign, elsewhere], "", self.HERE) == plan.CreateApp()

    def test_is_found_by_its_address(self) -> None:
        assert plan.plan_app([self.app()], "", self.HERE) == plan.KeepApp(self.app())

    def test_the_configured_one_gets_our_address(self) -> None:
        moved = self.app(callback_urls=["https://old.example.org/consent/mattermost"])
        assert plan.plan_app([moved], "a1", self.HERE) == plan.ChangeApp(moved)

    def test_the_configured_one_comes_first(self) -> None:
        found = plan.plan_app([self.app("a0"), self.app("a1", name="Renamed")], "a1", self.HERE)
        assert found == plan.KeepApp(self.app("a1", name="Renamed"))

    def test_other_addresses_are_taken_from_it(self) -> None:
        """Whoever holds an old address would get the codes of people."""
        wide = self.app(callback_urls=[self.HERE, "https://old.example.org/"])
        assert plan.plan_app([wide], "a1", self.HERE) == plan.ChangeApp(wide)
