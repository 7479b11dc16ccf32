"""A person's consent to act for them, by OAuth 2.

A bot may not change another user's status. With the person's consent Sekretar holds a token of theirs. Such
a token has all rights of the person, for Mattermost knows no scopes: it is encrypted at rest, used for
nothing but what was asked for, and given back when the consent ends.

The flow is the authorization code grant (RFC 6749, 4.1), with a challenge (RFC 7636) where the server takes
one. The `state` is a sealed claim that works once: it says for whom the consent was asked, and whoever
comes back with the tokens of somebody else gets nothing stored. The verifier of the challenge is derived
from the claim's nonce and a key of ours, so nothing has to be kept in between.
"""

from __future__ import annotations

import asyncio
import base64
import enum
import hashlib
import hmac
import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import structlog
from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from sekretar.kernel.clock import Clock
from sekretar.kernel.database import Base, BigId, Database, Secret, insert_into
from sekretar.kernel.errors import PeerError, PeerForbidden, PeerInvalid, PeerNotFound, PersonError
from sekretar.kernel.people import People, Person
from sekretar.kernel.secrets import Vault
from sekretar.kernel.signing import Claim, Expired, Forged, Signer, consume
from sekretar.mattermost.client import MattermostClient
from sekretar.mattermost.models import OAuthToken

_log = structlog.get_logger(__name__)

CLAIM_KIND = "consent"
#: Where Mattermost sends people back to after they were asked, below our public address.
CONSENT_PATH = "/consent/mattermost"
#: How long the link to the question of consent works. Codes of Mattermost live for ten minutes as well.
LINK_LIFETIME = timedelta(minutes=30)
#: A token this close to its end is renewed before it is used.
RENEW_BEFORE = timedelta(minutes=5)
_QUICKER_PROCESS = timedelta(seconds=2)


class ConsentRow(Base):
    """The tokens of a person who has consented."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), unique=True)
    access_token: Mapped[str] = mapped_column(Secret)
    refresh_token: Mapped[str | None] = mapped_column(Secret)
    expires_at: Mapped[datetime | None]
    granted_at: Mapped[datetime]
    refused_at: Mapped[datetime | None]


class Standing(enum.Enum):
    """How it stands with a person's consent."""

    #: Never asked, declined, or taken back here.
    NONE = "none"
    GRANTED = "granted"
    #: Mattermost no longer accepts what the person once consented to: they have to be asked again.
    REFUSED = "refused"


@dataclass(frozen=True)
class OAuthApp:
    """Sekretar as Mattermost knows it (System Console, Integrations, OAuth 2.0 Applications)."""

    client_id: str
    client_secret: str
    #: Where Mattermost sends the person back to; must be one of the application's callback addresses.
    redirect_uri: str


@dataclass(frozen=True)
class Consented:
    """Somebody came back with their consent; `return_to` is what the asking part wanted back."""

    person: Person
    return_to: str


class Consents:
    """Asks for consents, keeps them and gives them back."""

    def __init__(
        self,
        client: MattermostClient,
        database: Database,
        people: People,
        vault: Vault,
        clock: Clock,
        app: OAuthApp | None,
        *,
        public_url: str = "",
    ) -> None:
        """Without an `app` nobody can be asked. `public_url`: Mattermost as browsers reach it."""
        self._client = client
        self._database = database
        self._people = people
        self._vault = vault
        self._clock = clock
        self._app = app
        self._public_url = (public_url or client.base_url).rstrip("/")
        self._signer = Signer(vault.derive("mattermost consent"))
        self._verifier_key = vault.derive("mattermost consent verifier")[0]
        self._takes_challenge: bool | None = None
        self._renewals: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def possible(self) -> bool:
        """Whether people can be asked at all: Sekretar is registered as an OAuth 2 application."""
        return self._app is not None

    # Asking

    async def authorize_url(self, person: Person, return_to: str = "") -> str:
        """The address at which the person is asked, good for half an hour. `return_to` comes back with them.

        Raises PersonError when nobody can be asked here.
        """
        app = self._registered()
        claim = Claim(
            kind=CLAIM_KIND,
            person=person.id,
            record={"to": return_to},
            expires_at=self._clock.now() + LINK_LIFETIME,
            nonce=secrets.token_urlsafe(12),
        )
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": app.redirect_uri,
            "state": self._signer.seal(claim),
        }
        if await self._challenge_is_taken():
            digest = hashlib.sha256(self._verifier(claim).encode()).digest()
            query |= {"code_challenge": _base64(digest), "code_challenge_method": "S256"}
        return f"{self._public_url}/oauth/authorize?{urlencode(query)}"

    async def receive(self, answer: Mapping[str, str]) -> Consented:
        """Take the person back from Mattermost, with the query of the redirect, and store the consent.

        Raises:
            PersonError: declined, too late, used before, forged, or somebody else is logged in.
            PeerError: Mattermost did not answer; the link is used up, and the person needs a new one.
        """
        app = self._registered()
        claim = self._opened(answer.get("state"))
        if answer.get("error"):
            raise PersonError("mattermost.consent.declined")
        person = await self._begin(claim)
        try:
            token = await self._client.exchange_code(
                app.client_id,
                app.client_secret,
                app.redirect_uri,
                answer.get("code", ""),
                self._verifier(claim) if await self._challenge_is_taken() else None,
            )
        except (PeerInvalid, PeerNotFound) as error:
            raise PersonError("mattermost.consent.expired") from error
        except PeerForbidden as error:
            _log.error("mattermost_oauth_app_refused", error=str(error))
            raise PersonError("mattermost.consent.unavailable") from error
        await self._check_owner(person, token)
        async with self._database.transaction() as session:
            await self._store(session, person.id, token)
        return Consented(person, str(claim.record.get("to", "")))

    def _opened(self, state: object) -> Claim:
        try:
            return self._signer.open(state, CLAIM_KIND, self._clock.now())
        except Forged as error:
            raise PersonError("mattermost.consent.invalid") from error
        except Expired as error:
            raise PersonError("mattermost.consent.expired") from error

    async def _begin(self, claim: Claim) -> Person:
        """Use the claim up and find the person it was made for."""
        async with self._database.transaction() as session:
            if not await consume(session, claim, self._clock.now()):
                raise PersonError("mattermost.consent.expired")
            person = await self._people.by_id(session, claim.person)
        if person is None or not person.active:
            raise PersonError("mattermost.consent.invalid")
        return person

    async def _check_owner(self, person: Person, token: OAuthToken) -> None:
        """The tokens must be those of the person who asked: browsers are shared, and links get passed on."""
        theirs = self._client.with_token(token.access_token)
        owner = await theirs.me()
        if owner.id != person.user_id:
            await _give_back(theirs)
            raise PersonError(
                "mattermost.consent.other_person", expected=person.username, found=owner.username
            )

    # Using

    async def standing(self, person_id: int) -> Standing:
        """How it stands with the consent of this person."""
        row = await self._row(person_id)
        if row is None:
            return Standing.NONE
        return Standing.GRANTED if row.refused_at is None else Standing.REFUSED

    async def token(self, person_id: int, *, renew: bool = False) -> str | None:
        """A token of the person that works, renewed if need be (`renew`: even if it looks good).

        None when there is no consent, or none any more. Raises PeerError when Mattermost did not answer.
        """
        row = await self._row(person_id)
        if row is None or row.refused_at is not None:
            return None
        fresh = row.expires_at is None or row.expires_at > self._clock.now() + RENEW_BEFORE
        if fresh and not renew:
            return self._vault.decrypt(row.access_token)
        async with self._renewals[person_id]:
            return await self._renewed(person_id, row)

    async def _renewed(self, person_id: int, stale: ConsentRow) -> str | None:
        """The token after renewal. Somebody else, here or in another process, may have been quicker."""
        row = await self._row(person_id)
        if row is None or row.access_token != stale.access_token:
            return self._vault.decrypt(row.access_token) if row and row.refused_at is None else None
        if row.refresh_token is None or self._app is None:
            return await self._refused(person_id, stale)
        try:
            token = await self._client.refresh_token(
                self._app.client_id, self._app.client_secret, self._vault.decrypt(row.refresh_token)
            )
        except (PeerInvalid, PeerNotFound):
            # A refresh token works once. Another process may have used it and be about to store what it got.
            await self._clock.sleep_until(self._clock.now() + _QUICKER_PROCESS)
            return await self._refused(person_id, stale)
        async with self._database.transaction() as session:
            await self._store(session, person_id, token, kept_refresh_token=row.refresh_token)
        return token.access_token

    async def _refused(self, person_id: int, stale: ConsentRow) -> str | None:
        """Mattermost has taken the consent back, unless the tokens were changed by somebody quicker."""
        async with self._database.transaction() as session:
            await session.execute(
                update(ConsentRow)
                .where(ConsentRow.person_id == person_id, ConsentRow.access_token == stale.access_token)
                .values(refused_at=self._clock.now())
            )
        row = await self._row(person_id)
        return self._vault.decrypt(row.access_token) if row and row.refused_at is None else None

    async def withdraw(self, person_id: int) -> None:
        """The person takes the consent back: the tokens are forgotten here and made void in Mattermost."""
        row = await self._row(person_id)
        async with self._database.transaction() as session:
            await session.execute(delete(ConsentRow).where(ConsentRow.person_id == person_id))
        if row is not None:
            await _give_back(self._client.with_token(self._vault.decrypt(row.access_token)))

    async def _row(self, person_id: int) -> ConsentRow | None:
        async with self._database.reading() as session:
            found = await session.scalars(select(ConsentRow).where(ConsentRow.person_id == person_id))
            return found.one_or_none()

    async def _store(
        self, session: AsyncSession, person_id: int, token: OAuthToken, kept_refresh_token: str | None = None
    ) -> None:
        now = self._clock.now()
        values = {
            "access_token": self._vault.encrypt(token.access_token),
            # A server that renews without a new refresh token means that the old one stays good.
            "refresh_token": self._vault.encrypt(token.refresh_token)
            if token.refresh_token
            else kept_refresh_token,
            "expires_at": now + timedelta(seconds=token.expires_in) if token.expires_in else None,
            "refused_at": None,
        }
        await session.execute(
            insert_into(session, ConsentRow)
            .values(person_id=person_id, granted_at=now, **values)
            .on_conflict_do_update(index_elements=[ConsentRow.person_id], set_=values)
        )

    # The challenge

    async def _challenge_is_taken(self) -> bool:
        """Whether the server takes a challenge; it says so itself since it does (RFC 8414)."""
        if self._takes_challenge is None:
            described = await self._client.oauth_server()
            methods = described.code_challenge_methods_supported if described else ()
            self._takes_challenge = "S256" in methods
        return self._takes_challenge

    def _verifier(self, claim: Claim) -> str:
        return _base64(hmac.digest(self._verifier_key, claim.nonce.encode(), "sha256"))

    def _registered(self) -> OAuthApp:
        if self._app is None:
            raise PersonError("mattermost.consent.unavailable")
        return self._app


async def _give_back(client: MattermostClient) -> None:
    """Make a token void. When that fails it ends by itself, and we have forgotten it anyway."""
    try:
        await client.log_out()
    except PeerError as error:
        _log.info("mattermost_token_not_given_back", error=str(error))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
