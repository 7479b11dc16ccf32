"""The command line as an administrator sees it: what is printed, and how it ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import sekretar
from sekretar.app import foundation
from sekretar.cli import app
from sekretar.commands import ending, envfile
from sekretar.commands import settings as settings_command
from sekretar.commands.ending import MISCONFIGURED, TRY_LATER
from sekretar.commands.tables import age, table
from sekretar.config import Settings, load_settings
from sekretar.kernel import logs
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import ConfigurationError, PeerDown, PeerForbidden
from sekretar.kernel.outbox import Effect, OutboxRow, State, put
from sekretar.kernel.secrets import Vault, generate_key
from sekretar.mattermost import command_tokens
from sekretar.sandbox import demo
from sekretar.sandbox.options import DemoOptions

Invoke = Callable[..., Result]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine, an empty folder, and logging as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda *args: None)
    monkeypatch.setattr("sekretar.config.DEFAULT_FILES", (Path("sekretar.env"),))
    monkeypatch.setenv("SEKRETAR_DATABASE_URL", f"sqlite:///{tmp_path / 'sekretar.sqlite3'}")
    monkeypatch.setenv("SEKRETAR_KEYS", generate_key())
    monkeypatch.delenv("SEKRETAR_ADMIN_TOKEN", raising=False)


@pytest.fixture
def invoke() -> Invoke:
    """Runs a command."""
    runner = CliRunner()

    def run(*arguments: str, **options: Any) -> Result:
        return runner.invoke(app, list(arguments), **options)

    return run


def in_database(work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def founded() -> Any:
        async with foundation(load_settings()) as base:
            return await work(base.database)

    return asyncio.run(founded())


class TestEnding:
    def test_the_version(self, invoke: Invoke) -> None:
        assert invoke("--version").stdout == f"Sekretar {sekretar.__version__}\n"

    @pytest.mark.parametrize(
        "command", ["run", "setup", "doctor", "keys", "outbox", "settings", "tickets", "demo"]
    )
    def test_every_command_explains_itself(self, invoke: Invoke, command: str) -> None:
        assert invoke(command, "--help").exit_code == 0
        assert f"\n  {command}" in invoke("--help").stdout

    def test_a_wrong_setting_is_two_sentences(self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEKRETAR_SYNC_SECONDS", "often")
        result = invoke("run")
        assert result.exit_code == MISCONFIGURED
        assert result.stderr.startswith("The setting SEKRETAR_SYNC_SECONDS is wrong")
        assert len(result.stderr.splitlines()) == 2

    def test_without_mattermost_there_is_nothing_to_run(self, invoke: Invoke) -> None:
        result = invoke("run")
        assert result.exit_code == MISCONFIGURED
        assert "SEKRETAR_MATTERMOST_URL" in result.stderr

    def test_a_database_that_is_down_may_come_back(
        self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SEKRETAR_DATABASE_URL", "postgresql://sekretar:hunter2@127.0.0.1:1/sekretar")
        result = invoke("run")
        assert result.exit_code == TRY_LATER
        assert "The database cannot be reached" in result.stderr
        assert "hunter2" not in result.output

    def test_an_error_of_one_of_many_tasks_is_explained_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        group = ExceptionGroup("tasks", [ExceptionGroup("more", [ConfigurationError("This.", "That.")])])
        assert ending.explain(group) == MISCONFIGURED
        assert capsys.readouterr().err == "This.\nThat.\n"

    def test_other_servers_are_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert ending.explain(PeerDown("mattermost", "502")) == TRY_LATER
        assert ending.explain(PeerForbidden("mattermost", "403")) == 1
        assert "Mattermost refused: 403." in capsys.readouterr().err

    def test_faults_of_our_own_are_not_hidden(self) -> None:
        with pytest.raises(ZeroDivisionError):
            ending.explain(ZeroDivisionError())
        group = ExceptionGroup("tasks", [PeerDown("database"), ZeroDivisionError()])
        with pytest.raises(ExceptionGroup):
            ending.explain(group)


class TestKeys:
    def test_a_new_key_can_be_used_and_needs_no_settings(
        self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SEKRETAR_KEYS", "nonsense")
        first, second = invoke("keys", "generate").stdout, invoke("keys", "generate").stdout
        assert first != second
        Vault([first])

    def test_rotation_makes_the_old_key_superfluous(
        self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old, new = generate_key(), generate_key()
        monkeypatch.setenv("SEKRETAR_KEYS", old)

        async def store(database: Database) -> None:
            async with database.transaction() as session:
                await command_tokens.save(session, Vault([old]), team_id="t", command_id="c", trigger="x",
                                          token="secret", now=datetime(2026, 3, 4, tzinfo=UTC))  # fmt: skip

        in_database(store)
        monkeypatch.setenv("SEKRETAR_KEYS", f"{new},{old}")
        assert invoke("keys", "rotate").stdout.startswith("2 secrets were encrypted with the first key.")
        monkeypatch.setenv("SEKRETAR_KEYS", new)
        assert invoke("keys", "rotate").stdout.startswith("0 secrets were")

    def test_a_foreign_key_changes_nothing(self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
        assert invoke("outbox").exit_code == 0
        monkeypatch.setenv("SEKRETAR_KEYS", generate_key())
        result = invoke("keys", "rotate")
        assert result.exit_code == MISCONFIGURED
        assert "do not belong to this database" in result.stderr


class TestOutbox:
    @pytest.fixture(autouse=True)
    def _rows(self) -> None:
        """Row 1 waits, row 2 is dead, row 3 is delivered."""
        now = SystemClock().now()

        async def fill(database: Database) -> None:
            async with database.transaction() as session:
                for number in (1, 2, 3):
                    payload = {"message": "Your salary is 100"}
                    await put(session, Effect("mattermost.post", f"reminder:{number}", payload), now)
            async with database.transaction() as session:
                dead, delivered = await session.get_one(OutboxRow, 2), await session.get_one(OutboxRow, 3)
                dead.state, dead.attempts, dead.finished_at = State.DEAD, 7, now
                dead.last_error = "MattermostForbidden: mattermost: 403 token=hunter2"
                delivered.state, delivered.finished_at = State.DELIVERED, now

        in_database(fill)

    def states(self) -> list[str]:
        async def read(database: Database) -> list[str]:
            async with database.reading() as session:
                return [(await session.get_one(OutboxRow, number)).state for number in (1, 2, 3)]

        found: list[str] = in_database(read)
        return found

    def listed(self, result: Result) -> list[str]:
        return re.findall(r"reminder:\d", result.stdout)

    @pytest.mark.parametrize(
        ("arguments", "keys"),
        [
            ((), ["reminder:2", "reminder:1"]),
            (("list",), ["reminder:2", "reminder:1"]),
            (("--dead",), ["reminder:2"]),
            (("list", "--dead"), ["reminder:2"]),
            (("list", "--all"), ["reminder:2", "reminder:1", "reminder:3"]),
        ],
    )
    def test_the_list(self, invoke: Invoke, arguments: tuple[str, ...], keys: list[str]) -> None:
        result = invoke("outbox", *arguments)
        assert self.listed(result) == keys
        assert "1 waiting, 0 sending, 1 delivered, 0 expired, 1 dead, 0 discarded" in result.stdout
        assert "salary" not in result.output
        assert "hunter2" not in result.output

    def test_the_list_for_machines(self, invoke: Invoke) -> None:
        found = json.loads(invoke("outbox", "--dead", "--json").stdout)
        assert found["counts"]["dead"] == 1
        assert [letter["attempts"] for letter in found["letters"]] == [7]

    def test_details_without_what_it_says(self, invoke: Invoke) -> None:
        result = invoke("outbox", "show", "2")
        assert "reminder:2" in result.stdout
        assert "salary" not in result.stdout

    def test_what_it_says_on_request(self, invoke: Invoke) -> None:
        assert "salary" in invoke("outbox", "show", "2", "--payload").stdout
        assert json.loads(invoke("outbox", "show", "2", "--json").stdout)["state"] == "dead"

    def test_a_row_that_is_not_there(self, invoke: Invoke) -> None:
        assert invoke("outbox", "show", "99").exit_code == 1

    def test_retrying_one(self, invoke: Invoke) -> None:
        assert invoke("outbox", "retry", "2").stdout.startswith("1 letter will be sent again")
        assert self.states() == ["waiting", "waiting", "delivered"]

    def test_only_dead_letters_are_retried(self, invoke: Invoke) -> None:
        result = invoke("outbox", "retry", "2", "3")
        assert result.exit_code == 1
        assert "1 of the numbers are no dead letters." in result.stderr
        assert self.states() == ["waiting", "waiting", "delivered"]

    def test_giving_up_all(self, invoke: Invoke) -> None:
        assert invoke("outbox", "discard", "--all-dead").stdout == "1 letter discarded.\n"
        assert self.states() == ["waiting", "discarded", "delivered"]

    @pytest.mark.parametrize("arguments", [(), ("2", "--all-dead")])
    def test_it_must_be_clear_which(self, invoke: Invoke, arguments: tuple[str, ...]) -> None:
        assert invoke("outbox", "discard", *arguments).exit_code == 2
        assert self.states() == ["waiting", "dead", "delivered"]


class TestTables:
    def test_columns_are_aligned(self) -> None:
        assert table(["id", "what"], [["1", "two\nlines"], ["100", ""]]) == "id   what\n1    two lines\n100"

    @pytest.mark.parametrize(
        ("ago", "shown"),
        [(0, "0s"), (119, "119s"), (120, "2m"), (7_199, "119m"), (7_200, "2h"), (172_800, "2d"), (-5, "0s")],
    )
    def test_ages_have_one_unit(self, ago: int, shown: str) -> None:
        now = datetime(2026, 3, 4, tzinfo=UTC)
        assert age(now - timedelta(seconds=ago), now) == shown


class TestSettings:
    def test_every_setting_is_listed_with_its_default(self, invoke: Invoke) -> None:
        text = invoke("settings").stdout
        assert "SEKRETAR_SYNC_SECONDS=60\n" in text
        assert "SEKRETAR_USE_PROXY=true\n" in text
        assert text.count("SEKRETAR_") >= len(Settings.model_fields)

    def test_every_setting_says_what_it_means(self) -> None:
        assert [each.name for each in settings_command.all_settings() if not each.description] == []

    def test_the_markdown_table_has_three_columns(self, invoke: Invoke) -> None:
        lines = invoke("settings", "--markdown").stdout.splitlines()
        assert len(lines) == 2 + len(Settings.model_fields)
        assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in lines)

    def test_the_readme_holds_the_present_table(self) -> None:
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        held = text.partition(settings_command.BEGIN)[2].partition(settings_command.END)[0]
        assert held.strip() == settings_command.markdown(), "run: scripts/readme"


class TestEnvFile:
    NEW = {"SEKRETAR_MATTERMOST_TOKEN": "t0k3n", "SEKRETAR_OAUTH_CLIENT_ID": "app"}  # noqa: RUF012

    def test_values_are_replaced_where_they_stand(self) -> None:
        before = "# Token\nexport SEKRETAR_MATTERMOST_TOKEN = old\nSEKRETAR_LISTEN=0.0.0.0:1\nnonsense\n"
        after = "# Token\nSEKRETAR_MATTERMOST_TOKEN=t0k3n\nSEKRETAR_LISTEN=0.0.0.0:1\nnonsense\n"
        assert envfile.updated(before, self.NEW) == after + "SEKRETAR_OAUTH_CLIENT_ID=app\n"

    def test_doubles_do_not_win(self) -> None:
        assert envfile.updated("A=1\nB=2\nA=3", {"A": "4"}) == "A=4\nB=2\n"

    def test_what_is_commented_out_stays_so(self) -> None:
        assert envfile.updated("# A=1\n", {"A": "4"}) == "# A=1\nA=4\n"

    def test_a_new_file_is_for_its_owner(self, tmp_path: Path) -> None:
        path = tmp_path / "new.env"
        envfile.write(path, self.NEW)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text() == "SEKRETAR_MATTERMOST_TOKEN=t0k3n\nSEKRETAR_OAUTH_CLIENT_ID=app\n"

    def test_an_old_file_is_closed_to_others(self, tmp_path: Path) -> None:
        path = tmp_path / "old.env"
        path.write_text("A=1\n")
        path.chmod(0o644)
        envfile.write(path, {"B": "2"})
        assert path.stat().st_mode & 0o777 == 0o640
        assert path.read_text() == "A=1\nB=2\n"
        assert [each.name for each in tmp_path.iterdir()] == ["old.env"]

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real.env").write_text("A=1\n")
        (tmp_path / "link.env").symlink_to("real.env")
        envfile.write(tmp_path / "link.env", {"A": "2"})
        assert (tmp_path / "link.env").is_symlink()
        assert (tmp_path / "real.env").read_text() == "A=2\n"

    def test_a_file_that_cannot_be_written(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError):
            envfile.write(tmp_path / "nowhere" / "new.env", self.NEW)


def test_the_demo_gets_its_options(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[DemoOptions] = []

    def run_demo(options: DemoOptions) -> int:
        given.append(options)
        return 3

    monkeypatch.setattr(demo, "run_demo", run_demo)
    result = invoke("demo", "--fresh", "--port", "1", "--calendar-port", "2", "--listen-port", "3",
                       "--folder", "x")  # fmt: skip
    assert result.exit_code == 3
    assert invoke("demo", "--check").exit_code == 3
    assert given == [DemoOptions(True, False, 1, 2, 3, Path("x")), DemoOptions(check=True)]


class TestSetup:
    def test_without_an_address(self, invoke: Invoke) -> None:
        result = invoke("setup")
        assert result.exit_code == MISCONFIGURED
        assert "SEKRETAR_MATTERMOST_URL" in result.stderr

    def test_without_a_token_and_nobody_to_ask(self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEKRETAR_MATTERMOST_URL", "http://127.0.0.1:1")
        result = invoke("setup")
        assert result.exit_code == MISCONFIGURED
        assert "SEKRETAR_ADMIN_TOKEN" in result.stderr

    @pytest.mark.parametrize("source", ["file", "stdin", "environment"])
    def test_the_token_is_never_shown(
        self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
    ) -> None:
        monkeypatch.setenv("SEKRETAR_MATTERMOST_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("SEKRETAR_USE_PROXY", "false")
        (tmp_path / "token").write_text("hunter2\n")
        if source == "environment":
            monkeypatch.setenv("SEKRETAR_ADMIN_TOKEN", "hunter2")
            result = invoke("setup")
        else:
            name = "-" if source == "stdin" else str(tmp_path / "token")
            result = invoke("setup", "--admin-token-file", name, input="hunter2\n")
        assert result.exit_code == TRY_LATER
        assert "Mattermost does not answer" in result.stderr
        assert "hunter2" not in result.output


class TestDoctor:
    def test_a_wrong_setting_is_a_finding(self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEKRETAR_SYNC_SECONDS", "often")
        result = invoke("doctor", "--json")
        assert result.exit_code == 1
        assert [check["name"] for check in json.loads(result.stdout)["checks"]] == ["settings"]

    def test_nothing_is_made(self, invoke: Invoke, tmp_path: Path) -> None:
        result = invoke("doctor")
        assert result.exit_code == 1
        assert "there is no file" in result.stdout
        assert "-> Set SEKRETAR_MATTERMOST_URL" in result.stdout
        assert list(tmp_path.iterdir()) == []


def shown(result: Result) -> list[str]:
    """The lines of the tables, without those of the log."""
    return [line for line in result.stdout.splitlines() if line.startswith(("desk", "towers"))]


class TestRegistry:
    """The lists of a desk, on the command line."""

    @pytest.fixture
    def poles(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The list of poles of the desk `towers`."""
        file, desks = tmp_path / "poles.csv", tmp_path / "desks.toml"
        file.write_text("Шифр;Широта\n41960-P-43-1-1;север\n47175-P-62-1-1;\n", encoding="cp1251")
        desks.write_text(
            '[[desk]]\nname = "towers"\nchannel = "team/towers"\n\n[desk.registry.poles]\n'
            f'file = "{file}"\nformat = "csv"\n'
        )
        monkeypatch.setenv("SEKRETAR_DESKS_FILE", str(desks))
        return file

    def test_what_was_read_and_what_is_wrong_in_it(self, invoke: Invoke, poles: Path) -> None:
        tried, done, again = (
            invoke("registry", "import", "--dry-run"),
            invoke("registry", "import"),
            invoke("registry", "import"),
        )
        assert [each.exit_code for each in (tried, done, again)] == [0, 0, 0]
        head, first, remark = shown(tried)
        assert head.split()[:6] == ["desk", "list", "rows", "rejected", "entries", "new"]
        assert first.split() == ["towers", "poles", "2", "0", "2", "2", "0", "0", "0", "0", "dry", "run"]
        assert remark.endswith("row 1 (taken over): the latitude of 41960-P-43-1-1 is no latitude: север")
        assert shown(done)[1].split()[-6:] == ["2", "0", "0", "0", "0", "yes"]
        assert shown(again)[1].split()[-6:] == ["0", "0", "0", "0", "2", "yes"]

    def test_a_list_that_is_not_believed_needs_force(self, invoke: Invoke, poles: Path) -> None:
        invoke("registry", "import")
        poles.write_text("Шифр\n", encoding="utf-8")
        refused = invoke("registry", "import", "--desk", "towers")
        assert refused.exit_code == 1
        assert "towers, poles: The list has no row that could be used." in refused.stderr
        forced = invoke("registry", "import", "--force")
        assert forced.exit_code == 0
        assert shown(forced)[1].split()[-3:] == ["2", "0", "yes"]

    def test_the_report_of_the_last_time_can_be_read_later(self, invoke: Invoke, poles: Path) -> None:
        assert "No list was ever read" in invoke("registry", "report").stdout
        invoke("registry", "import")
        report = invoke("registry", "report")
        head, row, remark = shown(report)
        assert report.exit_code == 0
        assert head.split()[:6] == ["desk", "list", "rows", "rejected", "entries", "new"]
        assert row.split()[:6] == ["towers", "poles", "2", "0", "2", "2"]
        assert remark.endswith("row 1 (taken over): the latitude of 41960-P-43-1-1 is no latitude: север")
        poles.write_text("Шифр\n", encoding="utf-8")
        invoke("registry", "import")
        later = invoke("registry", "report", "--desk", "towers")
        assert (later.exit_code, shown(later)[1].split()[:6]) == (1, row.split()[:6])
        assert "The list has no row that could be used." in later.stderr

    def test_a_desk_that_is_not_there(self, invoke: Invoke, poles: Path) -> None:
        result = invoke("registry", "import", "--desk", "trains")
        assert result.exit_code == MISCONFIGURED
        assert "There is no desk trains with lists." in result.stderr


class TestTokens:
    """Tokens of the API, on the command line."""

    def test_a_token_is_made_listed_and_revoked(self, invoke: Invoke) -> None:
        made = invoke("tokens", "create", "board", "--scope", "write", "--days", "30")
        assert made.exit_code == 0
        text = made.stdout.strip().splitlines()[-1]
        assert text.startswith("sekretar_")
        listed = invoke("tokens", "list")
        assert text not in listed.stdout
        assert any("board" in line and "until" in line for line in listed.stdout.splitlines())
        assert invoke("tokens", "revoke", "1").exit_code == 0
        assert "revoked" in invoke("tokens", "list").stdout
        assert invoke("tokens", "revoke", "2").exit_code == 1

    def test_a_desk_that_is_not_there(self, invoke: Invoke) -> None:
        result = invoke("tokens", "create", "board", "--desk", "trains")
        assert result.exit_code == MISCONFIGURED
        assert "There is no desk trains." in result.stderr
