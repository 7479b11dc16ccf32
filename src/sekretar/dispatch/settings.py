"""The desks as the administrator describes them: one `[[desk]]` each in the file of `SEKRETAR_DESKS_FILE`.

A file of its own, because a desk has mailboxes, feeds and fields: too much for a line of the environment. Whatever
has a sensible value has it as a default; a desk with a name, a channel and one mailbox works.
"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from sekretar.dispatch.api.settings import ApiSettings
from sekretar.dispatch.assignment.settings import AssignmentSettings
from sekretar.dispatch.hooks.settings import HookSettings
from sekretar.dispatch.incidents import codes
from sekretar.dispatch.incidents.values import Status
from sekretar.dispatch.letters.settings import LettersSettings
from sekretar.dispatch.part import FOLDER
from sekretar.dispatch.part import Part as _Part
from sekretar.dispatch.sla.settings import SlaSettings
from sekretar.kernel.errors import ConfigurationError
from sekretar.kernel.people import zone_of

Security = Literal["tls", "starttls", "plain"]

#: What mail servers listen on for each kind of security.
_IMAP_PORTS: dict[Security, int] = {"tls": 993, "starttls": 143, "plain": 143}
_SMTP_PORTS: dict[Security, int] = {"tls": 465, "starttls": 587, "plain": 25}

_ADDRESS = r"^[^@\s<>,;]+@[^@\s<>,;]+$"
_NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"

MailAddress = Annotated[str, Field(pattern=_ADDRESS)]


class MailboxSettings(_Part):
    """A mailbox that letters come to and leave from."""

    address: MailAddress = Field(description="Address of the mailbox; it is in the copy of every letter.")
    aliases: tuple[MailAddress, ...] = Field(default=(), description="Other addresses that lead to it.")
    sender: str = Field(default="", description="Name beside the address in letters out.")
    user: str = Field(default="", description="User name of the server, where it is not the address.")
    password: SecretStr = Field(description="Password; with most providers one for applications.")
    imap_host: str = Field(description="Server of incoming mail.")
    imap_port: int = Field(default=0, ge=0, le=65535, description="Its port; 0 means the usual one.")
    imap_security: Security = Field(default="tls", description="`tls`, `starttls` or `plain`.")
    inbox: str = Field(default="INBOX", description="Folder that letters come to.")
    sent: str = Field(
        default="", description="Folder of sent letters; empty means the one that the server marks so."
    )
    smtp_host: str = Field(
        default="", description="Server of outgoing mail; empty: nothing is sent from here."
    )
    smtp_port: int = Field(default=0, ge=0, le=65535, description="Its port; 0 means the usual one.")
    smtp_security: Security = Field(default="tls", description="`tls`, `starttls` or `plain`.")
    smtp_login: bool = Field(
        default=True, description="Whether the server of outgoing mail wants the password."
    )
    keep_sent: bool = Field(
        default=False,
        description="Put sent letters into the folder of sent letters, where the provider does not do it.",
    )
    reply_addresses: bool = Field(
        default=False,
        description="Letters out ask for answers to `name+incident…@…`, which lead to their incident whatever a mail"
        " program drops. The mail server has to take such addresses (most do).",
    )
    days_back: int = Field(
        default=1,
        ge=0,
        le=365,
        description="How many days of older letters become incidents at the very start.",
    )
    idle_minutes: int = Field(
        default=4, ge=1, le=29, description="How long the server may be silent before it is asked again."
    )
    largest_mb: int = Field(
        default=50, ge=1, le=500, description="Larger letters are noted, and stay on the server."
    )

    @property
    def login(self) -> str:
        """The user name of the server."""
        return self.user or self.address

    @property
    def imap_address(self) -> tuple[str, int]:
        """Host and port of incoming mail."""
        return self.imap_host, self.imap_port or _IMAP_PORTS[self.imap_security]

    @property
    def smtp_address(self) -> tuple[str, int]:
        """Host and port of outgoing mail."""
        return self.smtp_host, self.smtp_port or _SMTP_PORTS[self.smtp_security]


class ThreadSettings(_Part):
    """Which letters belong together, where the headers leave a choice."""

    reopen_hours: int = Field(
        default=72,
        ge=0,
        description="How long after its end a letter opens an incident again; later ones make a new incident.",
    )
    reopenings_an_hour: int = Field(
        default=3, ge=0, description="More often than this an hour letters do not open an incident again."
    )
    closed: Literal["new", "answer"] = Field(
        default="new",
        description="A letter to an incident closed for longer: `new` makes a linked incident, `answer` only"
        " answers politely that a new letter is needed.",
    )
    changed_subject: Literal["same", "new"] = Field(
        default="new",
        description="An applicant's answer with another subject and no code: stays in the `same` incident, or"
        " makes a `new`, linked one.",
    )


class AttachmentSettings(_Part):
    """Which attachments are kept."""

    largest_mb: int = Field(default=48, ge=1, le=500, description="Larger attachments are refused.")
    total_mb: int = Field(default=100, ge=1, le=1000, description="All attachments of a letter together.")
    more_types: tuple[str, ...] = Field(
        default=(),
        description="Further file endings or media types, beside documents, pictures and archives.",
    )


class FeedSettings(_Part):
    """Where one list of the registry comes from."""

    url: str = Field(default="", description="Address of the list; or:")
    file: Path | None = Field(default=None, description="File of the list.")
    format: Literal["json", "csv"] = Field(default="json", description="`json` (a list of objects) or `csv`.")
    columns: dict[str, str] = Field(
        default_factory=dict, description="Our name of a column = theirs, where it is not the usual one."
    )
    at_least: int = Field(default=1, ge=0, description="A list with fewer rows is not believed.")
    largest_loss_percent: int = Field(
        default=10, ge=0, le=100, description="A list in which more rows than this are gone is not believed."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.url) == bool(self.file):
            raise ValueError("needs either url or file")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("has a url that does not begin with http:// or https://")
        return self


class RegistrySettings(_Part):
    """The lists of assets."""

    poles: FeedSettings | None = Field(default=None, description="Poles.")
    contractors: FeedSettings | None = Field(default=None, description="Contractors and their poles.")
    stations: FeedSettings | None = Field(default=None, description="Base stations and their operators.")
    every_hours: int = Field(default=24, ge=1, le=720, description="How often the lists are read.")
    default_emails: tuple[MailAddress, ...] = Field(
        default=(), description="Where letters go for contractors without an address."
    )


MirrorField = Literal[
    "pole", "station", "contractor", "operators", "type", "deadline", "sla", "new_mail", "incident"
]


class MirrorSettings(_Part):
    """The tracker that shows the incidents too."""

    tracker: str = Field(pattern=_NAME, description="Name of the tracker in `SEKRETAR_TRACKERS`.")
    project: str = Field(description="Project or queue.")
    type: str = Field(default="", description="Type of the tickets; empty means the first one.")
    fields: dict[MirrorField, str] = Field(
        default_factory=dict,
        description="Which field of the tracker shows what: pole, station, contractor, operators, type, deadline,"
        " sla, new_mail, incident.",
    )
    statuses: dict[Status, str] = Field(
        default_factory=dict, description="Our status = the tracker's (key or name); others are not mirrored."
    )
    excluded_regions: tuple[str, ...] = Field(
        default=(), description="Incidents of poles in these regions are not mirrored."
    )
    take_over: bool = Field(
        default=True, description="Whether tickets made in the tracker by hand become incidents."
    )
    poll_seconds: int = Field(
        default=30, ge=5, le=3600, description="How often the tracker is asked what has changed."
    )
    largest_mb: int = Field(
        default=50, ge=1, le=500, description="Larger attachments of letters are only named in the ticket."
    )


class TelegramSettings(_Part):
    """Where alarms go besides the operations channel."""

    token: SecretStr = Field(description="Token of the Telegram bot.")
    chat: str = Field(description="Id of the Telegram chat.")
    url: str = Field(default="https://api.telegram.org", description="Address of the Telegram API.")


class RetentionSettings(_Part):
    """How long what is kept; 0 means for ever. Incidents themselves are never deleted."""

    letters_days: int = Field(
        default=0,
        ge=0,
        description="Letters as they came (with their attachments), after the incident ended.",
    )
    unfiled_days: int = Field(default=90, ge=0, description="Letters that belong to no incident.")


class TypeSettings(_Part):
    """A type of incidents at the first start; later they are changed in the chat."""

    name: str = Field(min_length=1, max_length=120, description="Name.")
    minutes: int = Field(gt=0, description="Time until the deadline, in minutes.")


class DeskSettings(_Part):
    """A dispatch desk."""

    name: str = Field(pattern=_NAME, description="Short name: small letters, digits, hyphens.")
    prefix: str = Field(
        default="INC",
        pattern=r"^[A-Z][A-Z0-9]{0,15}$",
        description="What the codes of incidents begin with: Latin capitals and digits. In Russian letters "
        "(«НТ-1» for NT-1) they are understood, too; so NT and HT cannot stand side by side.",
    )
    channel: str = Field(
        pattern=r"^[a-z0-9._-]+/[a-z0-9._-]+$",
        description="Channel of the desk as `team/channel`, the names in its address.",
    )
    operations_channel: str = Field(
        default="",
        pattern=r"^$|^[a-z0-9._-]+/[a-z0-9._-]+$",
        description="Channel for alarms about mailboxes, tracker and registry; empty means the channel of the desk.",
    )
    language: Literal["en", "ru"] = Field(default="ru", description="Language of letters and of the channel.")
    zone: str = Field(default="Europe/Moscow", description="Time zone of the desk (IANA name).")
    domain: str = Field(
        default="",
        description="Domain in Message-IDs of letters out; empty means the one of the first mailbox.",
    )
    signature: str = Field(default="", description="Signature under letters out.")
    mailboxes: tuple[MailboxSettings, ...] = Field(
        default=(), description="Mailboxes (`[[desk.mailboxes]]`)."
    )
    letters: LettersSettings = Field(default=LettersSettings(), description="Letters that the desk writes.")
    threads: ThreadSettings = Field(default=ThreadSettings(), description="Which letters belong together.")
    attachments: AttachmentSettings = Field(default=AttachmentSettings(), description="Attachments.")
    types: tuple[TypeSettings, ...] = Field(
        default=(), description="Types of incidents at the first start; empty means the usual ones."
    )
    pausing: tuple[Status, ...] = Field(
        default=(Status.AWAITING_CONFIRMATION,), description="Statuses in which the clocks stand still."
    )
    sla: SlaSettings = Field(default=SlaSettings(), description="Deadlines, and who is told of them.")
    assignment: AssignmentSettings = Field(
        default=AssignmentSettings(), description="Who gets new incidents."
    )
    registry: RegistrySettings = Field(default=RegistrySettings(), description="Lists of assets.")
    mirror: MirrorSettings | None = Field(default=None, description="Tracker that shows the incidents too.")
    telegram: TelegramSettings | None = Field(default=None, description="Alarms to Telegram.")
    retention: RetentionSettings = Field(default=RetentionSettings(), description="How long what is kept.")
    api: ApiSettings = Field(default=ApiSettings(), description="Reading by other programs.")
    hooks: tuple[HookSettings, ...] = Field(
        default=(), description="Programs that are told what happens (`[[desk.hooks]]`)."
    )

    @field_validator("hooks")
    @classmethod
    def _distinct_hooks(cls, value: tuple[HookSettings, ...]) -> tuple[HookSettings, ...]:
        if len({each.name for each in value}) < len(value):
            raise ValueError("has two hooks of the same name")
        return value

    @field_validator("prefix", mode="before")
    @classmethod
    def _latin(cls, value: object) -> object:
        if isinstance(value, str) and not value.isascii():
            raise ValueError("has letters that are not Latin, though some look so")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if zone_of(value) is None:
            raise ValueError("is not an IANA time zone name such as Europe/Moscow")
        return value

    @property
    def addresses(self) -> frozenset[str]:
        """Every address that leads to this desk, in small letters."""
        return frozenset(
            address.casefold() for box in self.mailboxes for address in (box.address, *box.aliases)
        )

    @property
    def id_domain(self) -> str:
        """The domain in Message-IDs of letters out."""
        first = self.mailboxes[0].address.rpartition("@")[2] if self.mailboxes else "localhost"
        return self.domain or first

    @property
    def reopen_within(self) -> timedelta:
        """How long after its end a letter opens an incident again."""
        return timedelta(hours=self.threads.reopen_hours)


class _File(_Part):
    desk: tuple[DeskSettings, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for what in ("name", "prefix", "channel"):
            if len({getattr(desk, what) for desk in self.desk}) < len(self.desk):
                raise ValueError(f"has two desks of the same {what}")
        alike = codes.confusable(desk.prefix for desk in self.desk)
        if alike is not None:
            raise ValueError(
                "has two desks whose codes are the same in Russian letters: {} and {}".format(*alike)
            )
        addresses = [address for desk in self.desk for address in sorted(desk.addresses)]
        if len(set(addresses)) < len(addresses):
            raise ValueError("has two desks with the same mailbox")
        return self


def read_desks(file: Path) -> tuple[DeskSettings, ...]:
    """The desks that the file describes.

    Raises:
        ConfigurationError: it cannot be read, or a value is wrong; the text names the place.
    """
    try:
        described = tomllib.loads(file.read_text(encoding="utf-8"))
        return _File.model_validate(described, context={FOLDER: file.parent}).desk
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The file of the desks {file} cannot be read ({error}).", "Correct SEKRETAR_DESKS_FILE."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"The file of the desks {file} is not TOML ({error}).", "Correct that line."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(
            f"The file of the desks {file} is wrong: {_where(first['loc'])}{first['msg']}.",
            "Correct it; docs/dispatch.md lists what each setting means.",
        ) from error


def _where(place: tuple[int | str, ...]) -> str:
    """Where in the file; entries are counted from 1, as people do."""
    words = [f"entry {part + 1}" if isinstance(part, int) else part for part in place]
    return f"{', '.join(words)}: " if words else ""
