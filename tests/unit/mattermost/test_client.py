"""The client: how requests leave, and what becomes of each kind of answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from tests.unit.mattermost.fakes import (
    ANNA,
    CHANNEL,
    TOKEN,
    Answer,
    FakeServer,
    JumpingClock,
    error,
    post,
    serving,
    user,
)

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.errors import (
    ConfigurationError,
    PeerConflict,
    PeerDown,
    PeerError,
    PeerForbidden,
    PeerInvalid,
    PeerLimited,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
)
from sekretar.mattermost import transport
from sekretar.mattermost.client import MattermostClient, NewPost
from sekretar.mattermost.errors import MattermostError
from sekretar.mattermost.versions import BASELINE, Feature, ServerVersion

ME = "/api/v4/users/me"


@pytest.fixture
async def served(clock: ManualClock) -> AsyncIterator[tuple[FakeServer, MattermostClient]]:
    async with serving(clock) as both:
        yield both


async def test_a_request_carries_the_token_and_no_cookie(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    fake.on("GET", ME, Answer(body=json.dumps(user()).encode(), headers={"Set-Cookie": "MMAUTHTOKEN=x"}))
    await client.me()
    await client.me()
    assert fake.asked[1].headers["Authorization"] == f"Bearer {TOKEN}"
    assert fake.asked[1].headers["Accept"] == "application/json"
    assert "Cookie" not in fake.asked[1].headers


async def test_a_file_is_handed_over_as_it_is(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    fake.on("GET", "/api/v4/files/f1", Answer(body=b"\x00{", content_type="image/png"))
    assert await client.file_content("f1") == b"\x00{"


@pytest.mark.parametrize("closing", ["", "/"])
async def test_a_sub_path_is_kept(clock: ManualClock, closing: str) -> None:
    async with serving(clock, prefix="/chat" + closing) as (fake, client):
        fake.on("GET", "/chat" + ME, user())
        assert (await client.me()).id == ANNA
        assert not client.base_url.endswith("/")


@pytest.mark.parametrize("address", ["chat.example.org", "ftp://x", "", "http://", "http://[::1"])
def test_what_is_no_address_is_told_to_the_administrator(clock: ManualClock, address: str) -> None:
    with pytest.raises(ConfigurationError):
        MattermostClient(object(), address, "", clock=clock)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PeerInvalid),
        (401, PeerRefused),
        (403, PeerForbidden),
        (404, PeerNotFound),
        (409, PeerConflict),
        (413, PeerInvalid),
        (500, PeerDown),
        (501, PeerUnsupported),
        (503, PeerDown),
    ],
)
async def test_what_mattermost_refuses_has_a_kind_and_keeps_its_id(
    served: tuple[FakeServer, MattermostClient], status: int, kind: type[PeerError]
) -> None:
    fake, client = served
    fake.on("GET", ME, error(status, "api.some.app_error", "Кончено"))
    with pytest.raises(kind) as caught:
        await client.me()
    assert isinstance(caught.value, MattermostError)
    assert (caught.value.status, caught.value.error_id, caught.value.request_id) == (
        status,
        "api.some.app_error",
        "req1",
    )
    assert isinstance(caught.value, PeerDown) is issubclass(kind, PeerDown)


async def test_a_route_that_does_not_exist_is_a_missing_function(
    served: tuple[FakeServer, MattermostClient],
) -> None:
    fake, client = served
    fake.on("GET", ME, error(404, "api.context.404.app_error"))
    with pytest.raises(PeerUnsupported):
        await client.me()


@pytest.mark.parametrize("status", [200, 400, 403, 404, 405, 409, 502])
async def test_nothing_is_concluded_from_a_page_of_something_in_between(
    served: tuple[FakeServer, MattermostClient], status: int
) -> None:
    fake, client = served
    fake.on("GET", ME, Answer(status, b"<html>Please log in</html>", "text/html"))
    with pytest.raises(PeerDown, match="Please log in"):
        await client.me()


async def test_a_redirect_is_not_followed_but_named(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    fake.on("GET", ME, Answer(301, b"", headers={"Location": "https://elsewhere/"}))
    with pytest.raises(PeerDown, match="https://elsewhere/"):
        await client.me()
    assert len(fake.asked) == 1


async def test_tokens_in_error_texts_are_not_repeated(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    fake.on("GET", ME, error(401, "api.context.x", f"Invalid session token={TOKEN}, err=no"))
    with pytest.raises(PeerRefused) as caught:
        await client.me()
    assert TOKEN not in str(caught.value)
    assert "err=no" in str(caught.value)


@pytest.mark.parametrize("body", [b"[]", b'{"username": "anna"}', b"null", b'{"id": 5, "username": []}'])
async def test_an_answer_of_another_shape_is_a_broken_answer(
    served: tuple[FakeServer, MattermostClient], body: bytes
) -> None:
    fake, client = served
    fake.on("GET", ME, Answer(body=body))
    with pytest.raises(PeerDown, match="usual shape"):
        await client.me()


async def test_an_answer_is_not_read_beyond_the_limit(
    served: tuple[FakeServer, MattermostClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, client = served
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1000)
    fake.on("GET", ME, Answer(body=b'"' + b"x" * 200_000 + b'"'))
    with pytest.raises(PeerDown, match="larger than 1000"):
        await client.me()


async def test_no_answer_is_down(clock: ManualClock) -> None:
    async with aiohttp.ClientSession() as session:
        client = MattermostClient(session, "http://127.0.0.1:9", TOKEN, clock=clock)
        with pytest.raises(PeerDown):
            await client.me()


@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Reset"])
async def test_a_read_waits_as_long_as_it_is_asked_to(header: str) -> None:
    clock = JumpingClock()
    async with serving(clock) as (fake, client):
        fake.on("GET", ME, Answer(429, b"limit exceeded", "text/plain", {header: "3"}), user())
        assert (await client.me()).id == ANNA
    assert len(fake.asked) == 2
    assert clock.naps == [timedelta(seconds=3)]


async def test_a_read_gives_up_on_a_limit_that_does_not_end() -> None:
    clock = JumpingClock()
    async with serving(clock) as (fake, client):
        fake.on("GET", ME, Answer(429, b"limit exceeded", "text/plain", {"Retry-After": "4"}))
        with pytest.raises(PeerLimited):
            await client.me()
    assert len(fake.asked) == 3


async def test_a_read_does_not_wait_for_long(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    fake.on("GET", ME, Answer(429, b"limit exceeded", "text/plain", {"Retry-After": "60"}))
    with pytest.raises(PeerLimited) as caught:
        await client.me()
    assert caught.value.retry_after == timedelta(seconds=60)


async def test_a_write_leaves_waiting_to_the_outbox(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    fake.on("POST", "/api/v4/posts", Answer(429, b"limit exceeded", "text/plain", {"Retry-After": "1"}))
    with pytest.raises(PeerLimited):
        await client.create_post(NewPost(CHANNEL, "hello"))
    assert len(fake.asked) == 1


async def test_a_post_that_is_being_stored_asks_for_a_moment(
    served: tuple[FakeServer, MattermostClient],
) -> None:
    fake, client = served
    fake.on("POST", "/api/v4/posts", error(500, "api.post.deduplicate_create_post.pending"))
    with pytest.raises(PeerLimited) as caught:
        await client.create_post(NewPost(CHANNEL, "hello", pending_post_id="x:1"))
    assert caught.value.retry_after == timedelta(seconds=1)


async def test_a_post_is_written_as_the_reference_says(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    fake.on("POST", "/api/v4/posts", post())
    await client.create_post(NewPost(CHANNEL, "Привет", root_id="r", props={"a": 1}, pending_post_id="x:1"))
    asked = fake.asked[0]
    assert asked.query == {"set_online": "false"}
    assert asked.json == {
        "channel_id": CHANNEL,
        "message": "Привет",
        "root_id": "r",
        "props": {"a": 1},
        "file_ids": [],
        "pending_post_id": "x:1",
    }


@pytest.mark.parametrize("hostile", ["../../admin", "a/b", "a?b=c", "a#b", "a%2Fb"])
async def test_an_id_from_outside_cannot_leave_its_place(
    served: tuple[FakeServer, MattermostClient], hostile: str
) -> None:
    fake, client = served
    with pytest.raises(PeerError):
        await client.user(hostile)
    assert len(fake.asked) == 1
    assert fake.asked[0].path.startswith("/api/v4/users/")
    assert fake.asked[0].path.count("/") == 4
    assert fake.asked[0].query == {}


@pytest.mark.parametrize("nothing", ["", ".", ".."])
async def test_an_id_that_names_another_route_is_refused(
    served: tuple[FakeServer, MattermostClient], nothing: str
) -> None:
    fake, client = served
    with pytest.raises(PeerInvalid):
        await client.user(nothing)
    assert fake.asked == []


@pytest.mark.parametrize(
    "response_url",
    ["{base}/hooks/commands/abc123", "https://chat.example.org/sub/hooks/commands/abc123?x=1"],
)
async def test_a_late_answer_goes_to_the_configured_server_alone(
    served: tuple[FakeServer, MattermostClient], response_url: str
) -> None:
    fake, client = served
    fake.on("POST", "/hooks/commands/abc123", Answer(body=b"ok", content_type="text/plain"))
    await client.respond(response_url.format(base=client.base_url), {"text": "done"})
    assert fake.asked[0].json == {"text": "done"}
    assert "Authorization" not in fake.asked[0].headers


@pytest.mark.parametrize("response_url", ["", "http://x/", "http://x/hooks/commands/../../api/v4/users"])
async def test_what_is_no_response_address_is_not_called(
    served: tuple[FakeServer, MattermostClient], response_url: str
) -> None:
    fake, client = served
    with pytest.raises(PeerInvalid):
        await client.respond(response_url, {"text": "done"})
    assert fake.asked == []


async def test_the_version_is_learnt_from_any_answer(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    assert client.server_version == BASELINE
    refusal = error(401, "x", **{"X-Version-Id": "11.1.0.123.abc.false"})
    fake.on("GET", ME, refusal, Answer(body=json.dumps(user()).encode()))
    with pytest.raises(PeerRefused):
        await client.me()
    await client.me()
    assert client.server_version == ServerVersion(11, 1)
    assert client.server_version.has(Feature.DIALOG_DATES)


@pytest.mark.parametrize("stated", [None, "", "dev", 5, "..", "1"])
def test_what_is_no_version_is_unknown(stated: object) -> None:
    assert ServerVersion.parse(stated) is None


def test_versions_are_compared_as_numbers() -> None:
    assert ServerVersion.parse("5.37.0.dev.66a9afb.false") == ServerVersion(5, 37)
    assert ServerVersion(10, 11) > ServerVersion(9, 12) > ServerVersion(9, 2)


async def test_the_difference_of_the_clocks_is_learnt(
    served: tuple[FakeServer, MattermostClient],
) -> None:
    fake, client = served
    assert client.clock_difference is None
    fake.on(
        "GET", ME, Answer(body=json.dumps(user()).encode(), headers={"Date": "Wed, 04 Mar 2026 09:05:00 GMT"})
    )
    await client.me()
    assert client.clock_difference == timedelta(minutes=5)


async def test_channels_are_found_on_servers_that_list_them_by_team_only(
    served: tuple[FakeServer, MattermostClient],
) -> None:
    fake, client = served
    fake.on("GET", "/api/v4/users/me/teams", [{"id": "t1"}, {"id": "t2"}])
    direct = {"id": "d", "type": "D"}
    fake.on("GET", "/api/v4/users/me/teams/t1/channels", [direct, {"id": "a", "type": "O"}])
    fake.on("GET", "/api/v4/users/me/teams/t2/channels", [direct, {"id": "b", "type": "P"}])
    assert [channel.id for channel in await client.my_channels()] == ["d", "a", "b"]


async def test_all_pages_of_teams_are_read(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    full = [{"id": f"t{number}"} for number in range(200)]
    fake.on("GET", "/api/v4/teams", full, [{"id": "last"}])
    assert len(await client.all_teams()) == 201
    assert [asked.query["page"] for asked in fake.asked] == ["0", "1"]


async def test_many_users_are_asked_for_in_portions(served: tuple[FakeServer, MattermostClient]) -> None:
    fake, client = served
    fake.on("POST", "/api/v4/users/ids", lambda asked: [user(one) for one in asked.json])
    found = await client.users([f"u{number}" for number in range(250)])
    assert len(found) == 250
    assert [len(asked.json) for asked in fake.asked] == [100, 100, 50]


async def test_a_page_of_the_web_application_is_no_oauth_server(
    served: tuple[FakeServer, MattermostClient],
) -> None:
    fake, client = served
    where = "/.well-known/oauth-authorization-server"
    fake.on("GET", where, Answer(200, b"<html>", "text/html"))
    assert await client.oauth_server() is None
    fake.on("GET", where, {"code_challenge_methods_supported": ["S256"]})
    described = await client.oauth_server()
    assert described is not None
    assert described.code_challenge_methods_supported == ("S256",)
    fake.on("GET", where, Answer(502, b"", "text/html"))
    with pytest.raises(PeerDown):
        await client.oauth_server()
