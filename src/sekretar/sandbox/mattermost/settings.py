"""What an administrator of the sandboxed server may set, and the numbers the server enforces.

`Settings` are named after the keys of Mattermost's config.json; `Limits` after what they limit. The defaults are
those of a fresh server, with two exceptions that make a sandbox on one machine usable: loopback addresses are
allowed for outgoing integrations, and personal access tokens are on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Settings:
    """The part of the server's configuration that changes what an integration sees."""

    site_name: str = "Mattermost"
    #: Space-separated hosts, addresses and CIDR ranges; anything else that is private is refused.
    allowed_untrusted_internal_connections: str = "localhost 127.0.0.0/8 ::1"
    enable_commands: bool = True
    enable_bot_account_creation: bool = True
    enable_user_access_tokens: bool = True
    enable_oauth_service_provider: bool = True
    enable_custom_user_statuses: bool = True
    enable_post_username_override: bool = False
    enable_post_icon_override: bool = False
    enable_developer: bool = False
    enable_open_server: bool = False
    disable_bots_when_owner_is_deactivated: bool = True
    show_email_address: bool = True
    show_full_name: bool = True
    #: Without a licence, older servers refuse most changes of role permissions.
    licensed: bool = False
    default_locale: str = "en"


@dataclass(frozen=True)
class Limits:
    """Sizes, counts and lifetimes. Times of the network are real seconds, lifetimes follow the clock."""

    message_runes: int = 16_383
    props_runes: int = 800_000
    body_bytes: int = 300_000
    file_bytes: int = 100 * 1024 * 1024
    files_per_post: int = 10
    pending_post: timedelta = timedelta(seconds=30)
    #: None: what the version does, 30 s on current servers, 3 s on those before 6.0.
    trigger: timedelta | None = None
    integration_timeout: float = 30.0
    integration_response_bytes: int = 1024 * 1024
    response_url: timedelta = timedelta(minutes=30)
    response_url_uses: int = 5
    session: timedelta = timedelta(days=30)
    oauth_code: timedelta = timedelta(minutes=10)
    oauth_token: timedelta = timedelta(days=30)
    socket_frame_bytes: int = 8192
    socket_login_seconds: float = 5.0
    socket_ping_seconds: float = 60.0
    socket_queue: int = 256
    dead_queue: int = 128
    dead_queue_lifetime: timedelta = timedelta(minutes=5)
    #: Requests per second and burst of one remote address; None switches rate limiting off (the default).
    rate_per_second: int | None = None
    rate_burst: int = 100
    #: How many outgoing calls and warnings `/sandbox/log` remembers.
    log_entries: int = 500
