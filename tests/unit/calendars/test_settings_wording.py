"""What people read of their settings, of digests and of reminders put off, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.calendars.test_views_wording import meeting

from sekretar.calendars.digest.wording import digest
from sekretar.calendars.model import AccountState
from sekretar.calendars.reminders import snoozing
from sekretar.calendars.reminders.rules import Timeliness
from sekretar.calendars.settings.changing import Changed
from sekretar.calendars.settings.form import Part, form_of
from sekretar.calendars.settings.preferences import EVERY_DAY, News, Preferences
from sekretar.calendars.settings.wording import digest_line, news, profile, reminders_line
from sekretar.calendars.views.agenda import AccountHealth, Agenda
from sekretar.calendars.wording import reminder
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.people import Person
from sekretar.mattermost.messages import Message, flatten

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
ANNA = Person(1, "m", "u", "anna", "Анна", "ru", MOSCOW, active=True)
EVERYTHING = Preferences(
    reminders=(60, 10, 1),
    at_start=True,
    own_alarms=True,
    digest_at=time(7, 30),
    digest_days=EVERY_DAY,
    digest_only_if_meetings=False,
    status=True,
    status_text="Тссс, *совещаюсь*",
    status_emoji="headphones",
    do_not_disturb=True,
    show_titles=True,
)
NOTHING = Preferences(reminders=(), digest_at=None, news=frozenset(), working_hours=((),) * 7, lunch=None)
SOME = Preferences(reminders=(), own_alarms=True, digest_days=frozenset({0, 2}), news=frozenset({News.MOVED}))
HEALTHY = AccountHealth(1, "anna@example.com", "other", AccountState.ACTIVE, "", NOW)


@pytest.fixture(params=["ru", "en"])
def t(request: pytest.FixtureRequest) -> Translator:
    return Catalogues.load().translator(request.param)


def read(message: Message) -> str:
    """The message with its buttons, as one reads it."""
    labels = [action.label for each in message.attachments for action in each.actions]
    return "\n".join([flatten(message), *(f"[{label}]" for label in labels)])


@pytest.mark.parametrize(
    ("wanted", "accounts", "next_at"),
    [
        pytest.param(Preferences(), 1, NOW + timedelta(hours=21), id="usual"),
        pytest.param(EVERYTHING, 2, NOW + timedelta(days=2), id="everything"),
        pytest.param(NOTHING, 5, None, id="nothing"),
        pytest.param(SOME, 0, None, id="some"),
    ],
)
def test_the_profile(
    wanted: Preferences, accounts: int, next_at: datetime | None, t: Translator, snapshot: SnapshotAssertion
) -> None:
    assert read(profile(Changed(wanted, next_at), ANNA, accounts, t, NOW)) == snapshot


def test_the_answers_to_the_short_forms(t: Translator, snapshot: SnapshotAssertion) -> None:
    changed = Changed(Preferences(reminders=(10, 1)), NOW + timedelta(hours=21))
    line = digest_line(changed, ANNA, t, NOW)
    answers = (news(reminders_line(changed.wanted, t), t, Part.REMINDERS), news(line, t, Part.DIGEST))
    assert "\n\n".join(map(read, answers)) == snapshot


def test_the_form(t: Translator, snapshot: SnapshotAssertion) -> None:
    fields = form_of(Preferences(), t, None).fields
    lines = [f"{each.label} = {each.default!r} — {each.help}" for each in fields]
    assert "\n".join(lines) == snapshot


def the_day(*meetings: Any) -> Agenda:
    day = NOW.astimezone(MOSCOW).date()
    return Agenda(day, day, MOSCOW, meetings, (HEALTHY,))


@pytest.mark.parametrize("introduce", [True, False])
def test_the_digest(introduce: bool, t: Translator, snapshot: SnapshotAssertion) -> None:
    found = the_day(meeting(1, 10, title="Планёрка"), meeting(2, 15, title="Демо @all", place="Зал 2"))
    assert read(digest(found, t, NOW - timedelta(hours=3), introduce=introduce)) == snapshot


def test_the_digest_of_a_free_day(t: Translator, snapshot: SnapshotAssertion) -> None:
    assert read(digest(the_day(), t, NOW, introduce=False)) == snapshot


def test_a_digest_says_when_it_may_be_wrong(t: Translator) -> None:
    found = the_day()
    stale = replace(HEALTHY, synced_at=NOW - timedelta(days=1), trouble="down")
    assert "anna@example.com" in read(digest(replace(found, accounts=(stale,)), t, NOW, introduce=False))


@pytest.mark.parametrize(("ahead", "offered"), [(10, 2), (6, 2), (5, 1), (2, 1), (1, 0), (0, 0), (-1, 0)])
def test_only_what_still_makes_sense_is_offered(ahead: int, offered: int) -> None:
    later = replace(meeting(1, 12), start=NOW + timedelta(minutes=ahead))
    assert len(snoozing.buttons(later, Catalogues.load().translator("ru"), NOW)) == offered


def test_the_reminder_with_its_buttons(t: Translator, snapshot: SnapshotAssertion) -> None:
    ahead = meeting(1, 12 + 1 / 6, title="Созвон", place="Зал 2", join_url="https://telemost.yandex.ru/j/1")
    buttons = snoozing.buttons(ahead, t, NOW)
    assert read(reminder(ahead, ANNA, t, NOW, Timeliness.AHEAD, buttons)) == snapshot
