"""What the doctor says of a desk: each part by itself, and all of it as the command line puts it together."""

from __future__ import annotations

import secrets
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.acceptance.trackers import a_tracker, settings_of
from tests.integration.dispatch.house import NOW, DeskServer, House, open_house
from tests.integration.dispatch.mail_house import new_address
from tests.integration.installation import installing
from tests.integration.tickets.houses import redmine_house
from tests.peers_mail import PASSWORD, Dovecot
from tests.peers_redmine import Redmine
from tests.peers_smtp import outside_world

from sekretar.dispatch.assignment.model import MemberRow, ShiftRow
from sekretar.dispatch.letters.model import TemplateRow
from sekretar.dispatch.operations.diagnosis import (
    diagnose_channels,
    diagnose_mirror,
    diagnose_people,
    diagnose_templates,
)
from sekretar.dispatch.settings import DeskSettings, MirrorSettings
from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerNotFound
from sekretar.kernel.http import HttpSessions, HttpSettings
from sekretar.mattermost.doctor import Finding, State
from sekretar.trackers.opening import open_trackers


async def of_people(house: House) -> Finding:
    return await diagnose_people(house.desk, house.dispatch.team, house.clock, house.database)


class TestPeople:
    async def test_nobody_at_all(self, database: Database) -> None:
        async with open_house(database) as house:
            found = await of_people(house)
            assert found.state is State.WARNING
            assert "nobody is a dispatcher" in found.seen

    @pytest.mark.parametrize(
        ("opening", "said"),
        [
            ("08:00-20:00", "1 at work now"),
            ("20:00-08:00", "the next shift begins at 2026-03-04 17:00 UTC"),
            ("", "nobody at work now, nor in the next weeks"),
        ],
    )
    async def test_a_dispatcher(self, database: Database, opening: str, said: str) -> None:
        async with open_house(database) as house:
            anna = await house.person_id("anna")
            async with database.transaction() as session:
                session.add(MemberRow(desk="towers", person_id=anna, role="dispatcher", zone="Europe/Moscow"))
                if opening:
                    session.add(
                        ShiftRow(
                            desk="towers",
                            person_id=anna,
                            first=date(2026, 3, 1),
                            every=1,
                            opening=opening,
                        )
                    )
            found = await of_people(house)
            assert said in found.seen
            assert (found.state is State.OK) == bool(opening)


class TestTemplates:
    async def test_the_usual_ones_and_one_that_names_nothing(self, database: Database) -> None:
        desk = DeskSettings(name="towers", channel="work/desk")
        assert (await diagnose_templates(desk, database)).state is State.OK
        async with database.transaction() as session:
            session.add(
                TemplateRow(
                    desk="towers",
                    purpose="accepted",
                    language="ru",
                    text="{cod}",
                    changed_at=NOW,
                    changed_by="Anna",
                )
            )
        found = await diagnose_templates(desk, database)
        assert found.state is State.FAILURE
        assert "accepted (ru)" in found.seen
        assert "cod" in found.seen


class TestChannels:
    DESK = DeskSettings(name="towers", channel="work/desk", operations_channel="work/alarms")

    async def test_both_can_be_written_to(self) -> None:
        found = await diagnose_channels(self.DESK, server())
        assert (found.state, found.seen) == (State.OK, "the bot may write in work/desk and work/alarms")

    async def test_one_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def nowhere(_: DeskServer, team: str, name: str) -> None:
            raise PeerNotFound("mattermost")

        monkeypatch.setattr(DeskServer, "channel_by_name", nowhere)
        found = await diagnose_channels(self.DESK, server())
        assert found.state is State.FAILURE
        assert "work/alarms: there is no such channel" in found.seen


class TestMirror:
    async def mirrored(self, mirror: MirrorSettings, key: str = "token-service") -> Finding:
        clock = SystemClock()
        http = HttpSessions(HttpSettings())
        async with a_tracker() as tracker:
            sites = open_trackers(
                (settings_of(tracker).model_copy(update={"key": SecretStr(key)}),), http, clock
            )
            try:
                return await diagnose_mirror(DeskSettings(name="towers", channel="a/b"), mirror, sites)
            finally:
                await http.close()

    async def test_the_account_is_not_accepted(self) -> None:
        found = await self.mirrored(MirrorSettings(tracker="work", project="DESK"), "y0_nobody")
        assert found.state is State.FAILURE
        assert "401" in found.seen

    async def test_everything_is_there(self) -> None:
        found = await self.mirrored(
            MirrorSettings(
                tracker="work", project="DESK", fields={"deadline": "due"}, statuses={"new": "open"}
            )
        )
        assert (found.state, found.remedy) == (State.OK, ""), found

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"tracker": "another"}, "there is no tracker another"),
            ({"project": "NOWHERE"}, "does not have the project NOWHERE"),
            ({"type": "elephant"}, "does not have the type elephant"),
            ({"fields": {"pole": "pole"}}, "does not have the field pole"),
            ({"statuses": {"new": "fresh"}}, "does not have the status fresh"),
        ],
    )
    async def test_something_is_not(self, settings: dict[str, object], said: str) -> None:
        found = await self.mirrored(
            MirrorSettings.model_validate({"tracker": "work", "project": "DESK", **settings})
        )
        assert found.state is State.FAILURE
        assert said in found.seen


async def test_a_field_for_all_projects_is_not_missing_in_an_empty_one(redmine: Redmine) -> None:
    identifier = f"empty{secrets.token_hex(4)}"
    project = {"name": identifier, "identifier": identifier, "tracker_ids": [1], "issue_custom_field_ids": []}
    redmine.call("POST", "/projects.json", {"project": project})
    async with redmine_house(redmine) as house:
        for pole, said in (("Contract", "1 fields"), ("Kontract", "does not have the field Kontract")):
            mirror = MirrorSettings(tracker="main", project=identifier, type="Bug", fields={"pole": pole})
            found = await diagnose_mirror(
                DeskSettings(name="towers", channel="a/b"), mirror, {"main": house.site}
            )
            assert said in found.seen
            assert (found.state is State.OK) == (pole == "Contract")


async def test_the_command_line_looks_at_all_of_it(
    database_url: str, dovecot: Dovecot, tmp_path: Path
) -> None:
    address = new_address()
    async with outside_world() as world, installing(database_url) as fresh:
        described = f"""
[[desk]]
name = "towers"
channel = "work/nowhere"
[[desk.mailboxes]]
address = "{address}"
password = "{PASSWORD}"
imap_host = "localhost"
imap_port = {dovecot.imap_port}
imap_security = "plain"
smtp_host = "127.0.0.1"
smtp_port = {world.port}
smtp_security = "plain"
"""
        done, _ = await fresh.set_up()
        found = await done.having(desks_file=written(tmp_path, described)).examine()
        assert found[f"mailbox:{address}"].state is State.OK
        assert "UIDVALIDITY" in found[f"mailbox:{address}"].seen
        # The password of the one server is not that of the other.
        assert found[f"smtp:{address}"].state is State.FAILURE
        assert found["desk:towers"].state is State.FAILURE
        assert found["people:towers"].state is State.WARNING
        assert found["templates:towers"].state is State.OK
        assert PASSWORD not in "".join(f"{each.as_dict()}" for each in found.values())


def server() -> DeskServer:
    return DeskServer()


def written(folder: Path, text: str) -> Path:
    file = folder / "desks.toml"
    file.write_text(text, "utf-8")
    return file
