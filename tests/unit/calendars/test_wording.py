"""Every message about meetings and accounts in both languages, to be read as people will read it.

It is Wednesday, 4 March 2026, noon in Moscow. Days and pages of meetings are in `test_views_wording`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from syrupy.assertion import SnapshotAssertion

from sekretar.calendars import wording
from sekretar.calendars.accounts import addresses_chat, chat
from sekretar.calendars.accounts import looking_after_chat as accounts_chat
from sekretar.calendars.accounts import standing_chat as status_chat
from sekretar.calendars.accounts import wording as accounts_wording
from sekretar.calendars.accounts.own_addresses import Own
from sekretar.calendars.accounts.wishes import CalendarCard, Wishes
from sekretar.calendars.accounts.wording import Looked
from sekretar.calendars.caldav import PROVIDERS
from sekretar.calendars.model import AccountState, CalendarAccount, Trouble
from sekretar.calendars.reminders.rules import Timeliness
from sekretar.calendars.settings.changing import Changed
from sekretar.calendars.settings.preferences import Preferences
from sekretar.calendars.sync import health
from sekretar.calendars.sync.changes import Change, Extent, Kind, Seen
from sekretar.calendars.views.agenda import AccountHealth, Agenda, Meeting
from sekretar.kernel.i18n import LANGUAGES, Catalogues, Translator
from sekretar.kernel.people import Person
from sekretar.kernel.text import Markdown
from sekretar.mattermost.messages import Button, Message, Select

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
JOIN = "https://telemost.yandex.ru/j/12345678901234"
HOUR = timedelta(hours=1)
FOREIGN = "| **b** [x](http://evil.example) @all `c` #tag ~town\n# head"

CATALOGUES = Catalogues.load()


def person(language: str) -> Person:
    return Person(1, "https://chat.example", "u" * 26, "anna", "Anna", language, MOSCOW, active=True)


def seen(hours: float = 3, **changes: object) -> Seen:
    start = NOW + hours * HOUR
    made = Seen("", start, start + HOUR, False, "Планёрка", "Переговорная 3", "", JOIN, False, "")
    return replace(made, **changes)  # type: ignore[arg-type]


def meeting(minutes: float = 10, **changes: object) -> Meeting:
    start = NOW + timedelta(minutes=minutes)
    made = Meeting(
        1, 1, 1, "Работа", "uid", "", start, start + HOUR, False, "Планёрка", "Переговорная 3", "", JOIN,
        "Телемост", "ACCEPTED", False, False, 5,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def account(trouble: str = "", synced: timedelta | None = timedelta()) -> AccountHealth:
    state = AccountState.ATTENTION if trouble == Trouble.PASSWORD else AccountState.ACTIVE
    return AccountHealth(
        1, "anna@example.com", "yandex", state, trouble, NOW - synced if synced is not None else None
    )


def agenda(*accounts: AccountHealth) -> Agenda:
    return Agenda(date(2026, 3, 4), date(2026, 3, 4), MOSCOW, (), accounts)


def read(message: Message) -> str:
    """A message as one reads it, with its colour and its buttons."""
    lines = [message.text]
    for attachment in message.attachments:
        lines += [attachment.color.value, attachment.title, attachment.text, attachment.footer]
        lines += [f"{each.title}: {each.value}" for each in attachment.fields]
        lines += [f"[{action.label}]" for action in attachment.actions if isinstance(action, Button)]
        lines += [f"<{action.label}>" for action in attachment.actions if isinstance(action, Select)]
    return "\n".join(line for line in lines if line)


CHANGES = {
    "added": Change(Kind.ADDED, Extent.SINGLE, after=seen()),
    "added without anything": Change(
        Kind.ADDED, Extent.SINGLE, after=seen(title="", place="", join_url="")
    ),
    "added all day": Change(
        Kind.ADDED, Extent.SINGLE, after=seen(15, end=NOW + 39 * HOUR, all_day=True)
    ),
    "added for several days": Change(Kind.ADDED, Extent.SINGLE, after=seen(15, end=NOW + 87 * HOUR, all_day=True)),
    "longer by a day": Change(
        Kind.MOVED, Extent.SINGLE,
        seen(15, end=NOW + 39 * HOUR, all_day=True), seen(15, end=NOW + 63 * HOUR, all_day=True),
    ),
    "added over midnight": Change(Kind.ADDED, Extent.SINGLE, after=seen(11, end=NOW + 14 * HOUR)),
    "added in another year": Change(Kind.ADDED, Extent.SINGLE, after=seen(24 * 400)),
    "added by a stranger": Change(Kind.ADDED, Extent.SINGLE, after=seen(title=FOREIGN, place=FOREIGN)),
    "moved": Change(Kind.MOVED, Extent.SINGLE, seen(), seen(27)),
    "moved and renamed": Change(Kind.MOVED, Extent.SINGLE, seen(), seen(4, title="Ретро")),
    "edited in everything": Change(
        Kind.EDITED, Extent.SINGLE, seen(),
        seen(title="Ретро", place="Переговорная 5", join_url=JOIN + "5", description="Повестка"),
    ),
    "edited away": Change(Kind.EDITED, Extent.SINGLE, seen(), seen(place="", join_url="")),
    "cancelled": Change(Kind.CANCELLED, Extent.SINGLE, before=seen()),
    "gone": Change(Kind.CANCELLED, Extent.SINGLE, before=seen(), vanished=True),
    "gone series": Change(Kind.CANCELLED, Extent.SERIES, before=seen(), vanished=True),
}  # fmt: skip
PARTS = {
    f"{kind.value} {extent.value}": Change(
        kind,
        extent,
        None if kind is Kind.ADDED else seen(),
        {Kind.ADDED: seen(), Kind.MOVED: seen(4), Kind.EDITED: seen(place="Дом")}.get(kind),
    )
    for extent in (Extent.OCCURRENCE, Extent.SEVERAL, Extent.SERIES)
    for kind in Kind
}

REMINDERS = {
    "in ten minutes": (meeting(), Timeliness.AHEAD),
    "in an hour and a half, alone": (meeting(90, attendees=1, place="", join_url=""), Timeliness.AHEAD),
    "now": (meeting(0), Timeliness.AHEAD),
    "running": (meeting(-20), Timeliness.RUNNING),
    "of a stranger": (meeting(title=FOREIGN, place=FOREIGN), Timeliness.AHEAD),
    "untitled": (meeting(title=""), Timeliness.AHEAD),
}


@dataclass
class Stored:
    """The part of an account that messages name."""

    id: int = 1
    login: str = "anna@example.com"


CARDS = (
    CalendarCard(1, 1, "Работа", "anna@example.com", True, Wishes(preferred=True)),
    CalendarCard(2, 1, "Дом", "anna@example.com", True, Wishes(chosen=False)),
    CalendarCard(3, 1, "Отпуска", "anna@example.com", False, Wishes(True, False, False, False, False, False)),
)


#: Which addresses are the person's.
OWN = {
    "told addresses": Own(("anna@example.com",)),
    "named addresses": Own(("anna@example.com",), ("a.petrova@list.example", "anna@company.example")),
    "many addresses": Own(tuple(f"anna@{each}.example" for each in "abcde"), ("anna@company.example",)),
    "no addresses": Own(),
    "only named addresses": Own((), ("anna@company.example",)),
}


def accounts(t: Translator) -> Iterator[tuple[str, Message]]:
    stored: CalendarAccount = Stored()  # type: ignore[assignment]
    known = {1: OWN["told addresses"]}

    def shown(*found: AccountHealth) -> Message:
        return accounts_wording.accounts(found, CARDS, known, MOSCOW, t, NOW)

    yield "accounts: none", shown()
    yield "accounts: well", shown(account())
    yield "accounts: loading", shown(account(synced=None))
    for trouble in Trouble:
        since = timedelta(hours=30) if trouble is Trouble.DOWN else timedelta(hours=1)
        yield f"accounts: {trouble.value}", shown(account(trouble, since))
    for name, own in OWN.items():
        yield f"accounts: {name}", accounts_wording.accounts([account()], CARDS[:1], {1: own}, MOSCOW, t, NOW)
    yield from addresses(t)
    for name, looked in {
        "nothing": [Looked(account(), 0, True)],
        "one change": [Looked(account(), 1, True)],
        "five changes, one late": [Looked(account(), 5, True), Looked(account(), 0, False)],
        "two changes, one broken": [Looked(account(), 2, True), Looked(account("password"), 0, True)],
        "all in vain": [Looked(account("down", HOUR), 0, True)],
    }.items():
        yield f"refreshed: {name}", accounts_wording.refreshed(looked, MOSCOW, t, NOW)
    for card in CARDS:
        yield f"calendar saved: {card.name}", accounts_wording.saved(card, Wishes(tells=False), t)
    yield "calendar saved: same", accounts_wording.saved(CARDS[0], CARDS[0].wishes, t)
    form = accounts_chat.form_of(CARDS[0], t)
    asked = "\n".join(f"{each.label}: {each.default} ({each.help})" for each in form.fields)
    yield "calendar form", Message(Markdown(f"{form.title}\n{form.intro}\n{asked}"))
    yield "calendar gone", wording.calendar_gone("Работа", t)
    yield "needs attention", health._needs_attention(stored, t)
    yield "mended", health._mended(stored, t)
    yield "connect: where", wording.where_is_it(t)
    yield "connected one", chat._connected(stored, 1, True, t)
    yield "connected many", chat._connected(stored, 5, True, t)
    yield "connected again", chat._connected(stored, 2, False, t)
    yield "disconnect: sure", chat._sure([stored], t, last=False)
    yield "disconnect: sure of all", chat._sure([stored, stored], t, last=True)
    yield "disconnect: which", chat._which([stored, stored], t)
    yield "status: offer", status_chat.offer(t)
    yield from statuses(t)
    for provider in PROVIDERS.values():
        yield f"intro: {provider.id}", Message(chat._intro(provider, t))


def addresses(t: Translator) -> Iterator[tuple[str, Message]]:
    own, login = OWN["named addresses"], "anna@example.com"
    form = addresses_chat.form_of(login, own, t)
    asked = "\n".join(f"{each.label}: {each.default} ({each.help})" for each in form.fields)
    yield "addresses form", Message(Markdown(f"{form.title}\n{form.intro}\n{asked}"))
    for name, before, after, wanted in (
        ("saved", Own(own.told), own, own.named),
        ("same", own, own, own.named),
        ("none", own, Own(own.told), ()),
        ("needless", own, own, (own.told[0], *own.named)),
    ):
        yield f"addresses: {name}", addresses_chat.saved(login, before, after, wanted, t)


def statuses(t: Translator) -> Iterator[tuple[str, Message]]:
    anna = person(t.language)
    link = t("calendars.status.consent", link=t("calendars.status.consent_link"))
    quiet = Preferences(reminders=(), digest_at=None, news=frozenset(), status=True, status_emoji="tea")
    for name, found, wanted, missing in (
        ("unconnected", [], Preferences(), ""),
        ("well", [account()], Preferences(), ""),
        ("shown", [account()], Preferences(status=True), ""),
        ("no consent", [account()], Preferences(status=True), link),
        ("quiet", [account("password", 2 * HOUR), account()], quiet, ""),
    ):
        shown = status_chat.overview(found, Changed(wanted, None), Markdown(missing), anna, t, NOW)
        yield f"status: {name}", shown


def notes(t: Translator) -> Iterator[tuple[str, str]]:
    """Why a list may be incomplete; a short trouble is none."""
    yield "unconnected", " ".join(wording.notes(agenda(), t, NOW))
    for word, found in {
        "well": account(),
        "loading": account(synced=None),
        "never read": account("down", None),
        "down for 10 minutes": account("down", timedelta(minutes=10)),
        "down for 20 minutes": account("down", timedelta(minutes=20)),
        "down since yesterday": account("down", timedelta(hours=30)),
        "password just now": account("password", timedelta(minutes=1)),
        "no look for 50 minutes": account(synced=timedelta(minutes=50)),
        "no look for 2 hours": account(synced=timedelta(hours=2)),
    }.items():
        yield word, " ".join(wording.notes(agenda(found), t, NOW))


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_messages(language: str, snapshot: SnapshotAssertion) -> None:
    t, anna = CATALOGUES.translator(language), person(language)
    texts = {f"change: {name}": read(wording.change(each, anna, t, NOW)) for name, each in CHANGES.items()}
    texts |= {f"change: {name}": read(wording.change(each, anna, t, NOW)) for name, each in PARTS.items()}
    for name, (each, stands) in REMINDERS.items():
        texts[f"reminder: {name}"] = read(wording.reminder(each, anna, t, NOW, stands))
    texts |= {name: read(message) for name, message in accounts(t)}
    texts |= {f"note: {name}": text for name, text in notes(t)}
    assert "\n\n".join(f"=== {name}\n{text}" for name, text in texts.items()) == snapshot


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_strangers_write_does_nothing(language: str) -> None:
    t, anna = CATALOGUES.translator(language), person(language)
    news = Change(Kind.MOVED, Extent.SINGLE, seen(title=FOREIGN), seen(4, title=FOREIGN, place=FOREIGN))
    for message in (
        wording.change(news, anna, t),
        wording.reminder(meeting(title=FOREIGN, place=FOREIGN), anna, t, NOW, Timeliness.AHEAD),
        wording.calendar_gone(FOREIGN, t),
    ):
        text = read(message)
        assert "@all" not in text
        assert not re.search(r"(?<!\\)\]\(http://evil", text)
        assert "#tag" not in text
        assert "\n# head" not in text


def test_a_place_that_only_repeats_the_link_is_left_out() -> None:
    assert wording.place_of(meeting(place=JOIN)) == ""
    assert wording.place_of(meeting(place=JOIN.removeprefix("https://"))) == ""
    assert wording.place_of(meeting(place="Room 3")) == "Room 3"


def test_a_link_that_is_none_is_no_link() -> None:
    t = CATALOGUES.translator("en")
    assert wording.join_link("", "", t) == ""
    assert wording.join_link(JOIN, "Zoom", t) == f"[Join Zoom]({JOIN})"
