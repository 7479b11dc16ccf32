"""The words of channels in both languages, and the rights in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from syrupy.assertion import SnapshotAssertion

from sekretar.calendars.channels import wording as channels_wording
from sekretar.calendars.channels.form import add_form, change_form, wishes_of
from sekretar.calendars.channels.subscriptions import ChannelSubscription, Shown, Wishes, is_private
from sekretar.calendars.channels.wording import Listed
from sekretar.calendars.model import Calendar
from sekretar.calendars.reminders.rules import Timeliness
from sekretar.calendars.sync.changes import Change, Extent, Kind, Seen
from sekretar.calendars.views.agenda import Meeting
from sekretar.kernel.errors import PeerForbidden, PeerNotFound, PeerUnsupported
from sekretar.kernel.forms import Choice, FieldErrors, Submission, validate
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.kernel.people import Person
from sekretar.mattermost.messages import Message, flatten
from sekretar.mattermost.models import Channel, ChannelMember, Role, TeamMember, User
from sekretar.mattermost.rights import Obstacle, obstacle, standing

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
ANNA = Person(1, "m", "a" * 26, "anna", "Анна @all", "ru", MOSCOW, active=True)
BORIS = replace(ANNA, id=2, username="boris", display_name="Boris")


@pytest.fixture(params=["ru", "en"])
def t(request: pytest.FixtureRequest) -> Translator:
    return Catalogues.load().translator(request.param)


def subscription(wishes: Wishes | None = None, paused: str = "") -> ChannelSubscription:
    wanted = wishes or Wishes(MOSCOW)
    return ChannelSubscription(
        id=7,
        calendar_id=3,
        person_id=1,
        channel_id="room",
        language="ru",
        zone=wanted.zone.key,
        digest_at=f"{wanted.digest_at:%H:%M}" if wanted.digest_at else "",
        every_day=wanted.every_day,
        digest_always=wanted.digest_always,
        reminders=list(wanted.reminders),
        changes=wanted.changes,
        titles=wanted.titles,
        paused=paused,
    )


def listed(wishes: Wishes | None = None, *, paused: str = "", chosen: bool = True, **more: bool) -> Listed:
    calendar = Calendar(id=3, account_id=5, href="/c/", name="Команда **X**", chosen=chosen)
    return Listed(
        subscription(wishes, paused),
        calendar,
        replace(ANNA, active=more.pop("active", True)),
        present=more.pop("present", True),
        changeable=more.pop("changeable", True),
    )


def meeting(title: str, hour: int, **more: object) -> Meeting:
    values = {
        "occurrence_id": hour, "account_id": 5, "calendar_id": 3, "calendar": "c", "uid": title, "recurrence_id": "",
        "start": NOW.replace(hour=hour), "end": NOW.replace(hour=hour, minute=30), "all_day": False, "title": title,
        "place": "Комната 3", "description": "", "join_url": "https://zoom.us/j/1", "join_service": "Zoom",
        "answer": "NEEDS-ACTION", "cancelled": False, "transparent": False, "attendees": 4,
    }  # fmt: skip
    return Meeting(**(values | more))  # type: ignore[arg-type]


def seen(title: str, hour: int) -> Seen:
    start = NOW.replace(hour=hour)
    return Seen("", start, start + timedelta(hours=1), False, title, "Комната 3", "", "", False, title)


def shown(*messages: Message) -> str:
    """The messages as one reads them, with their buttons."""
    texts = []
    for message in messages:
        labels = [[action.label for action in each.actions] for each in message.attachments]
        texts.append("\n".join([flatten(message), *(f"[{' / '.join(each)}]" for each in labels if each)]))
    return "\n---\n".join(texts)


def test_what_the_channel_reads(t: Translator, snapshot: SnapshotAssertion) -> None:
    known = listed()
    day = NOW.date()
    demo, secret = meeting("Demo @all", 10), meeting("Secret", 11)
    all_day = meeting("Отпуск", 0, all_day=True, start=datetime(2026, 3, 4, tzinfo=MOSCOW),
                      end=datetime(2026, 3, 5, tzinfo=MOSCOW), place="", join_url="")  # fmt: skip
    meetings = [Shown(all_day, False), Shown(demo, False), Shown(secret, True)]
    moved = Change(Kind.MOVED, Extent.SINGLE, seen("Demo", 10), seen("Demo", 12))
    said = shown(
        channels_wording.subscribed(known, t),
        channels_wording.digest(meetings, day, known, t, NOW, None),
        channels_wording.digest([], day, known, t, NOW, NOW - timedelta(hours=30)),
        channels_wording.digest([Shown(demo, True)] * 42, day, known, t, NOW, None).without_actions(),
        channels_wording.reminder(Shown(demo, False), known, t, NOW, Timeliness.AHEAD),
        channels_wording.reminder(Shown(secret, True), known, t, NOW, Timeliness.AHEAD),
        channels_wording.change(moved, ANNA, known.subscription, known.calendar, t),
        channels_wording.unsubscribed(known, BORIS, t),
        channels_wording.goodbye(ANNA, t),
        channels_wording.calendar_gone("Команда", ANNA, t),
    )
    assert "@all" not in said.replace("Анна @all", ""), "footers are plain text and ring nobody"
    assert "Secret" not in said
    assert said == snapshot


def test_what_people_read(t: Translator, snapshot: SnapshotAssertion) -> None:
    quiet = Wishes(MOSCOW, digest_at=None, reminders=(), changes=False, titles=False)
    many = Wishes(MOSCOW, digest_at=time(8, 30), every_day=True, reminders=(60, 10, 0))
    known = listed(many)
    lists = [
        channels_wording.listing([], None, True, "room", t),
        channels_wording.listing([], channels_wording.how_to_invite("sekretar", False, t), True, "room", t),
        channels_wording.listing([], channels_wording.how_to_invite("sekretar", True, t), True, "room", t),
        channels_wording.listing(
            [
                known,
                listed(quiet, changeable=False, present=False),
                listed(chosen=False),
                listed(active=False, present=False),
                listed(paused="archived"),
            ],
            None,
            False,
            "room",
            t,
        ),
    ]
    words = [
        channels_wording.changed(known, t),
        channels_wording.changed_by(known, BORIS, "Разработка", t),
        channels_wording.removed_by(known, BORIS, "Разработка", t),
        *(channels_wording.paused(known.calendar, "Разработка", each, t) for each in Obstacle),
        channels_wording.resumed(known.calendar, "Разработка", t),
    ]
    assert shown(*lists, *words) == snapshot


@pytest.mark.parametrize(
    ("line", "private"),
    [
        ("CLASS:PRIVATE", True),
        ("class:confidential", True),
        ("CLASS;X-A=1:PRIVATE", True),
        ("CLASS:PUBLIC", False),
        ("DESCRIPTION:CLASS:PRIVATE", False),
        (" CLASS:PRIVATE", False),
    ],
)
def test_what_is_private(line: str, private: bool) -> None:
    assert is_private(f"BEGIN:VEVENT\r\nSUMMARY:x\r\n{line}\r\nEND:VEVENT\r\n") is private


class TestForm:
    def test_what_it_says_is_what_comes_back(self, t: Translator) -> None:
        for wishes in (
            Wishes(MOSCOW),
            Wishes(ZoneInfo("Europe/Berlin"), time(8, 30), True, True, (60, 10), False, False),
            Wishes(MOSCOW, digest_at=None, reminders=()),
        ):
            form = change_form("Команда", wishes, True, t)
            untouched = {asked.name: asked.default for asked in form.fields}
            answers = validate(form, untouched)
            assert isinstance(answers, Submission)
            assert wishes_of(answers.values, wishes) == wishes

    def test_nobody_but_the_owner_is_asked_to_show_more(self, t: Translator) -> None:
        busy = Wishes(MOSCOW, titles=False)
        names = [asked.name for asked in change_form("Команда", busy, False, t).fields]
        assert "titles" not in names
        assert "titles" in [asked.name for asked in change_form("Команда", busy, True, t).fields]

    def test_what_cannot_be_read_is_told_at_its_field(self, t: Translator) -> None:
        form = add_form([Choice("1", "Работа"), Choice("2", "Дом")], Wishes(MOSCOW), t)
        untouched = {asked.name: asked.default for asked in form.fields}
        wrong = validate(form, untouched | {"zone": "Атлантида", "reminders": "рано", "digest_at": "25:00"})
        assert isinstance(wrong, FieldErrors)
        assert set(wrong.errors) == {"calendar", "zone", "reminders", "digest_at"}


@dataclass
class Server:
    """What Mattermost says of one user in one channel."""

    roles_in_channel: str | None = "channel_user"
    roles_in_team: str | None = "team_user"
    roles_in_system: str = "system_user"
    scheme_admin: bool = False
    left_team: bool = False
    readable_roles: bool = True
    granting: set[str] = field(
        default_factory=lambda: {"channel_user", "channel_guest", "team_admin", "system_admin"}
    )

    async def channel(self, channel_id: str) -> Channel:
        return Channel(id=channel_id, type="O", team_id="team")

    async def channel_member(self, channel_id: str, user_id: str) -> ChannelMember:
        if self.roles_in_channel is None:
            raise PeerNotFound("mattermost")
        return ChannelMember(
            channel_id=channel_id,
            user_id=user_id,
            roles=self.roles_in_channel,
            scheme_admin=self.scheme_admin,
        )

    async def team_member(self, team_id: str, user_id: str) -> TeamMember:
        if self.roles_in_team is None:
            raise PeerForbidden("mattermost")
        left = NOW if self.left_team else None
        return TeamMember(team_id=team_id, user_id=user_id, roles=self.roles_in_team, delete_at=left)

    async def user(self, user_id: str) -> User:
        return User(id=user_id, username="anna", roles=self.roles_in_system)

    async def roles(self, names: list[str]) -> list[Role]:
        if not self.readable_roles:
            raise PeerUnsupported("mattermost")
        return [
            Role(
                id=name,
                name=name,
                permissions=("create_post",) if name in self.granting else ("read_channel",),
            )
            for name in names
        ]


CHANNEL = Channel(id="room", type="O", team_id="team")


@pytest.mark.parametrize(
    ("server", "member", "may_post", "admin"),
    [
        (Server(), True, True, False),
        (Server(roles_in_channel="channel_guest", roles_in_team="team_guest"), True, True, False),
        (Server(roles_in_channel=None), False, False, False),
        (Server(roles_in_channel="channel_user channel_admin"), True, True, True),
        (Server(roles_in_channel="x7c9", scheme_admin=True, granting={"x7c9"}), True, True, True),
        (Server(roles_in_channel=None, roles_in_team="team_user team_admin"), False, False, True),
        (Server(roles_in_team="team_user team_admin", left_team=True), True, True, False),
        (Server(roles_in_channel=None, roles_in_team=None, roles_in_system="system_admin"), False, False, True),
        (Server(granting=set()), True, False, False),
        (Server(granting={"team_admin"}, roles_in_team="team_user team_admin"), True, True, True),
        (Server(readable_roles=False), True, True, False),
    ],
)  # fmt: skip
async def test_what_somebody_is_in_a_channel(
    server: Server, member: bool, may_post: bool, admin: bool
) -> None:
    stands = await standing(server, CHANNEL, "anna")  # type: ignore[arg-type]
    assert (stands.member, stands.may_post, stands.admin) == (member, may_post, admin)


async def test_what_keeps_the_bot_from_writing() -> None:
    assert await obstacle(Server(), "room") is None  # type: ignore[arg-type]
    assert await obstacle(Server(roles_in_channel=None), "room") is Obstacle.REMOVED  # type: ignore[arg-type]
    assert await obstacle(Server(granting=set()), "room") is Obstacle.MUTED  # type: ignore[arg-type]
