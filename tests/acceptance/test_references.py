"""Tickets that people speak of in a channel, in a real Redmine where there is one."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from tests import peers
from tests.acceptance.acts import open_channel
from tests.acceptance.conftest import MakeOffice
from tests.acceptance.trackers import link
from tests.acceptance.waiting import until
from tests.peers_redmine import Redmine, installed, running_redmine

from sekretar.trackers.settings import RedmineSettings


def file(redmine: Redmine, project: str, subject: str) -> int:
    """Make a ticket in the tracker itself."""
    issue = {"project_id": redmine.project(project), "subject": subject}
    return int(redmine.call("POST", "/issues.json", {"issue": issue})["issue"]["id"])


async def test_tickets_are_named_in_the_thread_by_the_rights_of_the_readers(
    own_office: MakeOffice, tmp_path: Path
) -> None:
    if not installed():
        peers.missing("Redmine", "install the packages redmine, redmine-sqlite and puma")
    with running_redmine(tmp_path / "redmine") as redmine:
        tracker = RedmineSettings(
            kind="redmine", name="main", url=redmine.url, key=SecretStr(redmine.key("admin"))
        )
        office = await own_office(trackers=(tracker,))
        anna, boris = await office.hire("anna"), await office.hire("boris", locale="en")
        number = file(redmine, "desk", "Протекает кран")
        secret = file(redmine, "vault", "Секрет")
        channel = await open_channel(office, anna, boris)
        await link(anna, channel, redmine.key("anna"))

        said = await anna.say(f"#t{number}", channel)
        closed = await boris.wait_for(lambda post: post.root_id == said.id)
        assert "кран" not in closed.text
        assert f"/issues/{number}" in closed.text
        mark = anna.mark()
        await anna.click(closed, "Показать")
        await anna.wait_for(lambda post: "Протекает кран" in post.text, since=mark)

        await link(boris, channel, redmine.key("boris"))
        spoken = await anna.say("nothing yet", channel)
        await anna.edit(spoken, f"#t{number}, #t{secret}, #t99999999")
        both = await boris.wait_for(lambda post: post.root_id == spoken.id)
        assert "Протекает кран" in both.text
        assert f"/issues/{secret}" in both.text
        assert "Секрет" not in both.text
        assert "99999999" not in both.text
        await anna.edit(spoken, "nothing at all")

        async def is_taken_back() -> bool:
            thread = await boris.thread(spoken.id)
            return len(thread) == 2 and "кран" not in thread[-1].text

        await until(is_taken_back, what="the reply to follow")
