"""The Tracker sandbox, judged by the vendor's own client: every request that it is known to make succeeds."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from tests import peers

from sekretar.kernel.clock import ManualClock
from sekretar.sandbox.tracker import Limits, TrackerSandbox


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[TrackerSandbox]:
    server = TrackerSandbox(clock=clock, limits=Limits())
    anna = server.add_user("anna", "Anna Petrova")
    server.add_user("iam", "Service Account", token="t1.iam")
    desk = server.add_queue("TEST", "Test", anna)
    server.add_queue("OTHER", "Other", anna)
    server.add_field(desk, "district", "District", values=("North", "South"))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture
def vendor() -> ModuleType:
    """The official client."""
    try:
        import yandex_tracker_client
    except ImportError:
        peers.missing("yandex-tracker-client", "install the development requirements")
    return yandex_tracker_client  # type: ignore[no-any-return]


Work = Callable[[Any], Any]


def client(vendor: ModuleType, sandbox: TrackerSandbox, version: str = "v2", **more: Any) -> Any:
    given = {"token": "token-anna", "org_id": "1", "retries": 0, **more}
    return vendor.TrackerClient(base_url=sandbox.url, api_version=version, **given)


async def working(work: Work, tracker: Any) -> Any:
    """The client is synchronous: it works beside the server's event loop."""
    return await asyncio.to_thread(partial(work, tracker))


def issues_from_first_to_last(tracker: Any) -> None:
    made = tracker.issues.create(queue="TEST", summary="A", tags=["a"], unique="mail-1")
    assert (made.key, made.version, made.status.key, made.queue.key) == ("TEST-1", 1, "open", "TEST")
    assert made.status.name == "Открыт"
    again = tracker.issues.create(queue="TEST", summary="A", unique="mail-1")
    assert again.key == "TEST-1"
    made.update(summary="B", tags={"add": ["b"], "remove": ["a"]})
    assert (made.summary, made.tags, made.version) == ("B", ["b"], 2)
    [district] = tracker.queues["TEST"].local_fields
    made.update(ignore_version_change=True, **{district.id: "North"})
    assert tracker.issues["TEST-1"].district == "North"
    comment = made.comments.create(text="One")
    comment.update(text="Two")
    assert [each.text for each in made.comments] == ["Two"]
    comment.delete()
    assert list(made.comments) == []
    steps = {step.id for step in made.transitions}
    assert "close" in steps
    left = made.transitions["close"].execute(comment="Done", resolution="fixed")
    assert {step.to.key for step in left} == {"open"}
    kinds = [entry.type for entry in made.changelog.get_all(sort="asc", field="status", type="IssueWorkflow")]
    assert kinds == ["IssueWorkflow"]


def what_hangs_on_issues(tracker: Any) -> None:
    first = tracker.issues.create(queue="TEST", summary="A", attachments=[io.BytesIO(b"temporary")])
    second = tracker.issues.create(queue="TEST", summary="B")
    file = io.BytesIO("осмотр".encode())
    file.name = "акт.txt"
    first.attachments.create(file)
    assert [each.name for each in first.attachments] == ["file", "акт.txt"]
    kept = list(first.attachments)[-1]
    assert b"".join(kept.read()).decode() == "осмотр"
    kept.delete()
    link = first.links.create(relationship="depends on", issue=second.key)
    assert (link.type.id, link.direction, link.object.key) == ("depends", "outward", second.key)
    assert [each.direction for each in second.links] == ["inward"]
    first.worklog.create(start="2026-01-01T00:00:00.000+0000", duration="PT1H")
    assert [each.duration for each in first.worklog] == ["PT1H"]
    first.add_checklist_item("Look", deadline={"date": "2026-01-01", "deadlineType": "date"})
    second.move_to("OTHER")
    assert tracker.issues[second.key].key == "OTHER-1"
    first.clone_to(["TEST", "OTHER"])


def finding(tracker: Any) -> None:
    for number in range(5):
        tracker.issues.create(queue="TEST", summary=f"Number {number}", assignee="anna")
    found = tracker.issues.find(
        filter={"queue": "TEST", "assignee": "me()", "resolution": "empty()"}, order=["-key"], per_page=2
    )
    assert (len(found), found.pages_count) == (5, 3)
    assert len(list(found)) == 5
    assert [issue.summary for issue in found.get_page(3)] == ["Number 0"]
    assert tracker.issues.find(filter={"queue": "TEST"}, count_only=True) == 5
    assert [issue.key for issue in tracker.issues.find(keys=["TEST-2", "NONE-1"])] == ["TEST-2"]
    query = 'Queue: TEST AND (Summary: "number 3" OR Description: "x") Assignee: me() "Sort by": Updated DESC'
    assert [issue.summary for issue in tracker.issues.find(query)] == ["Number 3"]


def the_organisation(tracker: Any) -> None:
    assert tracker.myself.login == "anna"
    assert {queue.key for queue in tracker.queues} == {"TEST", "OTHER"}
    assert tracker.queues["TEST"].defaultPriority.key == "normal"
    assert [field.key for field in tracker.queues["TEST"].local_fields] == ["district"]
    assert list(tracker.queues["TEST"].triggers) == []
    assert tracker.users["anna"].email == "anna@example.test"
    for directory in ("users", "statuses", "resolutions", "priorities", "issue_types", "fields", "linktypes"):
        assert list(getattr(tracker, directory))
    for empty in ("components", "versions", "projects", "boards"):
        assert list(getattr(tracker, empty)) == []


def many_at_once(tracker: Any) -> None:
    issue = tracker.issues.create(queue="TEST", summary="A")
    changed = tracker.bulkchange.update([issue.key], priority="minor")
    assert changed.wait(interval=0.001).status == "COMPLETE"
    tracker.bulkchange.transition([issue.key], "start_progress")
    after = tracker.issues[issue.key]
    assert (after.priority.key, after.status.key) == ("minor", "inProgress")
    tracker.bulkchange.move([issue.key], "OTHER")
    assert tracker.issues[issue.key].key == "OTHER-1"


@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize(
    "work", [issues_from_first_to_last, what_hangs_on_issues, finding, the_organisation, many_at_once]
)
async def test_the_official_client_works(
    sandbox: TrackerSandbox, vendor: ModuleType, version: str, work: Work
) -> None:
    await working(work, client(vendor, sandbox, version))


async def test_what_is_refused(sandbox: TrackerSandbox, vendor: ModuleType) -> None:
    errors = vendor.exceptions

    def work(tracker: Any) -> None:
        with pytest.raises(errors.UnprocessableEntity):
            tracker.issues.create(queue="TEST")
        with pytest.raises(errors.NotFound):
            tracker.issues["TEST-99"]
        issue = tracker.issues.create(queue="TEST", summary="A")
        stale = tracker.issues[issue.key]
        issue.update(summary="B")
        with pytest.raises(errors.PreconditionFailed):
            stale.update(summary="C")
        with pytest.raises(errors.Conflict):
            stale.update(params={"version": 1}, ignore_version_change=True, summary="C")
        with pytest.raises(errors.UnprocessableEntity):
            issue.transitions["close"].execute()
        sandbox.limits.version = issue.version
        with pytest.raises(errors.TrackerServerError) as caught:
            issue.update(summary="One too many")
        assert caught.value.status_code == 423

    await working(work, client(vendor, sandbox))


async def test_who_is_refused(sandbox: TrackerSandbox, vendor: ModuleType) -> None:
    def refused(**more: Any) -> int:
        with pytest.raises(vendor.exceptions.TrackerServerError) as caught:
            client(vendor, sandbox, **more).issues.find(filter={"queue": "TEST"})
        return int(caught.value.status_code)

    assert await asyncio.to_thread(refused, token="wrong") == 401
    assert await asyncio.to_thread(refused, org_id="2") == 403
    cloud = client(vendor, sandbox, token=None, org_id=None, iam_token="t1.iam", cloud_org_id="bpf1")
    assert await working(lambda tracker: tracker.myself.login, cloud) == "iam"


async def test_faults(sandbox: TrackerSandbox, vendor: ModuleType) -> None:
    """A burst of failures, and a connection cut after the issue was stored: `unique` saves the client."""
    sandbox.faults.fail(500, times=2)
    sandbox.faults.reset_after(method="POST", path="/issues/$")
    patient = client(vendor, sandbox, retries=4)
    made = await working(lambda tracker: tracker.issues.create(queue="TEST", summary="Once").key, patient)
    assert (made, len(sandbox.world.issues)) == ("TEST-1", 1)
    sandbox.faults.limit(retry_after=7)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.url}/v3/myself") as limited,
    ):
        assert (limited.status, limited.headers["Retry-After"]) == (429, "7")


async def test_scrolling(sandbox: TrackerSandbox, clock: ManualClock) -> None:
    headers = {"Authorization": "OAuth token-anna", "X-Org-ID": "1"}
    async with aiohttp.ClientSession(f"{sandbox.url}", headers=headers) as session:
        for number in range(3):
            await session.post("/v3/issues/", json={"queue": "TEST", "summary": str(number)})
        body = {"filter": {"queue": "TEST"}}
        asked = {"scrollType": "unsorted", "perScroll": "2"}
        async with session.post("/v3/issues/_search", params=asked, json=body) as begun:
            names = {
                "scrollId": begun.headers["X-Scroll-Id"],
                "scrollToken": begun.headers["X-Scroll-Token"],
                "perScroll": "2",
            }
            assert len(await begun.json()) == 2
        clock.advance(timedelta(minutes=2))
        async with session.post("/v3/issues/_search", params=names, json=body) as expired:
            assert expired.status == 403
            assert (await expired.json())["errorMessages"] == ["Expired signature"]
        by_keys = {"keys": ["TEST-1"]}
        async with session.post("/v3/issues/_search", params=asked, json=by_keys) as refused:
            assert refused.status == 400
