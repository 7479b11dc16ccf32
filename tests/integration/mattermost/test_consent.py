"""Consent by OAuth 2: asked for, granted, renewed, refused, given back."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from tests.unit.mattermost.fakes import ANNA, Answer, Asked, FakeServer, JumpingClock, error, user

from sekretar.kernel.clock import ManualClock
from sekretar.kernel.database import Database
from sekretar.kernel.errors import PeerDown, PersonError
from sekretar.kernel.people import People, Person, Profile
from sekretar.kernel.secrets import Vault
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.consent import ConsentRow, Consents, OAuthApp, Standing

APP = OAuthApp("clientid", "clientsecret", "https://sekretar.example.org/mattermost/consent")
TOKENS, ME = "/oauth/access_token", "/api/v4/users/me"
METADATA = "/.well-known/oauth-authorization-server"


def tokens(access: str, refresh: str = "", expires_in: int | None = 3600) -> dict[str, Any]:
    return {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": expires_in,
        "refresh_token": refresh,
    }


def form(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}


def token_requests(fake: FakeServer) -> list[dict[str, str]]:
    return [form(asked) for asked in fake.asked if asked.path == TOKENS]


@pytest.fixture
def clock() -> JumpingClock:
    """Waiting takes no time here."""
    return JumpingClock()


@pytest.fixture
def consents(
    fake: FakeServer,
    client: MattermostClient,
    database: Database,
    people: People,
    vault: Vault,
    clock: ManualClock,
) -> Consents:
    fake.on("GET", METADATA, Answer(200, b"<html>", "text/html"))
    fake.on("POST", TOKENS, tokens("access1", "refresh1"))
    fake.on("GET", ME, user(ANNA))
    fake.on("POST", "/api/v4/users/logout", {"status": "OK"})
    return Consents(client, database, people, vault, clock, APP, public_url="https://chat.example.org/")


async def query_of(consents: Consents, person: Person, return_to: str = "") -> dict[str, str]:
    url = urlsplit(await consents.authorize_url(person, return_to))
    assert (url.scheme, url.netloc, url.path) == ("https", "chat.example.org", "/oauth/authorize")
    return {name: values[0] for name, values in parse_qs(url.query).items()}


async def consented(consents: Consents, person: Person) -> None:
    query = await query_of(consents, person)
    await consents.receive({"state": query["state"], "code": "code1"})


async def stored(database: Database) -> list[ConsentRow]:
    async with database.reading() as session:
        return list(await session.scalars(select(ConsentRow)))


async def test_a_consent_is_asked_for_and_kept_encrypted(
    consents: Consents, fake: FakeServer, anna: Person, database: Database, clock: ManualClock
) -> None:
    assert await consents.standing(anna.id) is Standing.NONE
    query = await query_of(consents, anna, "presence")
    assert {name: query[name] for name in ("response_type", "client_id", "redirect_uri")} == {
        "response_type": "code",
        "client_id": "clientid",
        "redirect_uri": APP.redirect_uri,
    }
    assert len(query["state"]) < 1024, "Mattermost takes no longer state"
    came_back = await consents.receive({"state": query["state"], "code": "code1"})
    assert (came_back.person, came_back.return_to) == (anna, "presence")
    assert token_requests(fake) == [
        {
            "grant_type": "authorization_code",
            "client_id": "clientid",
            "client_secret": "clientsecret",
            "redirect_uri": APP.redirect_uri,
            "code": "code1",
        }
    ]
    assert await consents.standing(anna.id) is Standing.GRANTED
    assert await consents.token(anna.id) == "access1"
    (row,) = await stored(database)
    assert "access1" not in row.access_token
    assert row.refresh_token is not None
    assert "refresh1" not in row.refresh_token
    assert row.expires_at == clock.now() + timedelta(hours=1)


async def test_a_challenge_is_used_where_the_server_takes_one(
    consents: Consents, fake: FakeServer, anna: Person
) -> None:
    fake.on("GET", METADATA, {"code_challenge_methods_supported": ["S256"]})
    first, second = await query_of(consents, anna), await query_of(consents, anna)
    assert first["code_challenge"] != second["code_challenge"]
    assert first["code_challenge_method"] == "S256"
    await consents.receive({"state": first["state"], "code": "code1"})
    verifier = token_requests(fake)[0]["code_verifier"]
    assert 43 <= len(verifier) <= 128
    digest = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == first["code_challenge"]


async def refused_as(consents: Consents, answer: dict[str, str]) -> str:
    with pytest.raises(PersonError) as caught:
        await consents.receive(answer)
    return caught.value.key


async def test_what_can_go_wrong_on_the_way_back_is_told_apart(
    consents: Consents, fake: FakeServer, anna: Person, database: Database, clock: ManualClock
) -> None:
    state = (await query_of(consents, anna))["state"]
    assert await refused_as(consents, {}) == "mattermost.consent.invalid"
    assert (
        await refused_as(consents, {"state": state[:-2] + "xx", "code": "c"}) == "mattermost.consent.invalid"
    )
    assert (
        await refused_as(consents, {"state": state, "error": "access_denied"})
        == "mattermost.consent.declined"
    )
    clock.advance(timedelta(minutes=31))
    assert await refused_as(consents, {"state": state, "code": "c"}) == "mattermost.consent.expired"
    fake.on("POST", TOKENS, error(400, "api.oauth.get_access_token.expired_code.app_error"))
    state = (await query_of(consents, anna))["state"]
    assert await refused_as(consents, {"state": state, "code": "c"}) == "mattermost.consent.expired"
    fake.on("POST", TOKENS, error(403, "api.oauth.get_access_token.credentials.app_error"))
    state = (await query_of(consents, anna))["state"]
    assert await refused_as(consents, {"state": state, "code": "c"}) == "mattermost.consent.unavailable"
    assert await stored(database) == []


async def test_a_link_works_once(consents: Consents, anna: Person) -> None:
    state = (await query_of(consents, anna))["state"]
    await consents.receive({"state": state, "code": "c"})
    assert await refused_as(consents, {"state": state, "code": "c"}) == "mattermost.consent.expired"


async def test_the_tokens_of_somebody_else_are_not_kept(
    consents: Consents, fake: FakeServer, anna: Person, database: Database
) -> None:
    fake.on("GET", ME, user("boris", username="boris"))
    state = (await query_of(consents, anna))["state"]
    with pytest.raises(PersonError) as caught:
        await consents.receive({"state": state, "code": "c"})
    assert caught.value.key == "mattermost.consent.other_person"
    assert caught.value.params == {"expected": "anna", "found": "boris"}
    assert await stored(database) == []
    (given_back,) = [asked for asked in fake.asked if asked.path == "/api/v4/users/logout"]
    assert given_back.headers["Authorization"] == "Bearer access1"


async def test_a_person_who_left_meanwhile_is_not_served(
    consents: Consents, people: People, database: Database, anna: Person, clock: ManualClock
) -> None:
    state = (await query_of(consents, anna))["state"]
    async with database.transaction() as session:
        await people.deactivate(session, ANNA, clock.now())
    assert await refused_as(consents, {"state": state, "code": "c"}) == "mattermost.consent.invalid"


async def test_without_a_registered_application_nobody_can_be_asked(
    client: MattermostClient,
    database: Database,
    people: People,
    vault: Vault,
    clock: ManualClock,
    anna: Person,
) -> None:
    consents = Consents(client, database, people, vault, clock, None)
    assert not consents.possible
    with pytest.raises(PersonError):
        await consents.authorize_url(anna)


async def test_a_token_near_its_end_is_renewed_once_for_all_who_want_it(
    consents: Consents, fake: FakeServer, anna: Person, clock: ManualClock
) -> None:
    await consented(consents, anna)
    fake.on(
        "POST", TOKENS, tokens("access2", "refresh2"), error(404, "api.oauth.get_access_token.refresh_token")
    )
    clock.advance(timedelta(minutes=56))
    found = await asyncio.gather(*(consents.token(anna.id) for _ in range(5)))
    assert found == ["access2"] * 5
    assert token_requests(fake)[1:] == [
        {
            "grant_type": "refresh_token",
            "client_id": "clientid",
            "client_secret": "clientsecret",
            "refresh_token": "refresh1",
        }
    ]


async def test_another_process_may_be_quicker_at_renewing(
    consents: Consents,
    fake: FakeServer,
    anna: Person,
    client: MattermostClient,
    database: Database,
    people: People,
    vault: Vault,
    clock: ManualClock,
) -> None:
    await consented(consents, anna)
    other = Consents(client, database, people, vault, clock, APP)
    fake.on(
        "POST", TOKENS, tokens("access2", "refresh2"), error(404, "api.oauth.get_access_token.refresh_token")
    )
    clock.advance(timedelta(minutes=56))
    found = await asyncio.gather(consents.token(anna.id), other.token(anna.id))
    assert await consents.token(anna.id) == "access2"
    assert set(found) == {"access2"}
    assert await consents.standing(anna.id) is Standing.GRANTED


async def test_a_consent_that_mattermost_no_longer_accepts_is_marked_and_can_be_given_again(
    consents: Consents, fake: FakeServer, anna: Person, clock: ManualClock
) -> None:
    await consented(consents, anna)
    fake.on("POST", TOKENS, error(404, "api.oauth.get_access_token.refresh_token.app_error"))
    assert await consents.token(anna.id, renew=True) is None
    assert await consents.standing(anna.id) is Standing.REFUSED
    assert await consents.token(anna.id) is None
    fake.on("POST", TOKENS, tokens("access3", "refresh3"))
    await consented(consents, anna)
    assert await consents.token(anna.id) == "access3"


async def test_a_server_that_is_down_takes_no_consent_away(
    consents: Consents, fake: FakeServer, anna: Person, clock: ManualClock
) -> None:
    await consented(consents, anna)
    fake.on("POST", TOKENS, error(502, "x"))
    clock.advance(timedelta(hours=2))
    with pytest.raises(PeerDown):
        await consents.token(anna.id)
    assert await consents.standing(anna.id) is Standing.GRANTED


async def test_a_token_without_an_end_and_a_renewal_without_a_new_refresh_token(
    consents: Consents, fake: FakeServer, anna: Person, clock: ManualClock
) -> None:
    fake.on("POST", TOKENS, tokens("access1", "refresh1", None), tokens("access2", "", None))
    await consented(consents, anna)
    clock.advance(timedelta(days=400))
    assert await consents.token(anna.id) == "access1"
    assert await consents.token(anna.id, renew=True) == "access2"
    await consents.token(anna.id, renew=True)
    assert [asked["refresh_token"] for asked in token_requests(fake)[1:]] == ["refresh1", "refresh1"]


async def test_a_consent_taken_back_leaves_nothing(
    consents: Consents, fake: FakeServer, anna: Person, database: Database
) -> None:
    await consented(consents, anna)
    fake.on("POST", "/api/v4/users/logout", error(500, "x"))
    await consents.withdraw(anna.id)
    await consents.withdraw(anna.id)
    assert await stored(database) == []
    assert await consents.standing(anna.id) is Standing.NONE
    assert [asked.path for asked in fake.asked].count("/api/v4/users/logout") == 1


async def test_consents_are_each_persons_own(
    consents: Consents, fake: FakeServer, anna: Person, people: People, database: Database, clock: ManualClock
) -> None:
    profile = Profile("borisborisborisborisborisb", "boris", "", "", "en", None, True, "")
    async with database.transaction() as session:
        boris = await people.remember(session, profile, clock.now())
    await consented(consents, anna)
    assert await consents.token(boris.id) is None
