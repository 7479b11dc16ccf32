"""The OAuth 2 provider: consent, a code that is good once, tokens that refresh and end."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.integration.sandbox.office import Json, Office

from sekretar.kernel.clock import ManualClock

CALLBACK = "http://sekretar.example/consent"
ERROR = "api.oauth.get_access_token"


async def register(office: Office, **change: Any) -> Json:
    new = {
        "name": "Sekretar",
        "description": "",
        "homepage": "http://sekretar.example",
        "callback_urls": [CALLBACK],
    }
    app: Json = await office.admin.ok("POST", "/oauth/apps", {**new, **change})
    return app


def question(app: Json, **change: str) -> dict[str, str]:
    return {"response_type": "code", "client_id": app["id"], "redirect_uri": CALLBACK, "state": "s", **change}


async def agree(office: Office, app: Json, **change: str) -> dict[str, str]:
    """What comes back to the callback after anna has agreed."""
    answer = await office.as_(office.anna).ok("POST", "/oauth/authorize", question(app, **change))
    assert answer["redirect"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["redirect"]).query).items()}


def exchange(app: Json, code: str, **change: str) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "client_id": app["id"],
        "client_secret": app.get("client_secret", ""),
        "redirect_uri": CALLBACK,
        "code": code,
    }
    return form | change


async def tokens(office: Office, form: dict[str, str]) -> Json:
    answer: Json = await office.client(None).ok("POST", "/oauth/access_token", data=form)
    return answer


async def test_a_token_acts_for_the_person(office: Office) -> None:
    app = await register(office)
    returned = await agree(office, app)
    assert returned["state"] == "s"
    granted = await tokens(office, exchange(app, returned["code"]))
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", 30 * 24 * 3600)
    acting = office.client(granted["access_token"])
    assert (await acting.ok("GET", "/users/me"))["id"] == office.anna.id
    await acting.ok("PUT", "/users/me/status/custom", {"emoji": "calendar", "text": "Meeting"})
    draft = {"channel_id": office.town.id, "message": "x"}
    assert (await acting.ok("POST", "/posts", draft))["props"]["from_oauth_app"] == "true"
    assert (await acting.refused("POST", "/users/me/tokens", {"description": "x"}))[0] == 403


async def test_a_code_is_good_once_and_for_ten_minutes(office: Office, clock: ManualClock) -> None:
    app = await register(office)
    form = exchange(app, (await agree(office, app))["code"])
    await tokens(office, form)
    nobody = office.client(None)
    expired = (400, f"{ERROR}.expired_code.app_error")
    assert await nobody.refused("POST", "/oauth/access_token", data=form) == expired
    form = exchange(app, (await agree(office, app))["code"])
    clock.advance(timedelta(minutes=10, seconds=1))
    assert await nobody.refused("POST", "/oauth/access_token", data=form) == expired


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"grant_type": "password"}, (400, "bad_grant")),
        ({"client_id": "x"}, (400, "bad_client_id")),
        ({"client_id": "x" * 26}, (404, "credentials")),
        ({"client_secret": ""}, (400, "bad_client_secret")),
        ({"client_secret": "x" * 26}, (403, "credentials")),
        ({"code": ""}, (400, "missing_code")),
        ({"code": "x"}, (400, "expired_code")),
        ({"redirect_uri": "http://other.example"}, (400, "redirect_uri")),
    ],
)
async def test_what_is_no_exchange(office: Office, change: dict[str, str], refusal: tuple[int, str]) -> None:
    app = await register(office)
    form = exchange(app, (await agree(office, app))["code"]) | change
    status, error = await office.client(None).refused("POST", "/oauth/access_token", data=form)
    assert (status, error) == (refusal[0], f"{ERROR}.{refusal[1]}.app_error")


async def test_a_refresh_replaces_both_tokens(office: Office, clock: ManualClock) -> None:
    app = await register(office)
    first = await tokens(office, exchange(app, (await agree(office, app))["code"]))
    clock.advance(timedelta(days=30))
    assert (await office.client(first["access_token"]).refused("GET", "/users/me"))[0] == 401
    form = {
        "grant_type": "refresh_token",
        "client_id": app["id"],
        "client_secret": app["client_secret"],
        "refresh_token": first["refresh_token"],
    }
    second = await tokens(office, form)
    assert second["refresh_token"] != first["refresh_token"]
    await office.client(second["access_token"]).ok("GET", "/users/me")
    refused = await office.client(None).refused("POST", "/oauth/access_token", data=form)
    assert refused == (404, f"{ERROR}.refresh_token.app_error")


async def test_consent_can_be_taken_back(office: Office) -> None:
    app = await register(office)
    granted = await tokens(office, exchange(app, (await agree(office, app))["code"]))
    anna = office.as_(office.anna)
    await anna.ok("POST", "/oauth/deauthorize", {"client_id": app["id"]})
    assert (await office.client(granted["access_token"]).refused("GET", "/users/me"))[0] == 401
    assert await anna.ok("GET", "/users/me/oauth/apps/authorized") == []


async def test_only_registered_addresses_are_led_to(office: Office) -> None:
    app = await register(office)
    anna = office.as_(office.anna)
    refused = await anna.refused(
        "POST", "/oauth/authorize", question(app, redirect_uri="http://evil.example")
    )
    assert refused == (400, "api.oauth.allow_oauth.redirect_callback.app_error")
    assert (await agree(office, app, response_type="token"))["error"] == "unsupported_response_type"


async def test_pkce_binds_the_code_to_who_asked(office: Office) -> None:
    app = await register(office, is_public=True)
    assert (await agree(office, app))["error"] == "invalid_request", "a public client must bring a challenge"
    verifier = "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    ask = {"code_challenge": challenge, "code_challenge_method": "S256"}
    wrong = exchange(app, (await agree(office, app, **ask))["code"], code_verifier="w" * 64)
    refused = await office.client(None).refused("POST", "/oauth/access_token", data=wrong)
    assert refused == (400, f"{ERROR}.pkce.app_error")
    await tokens(office, exchange(app, (await agree(office, app, **ask))["code"], code_verifier=verifier))


async def test_the_consent_page_asks_who_and_whether(office: Office) -> None:
    app = await register(office, name="<b>Sekretar</b>")
    nobody, ask = office.client(None), question(app)
    _, page = await nobody.send("GET", f"/oauth/authorize?{urlencode(ask)}")
    assert "sandbox_user=boris" in page
    _, page = await nobody.send("GET", f"/oauth/authorize?{urlencode({**ask, 'sandbox_user': 'boris'})}")
    assert "&lt;b&gt;Sekretar" in page
    for decision, sign in (("deny", "error=access_denied"), ("allow", "code=")):
        form = {**ask, "sandbox_user": "boris", "decision": decision}
        status, _ = await nobody.send("POST", "/sandbox/authorize", data=form)
        assert (status, sign in nobody.headers["Location"]) == (302, True)


async def test_a_trusted_app_is_not_asked_about(office: Office) -> None:
    app = await register(office, is_trusted=True)
    anna = office.as_(office.anna)
    status, _ = await anna.send("GET", f"/oauth/authorize?{urlencode(question(app))}")
    assert (status, "code=" in anna.headers["Location"]) == (302, True)


async def test_the_provider_can_be_off(office: Office) -> None:
    app = await register(office)
    office.sandbox.configure(enable_oauth_service_provider=False)
    assert (await office.as_(office.anna).refused("POST", "/oauth/authorize", question(app)))[0] == 501
