"""From what was seen to what mends it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from sekretar.mattermost.doctor import Diagnosis, Finding, State, fine, warning
from sekretar.mattermost.doctor import failure as failing
from sekretar.mattermost.doctor.callback import (
    OurAddress,
    Outcome,
    Pressed,
    Tried,
    judge_callback,
    judge_commands,
    outcome_of,
)
from sekretar.mattermost.doctor.judging import (
    Consent,
    outbox,
    server,
    status,
    teams,
    token,
    unreachable,
    version,
)
from sekretar.mattermost.errors import MattermostDown, error_for
from sekretar.mattermost.models import ClientConfig, Role, Team, User
from sekretar.mattermost.versions import ServerVersion

URL = "https://chat.example.org"
CONFIG = ClientConfig(settings={"SiteURL": URL, "EnableOAuthServiceProvider": "true"})


def down(cause: BaseException | None, status: int = 0) -> MattermostDown:
    error = MattermostDown("GET /api/v4/system/ping", status=status)
    error.__cause__ = cause
    return error


def connecting(kind: type[aiohttp.ClientConnectorError]) -> BaseException:
    key = cast(Any, SimpleNamespace(host="chat.example.org", port=443, ssl=True, is_ssl=True))
    cause = OSError(1, "no")
    return kind(key, cause)


class TestUnreachable:
    @pytest.mark.parametrize(
        ("error", "said", "remedy"),
        [
            (down(connecting(aiohttp.ClientConnectorDNSError)), "is not known here", "DNS"),
            (down(connecting(aiohttp.ClientConnectorSSLError)), "no TLS", "http://"),
            (down(connecting(aiohttp.ClientConnectorError)), "cannot be reached", "Start Mattermost"),
            (down(TimeoutError()), "in time", "firewalls"),
            (down(None, status=200), "something else answers", "sub-path"),
        ],
    )
    def test_each_reason_has_its_remedy(self, error: MattermostDown, said: str, remedy: str) -> None:
        found = unreachable(URL, error)
        assert found.state is State.FAILURE
        assert said in found.seen
        assert remedy in found.remedy

    def test_a_bad_certificate_is_named(self) -> None:
        key = cast(Any, SimpleNamespace(host="chat.example.org", port=443, ssl=True, is_ssl=True))
        refused = aiohttp.ClientConnectorCertificateError(key, Exception("self-signed certificate"))
        assert "SEKRETAR_CA_FILE" in unreachable(URL, down(refused)).remedy


class TestServer:
    def test_answers(self) -> None:
        assert server(URL, CONFIG, timedelta(seconds=-20)).state is State.OK

    @pytest.mark.parametrize("difference", [timedelta(minutes=2), timedelta(minutes=-2)])
    def test_clocks_that_differ(self, difference: timedelta) -> None:
        found = server(URL, CONFIG, difference)
        assert (found.state, "120 s" in found.seen) == (State.WARNING, True)

    def test_without_its_own_address(self) -> None:
        assert server(URL, ClientConfig(settings={"SiteURL": ""}), None).state is State.WARNING

    def test_an_address_that_is_not_told_to_strangers_is_not_missed(self) -> None:
        assert server(URL, ClientConfig(settings={}), None).state is State.OK


class TestVersion:
    def test_too_old(self) -> None:
        assert version(ServerVersion(5, 35, 4)).state is State.FAILURE

    def test_old_ones_say_what_they_lack(self) -> None:
        found = version(ServerVersion(5, 37))
        assert found.state is State.OK
        assert "before 6.3" in found.seen

    def test_new_ones_lack_nothing(self) -> None:
        assert version(ServerVersion(11, 10)).seen == "Mattermost 11.10.0"


class TestToken:
    def test_of_a_bot(self) -> None:
        assert token(User(id="b", username="sekretar", is_bot=True)).state is State.OK

    def test_of_a_person(self) -> None:
        assert token(User(id="a", username="anna")).state is State.FAILURE

    def test_of_a_bot_with_all_rights(self) -> None:
        mighty = User(id="b", username="sekretar", is_bot=True, roles="system_user system_admin")
        assert token(mighty).state is State.WARNING


def test_teams_without_the_bot_are_named() -> None:
    office, plant = Team(id="1", name="office"), Team(id="2", name="plant", display_name="Plant")
    assert teams([office, plant], [office]).state is State.OK
    assert teams([], [office]).state is State.FAILURE
    found = teams([office], [office, plant])
    assert (found.state, "not in Plant" in found.seen) == (State.WARNING, True)


class TestStatus:
    MEMBER = Role(id="r", name="system_user", permissions=("create_post",))
    EDITOR = Role(id="e", name="editor", permissions=("edit_other_users",))

    def test_by_consent(self) -> None:
        assert status(CONFIG, [self.MEMBER], Consent.READY).state is State.OK

    @pytest.mark.parametrize("consent", set(Consent) - {Consent.READY})
    def test_what_is_missing_for_consent(self, consent: Consent) -> None:
        found = status(CONFIG, [self.MEMBER], consent)
        assert found.state is State.WARNING
        assert "sekretar setup" in found.remedy

    def test_by_a_right_of_the_bot(self) -> None:
        assert status(CONFIG, [self.MEMBER, self.EDITOR], Consent.NOT_SET_UP).state is State.OK

    def test_the_service_was_switched_off_after_setting_up(self) -> None:
        off = ClientConfig(settings={"EnableOAuthServiceProvider": "false"})
        assert "service is off" in status(off, [self.MEMBER], Consent.READY).seen

    def test_switched_off_for_everybody(self) -> None:
        off = ClientConfig(settings={"EnableCustomUserStatuses": "false"})
        assert "switched off" in status(off, [self.EDITOR], Consent.READY).seen


def test_dead_letters_are_a_warning() -> None:
    assert outbox(0, 3).state is State.OK
    assert "sekretar outbox" in outbox(1, 0).remedy


class TestCallback:
    def judge(self, outcome: Outcome, url: str, *addresses: str, **changes: bool) -> Finding:
        ours = {"leads_here": True, "same_machine": False} | changes
        return judge_callback(Pressed(outcome, "request_id r1"), OurAddress(url, addresses, **ours))

    def test_reached(self) -> None:
        assert self.judge(Outcome.ANSWERED, "https://s.example.org", "1.1.1.1").state is State.OK

    def test_somebody_else_is_reached(self) -> None:
        assert "SEKRETAR_KEYS" in self.judge(Outcome.FOREIGN, "https://s.example.org", "1.1.1.1").remedy

    @pytest.mark.parametrize("addresses", [("10.1.2.3",), ()])
    def test_a_private_address_has_to_be_allowed(self, addresses: tuple[str, ...]) -> None:
        found = self.judge(Outcome.UNREACHED, "http://sekretar:8090", *addresses)
        assert found.state is State.FAILURE
        assert "request_id r1" in found.seen
        assert "add sekretar to System Console" in found.remedy

    def test_a_public_address_needs_a_way(self) -> None:
        found = self.judge(Outcome.UNREACHED, "https://s.example.org", "1.1.1.1")
        assert "firewall" in found.remedy
        assert "System Console" not in found.remedy

    def test_loopback_is_somebody_elses_machine(self) -> None:
        found = self.judge(Outcome.UNREACHED, "http://127.0.0.1:8090", "127.0.0.1")
        assert "Mattermost's own machine" in found.remedy
        found = self.judge(Outcome.UNREACHED, "http://127.0.0.1:8090", "127.0.0.1", same_machine=True)
        assert "add 127.0.0.1 to" in found.remedy

    def test_an_address_that_leads_nowhere_is_doubted_first(self) -> None:
        found = self.judge(Outcome.UNREACHED, "https://s.example.org", "1.1.1.1", leads_here=False)
        assert found.remedy.startswith("Make sure that the address is right")


class TestOutcome:
    @pytest.mark.parametrize(
        ("status", "error_id", "message", "outcome"),
        [
            (500, "api.command.execute_command.failed.app_error", "", Outcome.UNREACHED),
            (500, "api.command.execute_command.failed_resp.app_error",
             "Command with a trigger of 'x503' returned response 401 Unauthorized.", Outcome.UNKNOWN_TOKEN),
            (500, "api.command.execute_command.failed_resp.app_error",
             "Command with a trigger of 'x401' returned response 502 Bad Gateway.", Outcome.ERROR),
            (404, "api.command.execute_command.not_found.app_error", "", Outcome.ABSENT),
            (501, "api.command.disabled.app_error", "", Outcome.SWITCHED_OFF),
            (403, "api.context.permissions.app_error", "", Outcome.FORBIDDEN),
            (401, "api.context.session_expired.app_error", "", None),
            (500, "something.else", "", None),
        ],
    )  # fmt: skip
    def test_of_a_refusal(self, status: int, error_id: str, message: str, outcome: Outcome | None) -> None:
        body = f'{{"id": "{error_id}", "message": "{message}", "status_code": {status}}}'
        assert outcome_of(error_for(status, {}, body.encode())) is outcome


class TestCommands:
    def judge(self, *outcomes: Outcome, reached: bool = True) -> Finding:
        tried = [Tried("Office", f"word{number}", outcome) for number, outcome in enumerate(outcomes)]
        return judge_commands(tried, reached=reached)

    def test_all_work(self) -> None:
        found = self.judge(Outcome.ANSWERED, Outcome.ANSWERED)
        assert (found.state, found.seen) == (State.OK, "/word0, /word1 work in Office")

    @pytest.mark.parametrize(
        "outcome", [Outcome.ABSENT, Outcome.UNKNOWN_TOKEN, Outcome.FOREIGN, Outcome.UNREACHED, Outcome.ERROR]
    )
    def test_what_does_not_work_is_named(self, outcome: Outcome) -> None:
        found = self.judge(Outcome.ANSWERED, outcome)
        assert (found.state, "/word1 in Office" in found.seen) == (State.FAILURE, True)
        assert "/word0" not in found.seen

    def test_words_of_others_are_a_warning(self) -> None:
        assert self.judge(Outcome.ANSWERED, Outcome.TAKEN).state is State.WARNING

    def test_an_old_address_is_seen_though_it_is_the_only_one(self) -> None:
        assert self.judge(Outcome.UNREACHED).state is State.FAILURE

    def test_first_things_first(self) -> None:
        assert self.judge(Outcome.UNREACHED, reached=False).state is State.SKIPPED
        assert self.judge().state is State.SKIPPED

    def test_switched_off(self) -> None:
        assert "Enable Custom Slash Commands" in self.judge(Outcome.SWITCHED_OFF).remedy


def test_warnings_are_healthy_and_failures_are_not() -> None:
    bad = failing("x", "password=hunter2 refused", "Mend it.")
    assert Diagnosis((fine("a", "b"), warning("c", "d", "e"))).healthy
    assert not Diagnosis((fine("a", "b"), bad)).healthy
    assert "hunter2" not in str(Diagnosis((bad,)).as_dict())
