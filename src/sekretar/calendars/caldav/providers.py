"""The calendar providers people choose from, and what is known about how their servers behave.

A profile only says where to *start*: how much of a server's change marks to believe and which of its habits
to expect. What is observed later may lower the trust, never raise it. The vendor habits are reported by
third-party projects, not promised by the vendors, hence every one is a switch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from types import MappingProxyType


class Trust(IntEnum):
    """How a calendar tells that it changed, from the dearest way to the cheapest.

    Ordered, so `min` lowers it.
    """

    #: Not even a listing works: ask for a window of time.
    WINDOW = 0
    #: List all etags each time; ctag and sync token are not believed.
    LISTING = 1
    #: An unmoved ctag or token means nothing changed; otherwise list all etags.
    CTAG = 2
    #: As before, and sync-collection (RFC 6578) names what changed.
    TOKEN = 3


@dataclass(frozen=True, slots=True)
class ServerProfile:
    """What to expect of a server before anything was observed."""

    name: str
    #: The rung of the sync ladder to start on.
    trust: Trust = Trust.TOKEN
    #: How often an etag listing has to confirm what the change marks claim.
    verify_every: timedelta = timedelta(hours=6)
    #: The letter case of hrefs differs from answer to answer.
    hrefs_ignore_case: bool = False
    #: Domains (with everything below them) that may see the password besides the host of the account.
    partner_domains: tuple[str, ...] = ()
    #: Paths to try when neither the address nor /.well-known/caldav leads to a principal.
    paths: tuple[str, ...] = ()
    #: Where the principal is when the server does not say so; filled with `domain` and `local` of the login.
    principal_guess: str = ""
    #: The ETag header of a PUT is the etag that listings will show.
    put_tells_etag: bool = True
    #: SEQUENCE must grow even when only an attendee's answer changes.
    answer_bumps_sequence: bool = False
    #: A REPORT may leave out attendees or show wrong answers; a GET tells the truth.
    reports_hide_attendees: bool = False
    #: free-busy-query is answered.
    free_busy: bool = True
    #: Domains under which every mailbox of the provider can be reached, the usual one first: people are invited
    #: under any of them.
    mailbox_domains: tuple[str, ...] = ()
    #: Points and hyphens in the name of a mailbox are the same.
    points_are_hyphens: bool = False


_YANDEX_MAIL = ("yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "narod.ru")
_APPLE_MAIL = ("icloud.com", "me.com", "mac.com")

GENERIC = ServerProfile("generic", paths=("/", "/dav/", "/caldav/", "/remote.php/dav/", "/dav.php/"))

YANDEX = ServerProfile(
    "yandex",
    verify_every=timedelta(minutes=5),
    hrefs_ignore_case=True,
    paths=("/",),
    put_tells_etag=False,
    free_busy=False,
    mailbox_domains=_YANDEX_MAIL,
    points_are_hyphens=True,
)

MAILRU = ServerProfile(
    "mailru",
    trust=Trust.LISTING,
    paths=("/",),
    principal_guess="/principals/{domain}/{local}/",
    answer_bumps_sequence=True,
    reports_hide_attendees=True,
    free_busy=False,
)

NEXTCLOUD = ServerProfile("nextcloud", paths=("/remote.php/dav/",))

ICLOUD = ServerProfile(
    "icloud", partner_domains=("icloud.com",), paths=("/",), free_busy=False, mailbox_domains=_APPLE_MAIL
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A row of the list in the connect form."""

    id: str
    #: The provider's own name; "other" has none, the catalogue names it.
    name: str
    profile: ServerProfile
    #: Where discovery starts; empty when the person is asked for an address.
    base_url: str = ""
    #: Where an app password is made; empty when it depends on the installation.
    password_url: str = ""
    #: Mail domains whose people are most likely here.
    mail_domains: tuple[str, ...] = ()

    @property
    def asks_url(self) -> bool:
        """Whether the person has to give the address of the server."""
        return not self.base_url


OTHER = Provider("other", "", GENERIC)

#: In the order in which they are offered.
PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        provider.id: provider
        for provider in (
            Provider(
                "yandex",
                "Yandex",
                YANDEX,
                "https://caldav.yandex.ru/",
                "https://id.yandex.ru/security/app-passwords",
                _YANDEX_MAIL,
            ),
            Provider(
                "mailru",
                "Mail.ru",
                MAILRU,
                "https://calendar.mail.ru/",
                "https://account.mail.ru/user/2-step-auth/passwords/",
                ("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru", "xmail.ru"),
            ),
            Provider("nextcloud", "Nextcloud", NEXTCLOUD),
            Provider(
                "icloud",
                "iCloud",
                ICLOUD,
                "https://caldav.icloud.com/",
                "https://account.apple.com/account/manage",
                _APPLE_MAIL,
            ),
            OTHER,
        )
    }
)


def profile_of(name: str) -> ServerProfile:
    """The profile stored under this name; an unknown name (from another version) behaves generically."""
    return _PROFILES.get(name, GENERIC)


_PROFILES = {profile.name: profile for profile in (GENERIC, YANDEX, MAILRU, NEXTCLOUD, ICLOUD)}
