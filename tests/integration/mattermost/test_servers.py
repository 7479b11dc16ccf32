"""The chat peer against servers: the sandbox, and a real Mattermost where one is given.

The real one is named by SEKRETAR_TEST_MATTERMOST_URL and SEKRETAR_TEST_MATTERMOST_ADMIN_TOKEN. Everything the
tests make (users, a bot, an OAuth 2 application, posts) has a name of its own, so a server can be used again.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from tests import peers
from tests.unit.mattermost.fakes import until

from sekretar.kernel.clock import SystemClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import (
    PeerDown,
    PeerForbidden,
    PeerNotFound,
    PeerRefused,
    PeerUnsupported,
    PersonError,
)
from sekretar.kernel.outbox import Delivery, Noted
from sekretar.kernel.people import People, Person
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.acting import Acting, Means, NotPermitted, Reason
from sekretar.mattermost.backfill import Backfill
from sekretar.mattermost.client import MattermostClient, NewPost
from sekretar.mattermost.consent import Consents, OAuthApp, Standing
from sekretar.mattermost.delivery import DIRECT, EDIT, REACTION, ChatDelivery
from sekretar.mattermost.events import Event, Lost, Posted
from sekretar.mattermost.models import Channel, User
from sekretar.mattermost.stream_socket import Pace
from sekretar.mattermost.transport import Transport
from sekretar.mattermost.versions import BASELINE
from sekretar.mattermost.websocket import Connection, EventStream
from sekretar.sandbox.mattermost import MattermostSandbox

URL = os.environ.get("SEKRETAR_TEST_MATTERMOST_URL", "")
ADMIN_TOKEN = os.environ.get("SEKRETAR_TEST_MATTERMOST_ADMIN_TOKEN", "")
PASSWORD = "Correct-horse-1"
PACE = Pace(ping_every=timedelta(milliseconds=300))
REDIRECT = "http://127.0.0.1/mattermost/consent"


@pytest.fixture
def database_kind() -> str:
    """One database is enough: the server is what is tried here."""
    return "sqlite"


@dataclass
class Server:
    """What the tests need of a server."""

    url: str
    session: aiohttp.ClientSession
    admin: MattermostClient
    bot: MattermostClient
    bot_user: User
    bot_token_id: str
    person: MattermostClient
    person_user: User
    direct: Channel


@pytest.fixture(params=["sandbox", "real"])
async def address(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, str]]:
    """The address of a server and an administrator's token. The test runs once for each server."""
    if request.param == "sandbox":
        sandbox = MattermostSandbox(clock=SystemClock())
        await sandbox.start()
        try:
            admin = sandbox.add_user("admin", admin=True)
            sandbox.add_team("office", members=(admin,))
            yield sandbox.url, sandbox.add_token(admin)
        finally:
            await sandbox.stop()
        return
    if not URL or not ADMIN_TOKEN:
        reason = "set SEKRETAR_TEST_MATTERMOST_URL and SEKRETAR_TEST_MATTERMOST_ADMIN_TOKEN"
        test = os.environ.get("PYTEST_CURRENT_TEST", "?").split(" ")[0]
        peers.NOT_PROVEN.setdefault(("a real Mattermost", reason), []).append(test)
        pytest.skip(f"no real Mattermost: {reason}")
    yield URL, ADMIN_TOKEN


@pytest.fixture
async def server(address: tuple[str, str]) -> AsyncIterator[Server]:
    url, admin_token = address
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        admin = MattermostClient(session, url, admin_token, clock=SystemClock())
        suffix = secrets.token_hex(5)
        team = (await admin.all_teams())[0]
        bot = await admin.create_bot(f"bot{suffix}", "Bot", "made by a test")
        token = await admin.create_token(bot.user_id, "made by a test")
        await admin.add_team_member(team.id, bot.user_id)
        person = await log_in_new_person(session, admin, f"person{suffix}")
        person_user = await person.me()
        await admin.add_team_member(team.id, person_user.id)
        bot_client = admin.with_token(token.token)
        yield Server(
            url,
            session,
            admin,
            bot_client,
            await bot_client.me(),
            token.id,
            person,
            person_user,
            await person.direct_channel(person_user.id, bot.user_id),
        )


async def log_in_new_person(
    session: aiohttp.ClientSession, admin: MattermostClient, name: str
) -> MattermostClient:
    account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "locale": "ru"}
    headers = admin.authorization
    async with session.post(f"{admin.base_url}/api/v4/users", json=account, headers=headers) as response:
        assert response.status == 201, await response.text()
    login = {"login_id": name, "password": PASSWORD}
    async with session.post(f"{admin.base_url}/api/v4/users/login", json=login) as response:
        return admin.with_token(response.headers["Token"])


# The client


async def test_the_server_says_who_and_what_it_is(server: Server) -> None:
    assert server.bot.server_version >= BASELINE
    difference = server.bot.clock_difference
    assert difference is not None
    assert abs(difference) < timedelta(seconds=30)
    await server.bot.ping()
    config = await server.bot.config()
    assert config.version
    assert config.allows("EnableCustomUserStatuses") is True
    assert server.bot_user.is_bot
    assert await server.bot.oauth_server() is None or server.bot.server_version > BASELINE


async def test_people_are_found_in_every_way(server: Server) -> None:
    person = server.person_user
    assert (await server.bot.user(person.id)).locale == "ru"
    assert (await server.bot.user_by_name(person.username)).id == person.id
    assert (await server.admin.user_by_email(person.email)).id == person.id
    assert [one.id for one in await server.bot.users([person.id, "x" * 26])] == [person.id]
    with pytest.raises(PeerNotFound):
        await server.bot.user("x" * 26)


async def test_a_post_lives_and_dies(server: Server) -> None:
    attachment = {
        "text": "Подробности",
        "actions": [{"id": "go", "name": "Go", "integration": {"url": "http://x"}}],
    }
    written = await server.bot.create_post(
        NewPost(server.direct.id, "Привет", props={"attachments": [attachment], "sekretar_key": "k"})
    )
    post = await server.bot.post(written.id)
    assert post.is_from(server.bot_user.id)
    assert post.is_automatic
    assert post.props["sekretar_key"] == "k"
    assert post.attachments[0]["text"] == "Подробности"
    patched = await server.bot.patch_post(post.id, message="Пока", props={"attachments": []})
    assert (patched.message, patched.attachments) == ("Пока", ())
    reply = await server.bot.create_post(NewPost(server.direct.id, "reply", root_id=post.id))
    assert [one.id for one in (await server.bot.thread(post.id)).oldest_first()] == [post.id, reply.id]
    await server.bot.add_reaction(server.bot_user.id, post.id, "eyes")
    await server.bot.add_reaction(server.bot_user.id, post.id, "eyes")
    await server.bot.remove_reaction(server.bot_user.id, post.id, "eyes")
    await server.bot.delete_post(post.id)
    with pytest.raises(PeerNotFound):
        await server.bot.post(post.id)


async def test_a_repeated_pending_post_is_the_same_post(server: Server) -> None:
    pending = f"{server.bot_user.id}:{secrets.token_hex(6)}.1.0"
    first = await server.bot.create_post(NewPost(server.direct.id, "once", pending_post_id=pending))
    second = await server.bot.create_post(NewPost(server.direct.id, "once", pending_post_id=pending))
    assert first.id == second.id


async def test_commands_and_roles_are_administered(server: Server) -> None:
    team = (await server.admin.all_teams())[0]
    trigger = f"t{secrets.token_hex(4)}"
    made = await server.admin.create_command(team.id, trigger, "http://127.0.0.1:9/", auto_complete=True)
    assert made.token
    changed = await server.admin.update_command(made, url="http://127.0.0.1:9/other")
    assert (changed.url, changed.token) == ("http://127.0.0.1:9/other", made.token)
    assert made.id in [one.id for one in await server.admin.commands(team.id)]
    await server.admin.delete_command(made.id)
    assert made.id not in [one.id for one in await server.admin.commands(team.id)]
    with pytest.raises(PeerForbidden):
        await server.person.create_command(team.id, trigger, "http://127.0.0.1:9/")
    assert server.bot_user.id in [one.user_id for one in await server.admin.bots()]
    assert (await server.admin.bot(server.bot_user.id)).username == server.bot_user.username
    roles = await server.bot.roles(["system_user", "system_admin"])
    assert {role.name for role in roles} == {"system_user", "system_admin"}


async def test_channels_and_members_are_listed(server: Server) -> None:
    assert server.direct.id in [channel.id for channel in await server.bot.my_channels()]
    members = await server.bot.channel_members(server.direct.id)
    assert {one.user_id for one in members} == {server.bot_user.id, server.person_user.id}
    assert (await server.bot.channel(server.direct.id)).is_direct


# The stream


class Headerless(MattermostClient):
    """A client behind a proxy that strips the header from the handshake (and from everything else)."""

    @property
    def authorization(self) -> dict[str, str]:
        return {}


class Ear:
    """A stream that runs, and the socket below it."""

    def __init__(self, client: Transport, **options: Any) -> None:
        assert isinstance(client, MattermostClient)
        self.events: list[Event] = []
        self.stream = EventStream(client, SystemClock(), self.events.append, pace=PACE, **options)
        self.sockets: list[aiohttp.ClientWebSocketResponse] = []
        self._connect = client.session.ws_connect
        client.session.ws_connect = self._note  # type: ignore[method-assign, assignment]
        self.task = asyncio.create_task(self.stream.run())

    def _note(self, *args: Any, **options: Any) -> Any:
        context = self._connect(*args, **options)
        sockets = self.sockets

        class Noted:
            async def __aenter__(self) -> aiohttp.ClientWebSocketResponse:
                sockets.append(await context.__aenter__())
                return sockets[-1]

            async def __aexit__(self, *error: Any) -> None:
                await context.__aexit__(*error)

        return Noted()

    def break_off(self) -> None:
        connection = self.sockets[-1]._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()

    def messages(self) -> list[str]:
        return [event.post.message for event in self.events if isinstance(event, Posted)]

    async def state(self, connection: Connection) -> None:
        await until(lambda: self.stream.state.connection is connection, seconds=20)


@pytest.fixture
async def ear() -> AsyncIterator[Callable[..., Ear]]:
    made: list[Ear] = []

    def listen(client: Transport, **options: Any) -> Ear:
        made.append(Ear(client, **options))
        return made[-1]

    yield listen
    for one in made:
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)


async def test_a_broken_stream_is_resumed_and_nothing_is_missing(
    server: Server, ear: Callable[..., Ear]
) -> None:
    listening = ear(server.bot)
    await listening.state(Connection.CONNECTED)
    await server.person.create_post(NewPost(server.direct.id, "one"))
    await until(lambda: listening.messages() == ["one"])
    listening.break_off()
    await server.person.create_post(NewPost(server.direct.id, "two"))
    await until(lambda: listening.messages() == ["one", "two"], seconds=20)
    assert not any(isinstance(event, Lost) for event in listening.events)


async def test_a_stream_the_server_has_forgotten_is_made_up_for(
    server: Server, ear: Callable[..., Ear]
) -> None:
    listening = ear(server.bot)
    await listening.state(Connection.CONNECTED)
    await server.person.create_post(NewPost(server.direct.id, "one"))
    await until(lambda: listening.messages() == ["one"])
    listening.stream._connection_id = "x" * 26
    listening.break_off()
    await server.person.create_post(NewPost(server.direct.id, "two"))
    await until(lambda: any(isinstance(event, Lost) for event in listening.events), seconds=20)
    lost = next(event for event in listening.events if isinstance(event, Lost))
    found = [event async for event in Backfill(server.bot).events(lost.since)]
    assert "two" in [event.post.message for event in found if isinstance(event, Posted)]


async def test_the_challenge_serves_where_the_header_does_not_arrive(
    server: Server, ear: Callable[..., Ear]
) -> None:
    behind_proxy = Headerless(server.session, server.url, server.bot.token, clock=SystemClock())
    listening = ear(behind_proxy)
    await listening.state(Connection.CONNECTED)
    await server.person.create_post(NewPost(server.direct.id, "one"))
    await until(lambda: listening.messages() == ["one"])


async def test_a_bad_and_a_revoked_token_are_noticed(server: Server, ear: Callable[..., Ear]) -> None:
    nobody = ear(server.bot.with_token("x" * 26))
    await nobody.state(Connection.REFUSED)
    nobody.task.cancel()
    listening = ear(server.bot)
    await listening.state(Connection.CONNECTED)
    await server.admin.revoke_token(server.bot_token_id)
    await listening.state(Connection.REFUSED)
    assert server.bot.token not in listening.stream.state.detail
    with pytest.raises(PeerRefused) as refused:
        await server.bot.me()
    assert server.bot.token not in str(refused.value)


# Delivery


async def test_messages_are_delivered_once_edited_and_missed_when_deleted(
    server: Server, database: Database
) -> None:
    clock = SystemClock()
    delivery = ChatDelivery(server.bot, database, clock, server.bot_user.id)
    payload = {"user_id": server.person_user.id, "message": "word " * 5000, "props": {}, "message_key": "m"}
    first = Delivery(1, DIRECT, "m", payload, 1, None)
    noted = await delivery.direct(first)
    async with database.transaction() as session:
        await noted.notebook(session, [noted.entry])
    receipt = noted.receipt
    again = Delivery(1, DIRECT, "m", payload, 2, clock.now() - timedelta(seconds=5))
    fresh = ChatDelivery(server.bot, database, clock, server.bot_user.id)
    assert (await fresh.direct(again)).receipt == receipt
    posts = (await server.bot.thread(receipt["post_id"])).posts
    assert len(posts) == 2
    edit = {"message_key": "m", "message": "short", "props": {"attachments": [{"text": "a"}]}}
    changed = await delivery.edit(Delivery(2, EDIT, "e", edit, 1, None))
    assert isinstance(changed, Noted)
    assert changed.receipt == {"post_id": receipt["post_id"]}
    edited = await server.bot.post(receipt["post_id"])
    assert (edited.message, edited.attachments[0]["text"]) == ("short", "a")
    react = {"message_key": "m", "emoji": "eyes"}
    await delivery.react(Delivery(3, REACTION, "r", react, 1, None))
    await server.bot.delete_post(receipt["post_id"])
    edit["message"] = "too late"
    assert await delivery.edit(Delivery(4, EDIT, "e2", edit, 1, None)) == {"gone": True}


# Acting for a person


@dataclass
class Asking:
    """Everything that is needed to ask the person for consent."""

    consents: Consents
    acting: Acting
    person: Person


@pytest.fixture
async def asking(server: Server, database: Database, vault: Vault) -> Asking:
    clock = SystemClock()
    made = await server.admin.create_oauth_app(f"app{secrets.token_hex(4)}", "test", server.url, [REDIRECT])
    app = OAuthApp(made.id, made.client_secret, REDIRECT)
    people = People(server.url, "en", ZoneInfo("Europe/Moscow"))
    async with database.transaction() as session:
        person = await people.remember(session, server.person_user.profile(), clock.now())
    consents = Consents(server.bot, database, people, vault, clock, app)
    return Asking(consents, Acting(server.bot, consents, clock), person)


async def agree(server: Server, asking: Asking, somebody: MattermostClient) -> dict[str, str]:
    """What the browser of somebody does after they agreed; returns the query of the redirect."""
    url = urlsplit(await asking.consents.authorize_url(asking.person, "presence"))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    headers = {**somebody.authorization, "X-Requested-With": "XMLHttpRequest"}
    async with server.session.post(f"{server.url}/oauth/authorize", json=query, headers=headers) as response:
        assert response.status == 200, await response.text()
        redirect = urlsplit((await response.json(content_type=None))["redirect"])
    return {name: values[0] for name, values in parse_qs(redirect.query).items()}


async def test_a_person_consents_and_their_status_is_set(server: Server, asking: Asking) -> None:
    assert await asking.acting.how(asking.person) == NotPermitted(Reason.NO_CONSENT, can_consent=True)
    came_back = await asking.consents.receive(await agree(server, asking, server.person))
    assert came_back.return_to == "presence"
    end = SystemClock().now().replace(microsecond=0) + timedelta(hours=1)
    done = await asking.acting.set_custom_status(
        asking.person, emoji="calendar", text="Встреча", expires_at=end
    )
    assert done is Means.CONSENT
    shown = await asking.acting.custom_status(asking.person)
    assert shown is not None
    assert (shown.emoji, shown.text, shown.expires_at) == ("calendar", "Встреча", end)
    assert await asking.acting.set_status(asking.person, "dnd") is Means.CONSENT
    assert (await asking.acting.status(asking.person)).status == "dnd"
    assert await asking.acting.clear_custom_status(asking.person) is Means.CONSENT
    assert await asking.acting.custom_status(asking.person) is None


async def test_a_consent_is_renewed_and_taken_back(server: Server, asking: Asking) -> None:
    await asking.consents.receive(await agree(server, asking, server.person))
    first = await asking.consents.token(asking.person.id)
    second = await asking.consents.token(asking.person.id, renew=True)
    assert first
    assert second
    assert first != second
    assert (await server.bot.with_token(second).me()).id == asking.person.user_id
    await asking.consents.withdraw(asking.person.id)
    with pytest.raises(PeerRefused):
        await server.bot.with_token(second).me()
    assert await asking.consents.standing(asking.person.id) is Standing.NONE


async def test_somebody_elses_consent_is_not_taken(server: Server, asking: Asking) -> None:
    other = await log_in_new_person(server.session, server.admin, f"other{secrets.token_hex(5)}")
    with pytest.raises(PersonError) as caught:
        await asking.consents.receive(await agree(server, asking, other))
    assert caught.value.key == "mattermost.consent.other_person"


async def test_a_consent_withdrawn_in_mattermost_is_noticed(server: Server, asking: Asking) -> None:
    await asking.consents.receive(await agree(server, asking, server.person))
    client_id = parse_qs(urlsplit(await asking.consents.authorize_url(asking.person)).query)["client_id"][0]
    headers = {**server.person.authorization, "X-Requested-With": "XMLHttpRequest"}
    async with server.session.post(
        f"{server.url}/oauth/deauthorize", json={"client_id": client_id}, headers=headers
    ) as response:
        assert response.status == 200
    done = await asking.acting.set_custom_status(asking.person, emoji="calendar", text="x")
    assert done == NotPermitted(Reason.CONSENT_ENDED, can_consent=True)


async def test_a_bot_with_the_right_needs_no_consent(server: Server, asking: Asking) -> None:
    await server.admin.set_system_roles(server.bot_user.id, ["system_user", "system_admin"])
    assert await asking.acting.how(asking.person) is Means.BOT
    done = await asking.acting.set_custom_status(asking.person, emoji="calendar", text="x")
    assert done is Means.BOT


async def test_an_address_where_no_mattermost_is_says_so(server: Server) -> None:
    elsewhere = MattermostClient(server.session, f"{server.url}/not/here", "x", clock=SystemClock())
    # Whatever answers there, it must not look like a refused token or a missing user.
    with pytest.raises((PeerDown, PeerUnsupported)):
        await elsewhere.me()
