"""How an incident looks in the channel of its desk, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from sekretar.dispatch.assets.values import (
    AssetCard,
    ContractorCard,
    OperatorCard,
    PoleCard,
    StationCard,
)
from sekretar.dispatch.chat.card import CardView, card
from sekretar.dispatch.chat.clock import changes_at, clock_line
from sekretar.dispatch.chat.thread import is_told, told
from sekretar.dispatch.incidents.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Applicant,
    Event,
    EventKind,
    Incident,
    IncidentType,
    LinkKind,
    Origin,
    Status,
)
from sekretar.dispatch.incidents.workflow import moves
from sekretar.dispatch.sla.clocks import SlaState
from sekretar.dispatch.sla.reading import ClockView, IncidentSla
from sekretar.dispatch.telling import Reader
from sekretar.kernel.i18n import Catalogues, Translator
from sekretar.mattermost.messages import Button, Message, Select, flatten

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
INCIDENT = Incident(
    id=1,
    desk="towers",
    code="NT-7",
    number=7,
    opened_at=NOW - timedelta(hours=1),
    created_at=NOW,
    updated_at=NOW,
    status=Status.NEW,
    finished_at=None,
    type_id=None,
    responsible_id=None,
    pole_id=1,
    station_id=2,
    contractor_id=3,
    applicant=Applicant("Иван *Петров*", "ivan@operator.example"),
    summary="Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1 @all",
    description="Просьба проверить питание.\n# срочно",
    origin=Origin.LETTER,
    language="ru",
    unread=True,
    version=1,
)
POLE = PoleCard(
    1, "41960-P-43-1-1", "", "", "Kirov", "Кировская обл.", "Киров, ул. Ленина, 1", "", "", 58.6, 49.66, False
)
ASSET = AssetCard(
    POLE,
    StationCard(2, "KI0075", (OperatorCard("Т2", ""), OperatorCard("МТС", "")), False),
    ContractorCard(3, "ООО «Мачта»", ("mast@example.org",), (), True, False, False),
)
FIBRE = IncidentType(4, "towers", "Авария ВОЛС", "", 1440, True, 1)
UNKNOWN = ClockView(SlaState.UNKNOWN)
VIEW = CardView(
    INCIDENT,
    None,
    (FIBRE,),
    AssetCard(),
    "",
    (),
    IncidentSla(UNKNOWN, UNKNOWN, UNKNOWN),
    ZoneInfo("Europe/Moscow"),
)


@pytest.fixture(params=["ru", "en"])
def t(request: pytest.FixtureRequest) -> Translator:
    return Catalogues.load().translator(request.param)


def shown(message: Message) -> str:
    pressed = [[action.label for action in each.actions] for each in message.attachments]
    return f"{flatten(message)}\n{pressed}"


def test_a_new_one(t: Translator, snapshot: SnapshotAssertion) -> None:
    assert shown(card(VIEW, t, NOW)) == snapshot


def test_one_with_everything(t: Translator, snapshot: SnapshotAssertion) -> None:
    incident = replace(INCIDENT, status=Status.APPLICANT_NOTIFIED, responsible_id=5, type_id=4, unread=False)
    running = ClockView(SlaState.RUNNING, NOW + timedelta(hours=23), left=timedelta(hours=23))
    soon = ClockView(SlaState.SOON, NOW + timedelta(minutes=48), left=timedelta(minutes=48))
    view = replace(
        VIEW,
        incident=incident,
        type=FIBRE,
        asset=ASSET,
        responsible="Анна Ким",
        sla=IncidentSla(running, UNKNOWN, soon),
    )
    assert shown(card(view, t, NOW)) == snapshot


@pytest.mark.parametrize("status", list(Status))
def test_every_legal_move_is_offered_once_and_no_other(status: Status) -> None:
    message = card(
        replace(VIEW, incident=replace(INCIDENT, status=status)), Catalogues.load().translator("ru"), NOW
    )
    offered = []
    for action in (action for each in message.attachments[1:] for action in each.actions):
        if isinstance(action, Select):
            offered += [choice.value for choice in action.choices]
        elif isinstance(action, Button) and "to" in action.record:
            offered.append(str(action.record["to"]))
        elif isinstance(action, Button) and "letter" in action.record:
            offered.append(
                {"accepted": "notifying_applicant", "handed_over": "handing_over"}.get(
                    str(action.record["letter"]), "notifying_closure"
                )
            )
    taken = [Status.IN_PROGRESS] if status is Status.NEW else []
    assert sorted(offered) == sorted(each.value for each in moves(status) if each not in taken)


def test_what_the_thread_says_of_everything_that_happens(t: Translator, snapshot: SnapshotAssertion) -> None:
    anna = Actor(ActorKind.PERSON, "Анна_Ким", 5)
    lines = []
    for kind in EventKind:
        old, new = ("new", "in_progress") if kind is EventKind.STATUS else ("было", "стало *x*")
        if kind in (EventKind.LINKED, EventKind.UNLINKED):
            old, new = LinkKind.DUPLICATE.value, "NT-3"
        event = Event(1, NOW, kind, anna, old, new, "потому что\n> так")
        if is_told(event):
            lines.append(flatten(told(event, t)))
    emptied = (EventKind.TYPE, EventKind.RESPONSIBLE, EventKind.POLE, EventKind.CONTRACTOR)
    lines += [flatten(told(Event(1, NOW, kind, SYSTEM, "было", ""), t)) for kind in emptied]
    assert "\n".join(lines) == snapshot


def test_every_state_of_a_clock(t: Translator, snapshot: SnapshotAssertion) -> None:
    reader, hour = Reader(t, ZoneInfo("Europe/Moscow"), NOW), timedelta(hours=1)
    clocks = [
        ClockView(SlaState.UNKNOWN),
        ClockView(SlaState.RUNNING, NOW + 30 * hour, left=30 * hour),
        ClockView(SlaState.RUNNING, NOW + 3.4 * hour, left=3.4 * hour),
        ClockView(SlaState.RUNNING, None, paused=True, left=2 * hour),
        ClockView(SlaState.SOON, NOW + hour / 120, left=hour / 120),
        ClockView(SlaState.OVERDUE, NOW - 2.2 * hour, late=2.2 * hour),
        ClockView(SlaState.IN_TIME, NOW),
        ClockView(SlaState.LATE, NOW - hour, stopped_at=NOW, late=hour),
    ]
    assert "\n".join(clock_line(each, reader) for each in clocks) == snapshot


@pytest.mark.parametrize("state", [SlaState.RUNNING, SlaState.SOON, SlaState.OVERDUE])
@given(seconds=st.integers(1, 5 * 86_400))
def test_a_card_is_looked_at_again_exactly_when_its_words_change(state: SlaState, seconds: int) -> None:
    t = Catalogues.load().translator("en")
    late = state is SlaState.OVERDUE
    deadline = NOW + timedelta(seconds=-seconds if late else seconds)

    def words(now: datetime) -> str:
        away = abs(deadline - now)
        view = ClockView(state, deadline, left=None if late else away, late=away if late else None)
        return clock_line(view, Reader(t, ZoneInfo("UTC"), NOW))

    clock = ClockView(state, deadline)
    again = changes_at(clock, NOW)
    assert again is not None
    assert again > NOW
    if late or again < deadline:
        assert words(again - timedelta(seconds=1)) == words(NOW)
        assert words(again) != words(NOW)


def test_a_clock_that_stands_still_changes_no_card() -> None:
    assert changes_at(ClockView(SlaState.RUNNING, NOW, paused=True), NOW) is None
    assert changes_at(ClockView(SlaState.LATE, NOW), NOW) is None
    assert changes_at(ClockView(SlaState.UNKNOWN), NOW) is None
