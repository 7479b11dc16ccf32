"""Every setting, with its meaning: the table in the README is generated from this class.

Settings come from the environment (`SEKRETAR_…`) or from a file of such lines: `sekretar.env` in the working
folder, else `/etc/sekretar/sekretar.env`, else the one that `SEKRETAR_CONFIG` names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.people import zone_of
from sekretar.trackers.settings import TrackerSettings

if TYPE_CHECKING:
    from sekretar.dispatch.settings import DeskSettings

DEFAULT_FILES = (Path("sekretar.env"), Path("/etc/sekretar/sekretar.env"))


def _words(value: object) -> object:
    """Lists are written with commas or spaces, as people write them in a line."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode]


Trackers = Annotated[tuple[TrackerSettings, ...], NoDecode]


class Settings(BaseSettings):
    """The settings of one Sekretar."""

    model_config = SettingsConfigDict(env_prefix="SEKRETAR_", extra="ignore", frozen=True)

    mattermost_url: str = Field(
        default="", description="Address of the Mattermost server as Sekretar reaches it, sub-path included."
    )
    mattermost_public_url: str = Field(
        default="",
        description="Address of Mattermost as people's browsers reach it, where it is another one.",
    )
    mattermost_token: SecretStr = Field(
        default=SecretStr(""), description="Token of the bot account; `sekretar setup` prints it."
    )
    public_url: str = Field(
        default="http://127.0.0.1:8090",
        description="Address of Sekretar as people's browsers reach it (the page where they give consent).",
    )
    callback_url: str = Field(
        default="",
        description="Address of Sekretar as Mattermost reaches it (buttons, commands), where it is another one.",
    )
    listen: str = Field(default="127.0.0.1:8090", description="Host and port that Sekretar listens on.")
    database_url: str = Field(
        default="sqlite:///var/sekretar.sqlite3",
        description="`sqlite:///path` or `postgresql://user:password@host/name`.",
    )
    keys: Secrets = Field(
        default=(),
        description="Encryption keys, newest first; `sekretar keys generate` makes one. Losing them loses"
        " every stored password.",
    )
    keys_file: Path | None = Field(
        default=None, description="File with one key a line, newest first, instead of `SEKRETAR_KEYS`."
    )
    command_tokens: Secrets = Field(
        default=(),
        description="Tokens of slash commands that were registered by hand. `sekretar setup` stores the ones"
        " it registers by itself.",
    )
    trigger_calendar: str = Field(default="calendar", description="Word of the calendar command.")
    trigger_task: str = Field(default="task", description="Word of the ticket command.")
    trigger_incident: str = Field(default="incident", description="Word of the dispatch command.")
    trigger_sekretar: str = Field(default="sekretar", description="Word of the command for everything else.")
    oauth_client_id: str = Field(
        default="",
        description="OAuth 2 application in Mattermost by which people let Sekretar set their status;"
        " `sekretar setup` makes one.",
    )
    oauth_client_secret: SecretStr = Field(default=SecretStr(""), description="Secret of that application.")
    default_language: Literal["en", "ru"] = Field(
        default="en", description="Language for people whose profile names neither English nor Russian."
    )
    default_zone: str = Field(
        default="Europe/Moscow", description="Time zone for people whose profile has none (IANA name)."
    )
    allowed_addresses: Words = Field(
        default=(),
        description="Private networks (CIDR) or host names that addresses typed by people may lead to, for"
        " example a calendar server inside the company.",
    )
    meeting_hosts: Words = Field(
        default=(),
        description="Own video-conference hosts (Jitsi, BigBlueButton) whose links are join links.",
    )
    meeting_emoji: str = Field(
        default="calendar",
        description="Emoji (its name without colons) that offers to make a meeting of the message it is put"
        " under; empty for none.",
    )
    ticket_emoji: str = Field(
        default="memo",
        description="Emoji (its name without colons) that offers to make a task of the message it is put under;"
        " empty for none.",
    )
    ca_file: Path | None = Field(
        default=None, description="Additional certificate authority (PEM) for servers inside the company."
    )
    use_proxy: bool = Field(
        default=True, description="Honour `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` for outgoing requests."
    )
    sync_seconds: int = Field(
        default=60, ge=1, le=3600, description="How often each calendar account is looked at, in seconds."
    )
    trackers: Trackers = Field(
        default=(),
        description="Trackers as a JSON list, for example"
        ' `[{"kind": "redmine", "name": "main", "url": "https://redmine.example.org", "key": "…"}]`.'
        " For Redmine, `key` is the API key of an administrator, and `public_url` its address for browsers"
        " where that is another one."
        ' Yandex Tracker: `{"kind": "yandex", "name": "work", "org_id": "…", "key": "…"}` (`cloud_org_id` for an'
        " organisation of Yandex Cloud), where `key` is the token of a service account; `oauth_client` is the id of"
        " the OAuth application by which people get their own tokens. `reference` is how people write tickets in the"
        " chat: `#t{key}` for Redmine and `{key}` for Yandex where nothing is said.",
    )
    tickets_trust_channels: bool = Field(
        default=False,
        description="Subjects of tickets may be told in a channel also when somebody in it is linked to no tracker."
        " Otherwise everybody in it has to be, and to see the ticket.",
    )
    tickets_edit_posts: bool = Field(
        default=False,
        description="Channels may choose that Sekretar puts links into people's own messages. The bot needs the"
        " permission `edit_others_posts`.",
    )
    tickets_seconds: int = Field(
        default=60, ge=5, le=3600, description="How often each tracker is asked what has changed, in seconds."
    )
    desks_file: Path | None = Field(
        default=None,
        description="File (TOML) that describes the dispatch desks: mailboxes, channel, assets; docs/dispatch.md.",
    )
    backup_dir: Path | None = Field(
        default=None,
        description="Folder into which backups of the database are made by themselves; none are made without it.",
    )
    backup_hours: int = Field(default=24, ge=1, le=720, description="How often, in hours.")
    backup_keep: int = Field(
        default=7, ge=1, le=1000, description="How many of these backups are kept; older ones are deleted."
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="When set, `/metrics` answers only to `Authorization: Bearer` with this token.",
    )
    log_format: Literal["console", "json"] = Field(default="console", description="Shape of the log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe log lines shown."
    )

    @field_validator("keys", "command_tokens", "allowed_addresses", "meeting_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _words(value)

    @field_validator("trackers", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value or "[]")
        except ValueError as error:
            raise ValueError(f"is not JSON ({error})") from None

    @field_validator("trackers")
    @classmethod
    def _distinct(cls, value: tuple[TrackerSettings, ...]) -> tuple[TrackerSettings, ...]:
        if len({each.name for each in value}) < len(value):
            raise ValueError("has two trackers of the same name")
        return value

    @field_validator("mattermost_url", "mattermost_public_url", "public_url", "callback_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("meeting_emoji", "ticket_emoji")
    @classmethod
    def _without_colons(cls, value: str) -> str:
        return value.strip().strip(":")

    @field_validator("ticket_emoji")
    @classmethod
    def _means_one_thing(cls, value: str, info: ValidationInfo) -> str:
        if value and value == info.data.get("meeting_emoji"):
            raise ValueError("is the emoji for meetings already")
        return value

    @field_validator("default_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if zone_of(value) is None:
            raise ValueError("is not an IANA time zone name such as Europe/Moscow")
        return value

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError("must look like 127.0.0.1:8090")
        return value

    @property
    def listen_host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def listen_port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def callbacks(self) -> str:
        """Where Mattermost sends clicks and commands."""
        return self.callback_url or self.public_url

    @property
    def triggers(self) -> dict[str, str]:
        """Trigger word of each of the four commands."""
        return {
            "calendar": self.trigger_calendar,
            "task": self.trigger_task,
            "incident": self.trigger_incident,
            "sekretar": self.trigger_sekretar,
        }

    def desks(self) -> tuple[DeskSettings, ...]:
        """The dispatch desks.

        Raises:
            ConfigurationError: their file cannot be read or is wrong.
        """
        if self.desks_file is None:
            return ()
        # Whoever has no desk does not wait for their many settings to be understood.
        from sekretar.dispatch.settings import read_desks

        return read_desks(self.desks_file)

    def encryption_keys(self) -> list[str]:
        """The keys, newest first.

        Raises:
            ConfigurationError: there are none, or the file cannot be read.
        """
        if self.keys:
            return [key.get_secret_value() for key in self.keys]
        if self.keys_file is not None:
            try:
                lines = self.keys_file.read_text(encoding="ascii").split()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(
                    f"The key file {self.keys_file} cannot be read ({error}).",
                    "Give the user that runs Sekretar the right to read it, or restore it from the backup.",
                ) from error
            if lines:
                return lines
        raise ConfigurationError(
            "There is no encryption key.",
            "Run `sekretar keys generate` and put the key into SEKRETAR_KEYS or the file of"
            " SEKRETAR_KEYS_FILE. Keep a copy outside this machine.",
        )


def settings_file() -> Path | None:
    """The file that settings are read from, if there is one."""
    if named := os.environ.get("SEKRETAR_CONFIG"):
        return Path(named)
    return next((path for path in DEFAULT_FILES if path.is_file()), None)


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        ConfigurationError: a value is wrong; the text names the setting.
    """
    file = settings_file()
    if file is not None and not file.is_file():
        raise ConfigurationError(
            f"The settings file {file} does not exist.", "Create it or correct SEKRETAR_CONFIG."
        )
    try:
        return Settings(_env_file=file)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"SEKRETAR_{str(first['loc'][0]).upper()}"
        raise ConfigurationError(
            f"The setting {name} is wrong: {_where(first['loc'])}{first['msg']}.",
            f"Correct it in {file or 'the environment'}; the README lists what it means.",
        ) from error


def _where(place: tuple[int | str, ...]) -> str:
    """Where in a setting that is a list; entries are counted from 1, as people do."""
    words = [f"entry {part + 1}" if isinstance(part, int) else part for part in place[1:]]
    return f"{', '.join(words)}: " if words else ""
