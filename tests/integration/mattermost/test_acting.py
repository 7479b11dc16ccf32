"""Acting for a person: the way that is open is found, and where none is, that is said."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.integration.mattermost.test_consent import APP, METADATA, TOKENS, tokens
from tests.unit.mattermost.fakes import ANNA, BOT, TOKEN, Answer, Asked, FakeServer, JumpingClock, error, user

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.people import People, Person
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.acting import Acting, Means, NotPermitted, Reason
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.consent import Consents
from sekretar.mattermost.models import CustomStatus

CUSTOM, STATUS = f"/api/v4/users/{ANNA}/status/custom", f"/api/v4/users/{ANNA}/status"
FORBIDDEN = error(403, "api.context.permissions.app_error")
UNAUTHORIZED = error(401, "api.context.session_expired.app_error")
OK = {"status": "OK"}


class Office:
    """A server with a bot whose rights a test chooses, and a person who may consent."""

    def __init__(self, fake: FakeServer, consents: Consents, acting: Acting, anna: Person) -> None:
        self.fake = fake
        self.consents = consents
        self.acting = acting
        self.anna = anna
        self.bot_may("create_post")
        fake.on("GET", "/api/v4/users/me", self._me)
        fake.on("GET", "/api/v4/config/client", {"EnableCustomUserStatuses": "true"})
        fake.on("GET", METADATA, Answer(200, b"<html>", "text/html"))
        fake.on("POST", TOKENS, tokens("access1", "refresh1"))
        fake.on("PUT", CUSTOM, OK)
        fake.on("DELETE", CUSTOM, OK)

    def bot_may(self, *permissions: str) -> None:
        role = {"id": "r", "name": "system_user", "permissions": list(permissions)}
        self.fake.on("POST", "/api/v4/roles/names", [role])

    async def consent(self) -> None:
        url = await self.consents.authorize_url(self.anna)
        await self.consents.receive({"state": url.partition("state=")[2].partition("&")[0], "code": "c"})

    def tokens_used(self) -> list[str]:
        """The tokens with which the custom status was changed or tried."""
        return [
            asked.headers["Authorization"].removeprefix("Bearer ")
            for asked in self.fake.asked
            if asked.path == CUSTOM
        ]

    async def set(self) -> Means | NotPermitted:
        return await self.acting.set_custom_status(self.anna, emoji="calendar", text="In a meeting")

    @staticmethod
    def _me(asked: Asked) -> object:
        return user(BOT if asked.headers["Authorization"] == f"Bearer {TOKEN}" else ANNA)


@pytest.fixture
def clock() -> JumpingClock:
    """Waiting takes no time here."""
    return JumpingClock()


@pytest.fixture
def office(
    fake: FakeServer,
    client: MattermostClient,
    database: Database,
    people: People,
    vault: Vault,
    clock: ManualClock,
    anna: Person,
) -> Office:
    consents = Consents(client, database, people, vault, clock, APP)
    return Office(fake, consents, Acting(client, consents, clock), anna)


async def test_with_neither_way_open_that_is_said(office: Office) -> None:
    expected = NotPermitted(Reason.NO_CONSENT, can_consent=True)
    assert await office.acting.how(office.anna) == expected
    assert await office.set() == expected
    assert office.tokens_used() == []


async def test_a_consent_is_used(office: Office, clock: ManualClock) -> None:
    await office.consent()
    assert await office.acting.how(office.anna) is Means.CONSENT
    end = clock.now() + timedelta(hours=1)
    done = await office.acting.set_custom_status(
        office.anna, emoji="calendar", text="x" * 200, expires_at=end
    )
    assert done is Means.CONSENT
    assert office.tokens_used() == ["access1"]
    asked = next(asked for asked in office.fake.asked if asked.path == CUSTOM)
    assert asked.json == {
        "emoji": "calendar",
        "text": "x" * 100,
        "duration": "date_and_time",
        "expires_at": "2026-03-04T10:00:00Z",
    }


@pytest.mark.parametrize("right", ["edit_other_users", "manage_system"])
async def test_a_right_of_the_bot_is_found_and_used(office: Office, right: str) -> None:
    office.bot_may("create_post", right)
    assert await office.acting.how(office.anna) is Means.BOT
    assert await office.set() is Means.BOT
    assert await office.acting.clear_custom_status(office.anna) is Means.BOT
    assert office.tokens_used() == [TOKEN, TOKEN]


async def test_a_right_that_is_given_later_is_noticed(office: Office, clock: ManualClock) -> None:
    assert isinstance(await office.acting.how(office.anna), NotPermitted)
    office.bot_may("edit_other_users")
    assert isinstance(await office.acting.how(office.anna), NotPermitted)
    clock.advance(timedelta(minutes=11))
    assert await office.acting.how(office.anna) is Means.BOT


async def test_a_right_that_was_taken_away_is_noticed_by_the_refusal(office: Office) -> None:
    office.bot_may("edit_other_users")
    assert await office.acting.how(office.anna) is Means.BOT
    office.bot_may("create_post")
    office.fake.on("PUT", CUSTOM, FORBIDDEN)
    assert await office.set() == NotPermitted(Reason.NO_CONSENT, can_consent=True)
    assert await office.acting.how(office.anna) == NotPermitted(Reason.NO_CONSENT, can_consent=True)


async def test_a_person_the_bot_may_not_touch_is_told_apart(office: Office) -> None:
    office.bot_may("edit_other_users")
    office.fake.on("PUT", CUSTOM, FORBIDDEN)
    assert await office.set() == NotPermitted(Reason.PROTECTED, can_consent=True)


async def test_a_token_that_is_not_accepted_is_renewed_once(office: Office) -> None:
    await office.consent()
    office.fake.on("PUT", CUSTOM, UNAUTHORIZED, OK)
    office.fake.on("POST", TOKENS, tokens("access2", "refresh2"))
    assert await office.set() is Means.CONSENT
    assert office.tokens_used() == ["access1", "access2"]


async def test_a_consent_that_was_taken_back_in_mattermost_is_said(office: Office) -> None:
    await office.consent()
    office.fake.on("PUT", CUSTOM, UNAUTHORIZED)
    office.fake.on("POST", TOKENS, error(404, "api.oauth.get_access_token.refresh_token.app_error"))
    expected = NotPermitted(Reason.CONSENT_ENDED, can_consent=True)
    assert await office.set() == expected
    assert await office.acting.how(office.anna) == expected
    office.bot_may("edit_other_users")


async def test_a_consent_that_ended_gives_way_to_the_bots_right(office: Office) -> None:
    office.bot_may("edit_other_users")
    await office.consent()
    office.fake.on("PUT", CUSTOM, UNAUTHORIZED, OK)
    office.fake.on("POST", TOKENS, error(404, "api.oauth.get_access_token.refresh_token.app_error"))
    assert await office.set() is Means.BOT
    assert office.tokens_used() == ["access1", TOKEN]


async def test_a_function_that_is_switched_off_is_said(office: Office, clock: ManualClock) -> None:
    await office.consent()
    office.fake.on("PUT", CUSTOM, error(501, "api.custom_status.disabled"))
    off = NotPermitted(Reason.SWITCHED_OFF, can_consent=False)
    assert await office.set() == off
    office.fake.on("GET", "/api/v4/config/client", {"EnableCustomUserStatuses": "false"})
    clock.advance(timedelta(minutes=11))
    assert await office.acting.how(office.anna) == off


async def test_a_status_is_read_with_the_bots_own_token(office: Office, clock: ManualClock) -> None:
    end = clock.now() + timedelta(minutes=5)
    shown = {"emoji": "calendar", "text": "x", "duration": "date_and_time", "expires_at": end.isoformat()}
    office.fake.on("GET", f"/api/v4/users/{ANNA}", user(props={"customStatus": json.dumps(shown)}))
    office.fake.on("GET", STATUS, {"user_id": ANNA, "status": "dnd", "dnd_end_time": 5})
    status = await office.acting.custom_status(office.anna)
    assert status == CustomStatus(emoji="calendar", text="x", duration="date_and_time", expires_at=end)
    assert (await office.acting.status(office.anna)).status == "dnd"
    clock.advance(timedelta(minutes=5))
    assert await office.acting.custom_status(office.anna) is None


async def test_presence_is_set_with_an_end_in_seconds(office: Office, clock: ManualClock) -> None:
    await office.consent()
    office.fake.on("PUT", STATUS, {"user_id": ANNA, "status": "dnd"})
    until = clock.now() + timedelta(hours=1)
    assert await office.acting.set_status(office.anna, "dnd", dnd_until=until) is Means.CONSENT
    asked = next(asked for asked in office.fake.asked if (asked.method, asked.path) == ("PUT", STATUS))
    assert asked.json == {"user_id": ANNA, "status": "dnd", "dnd_end_time": int(until.timestamp())}
