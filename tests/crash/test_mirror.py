"""kill -9 between an incident and its ticket, in both directions: nothing is there twice, nothing is missing."""

from __future__ import annotations

import itertools
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from tests import peers
from tests.crash import mirror_child
from tests.crash.mirror_child import Scene
from tests.crash.victims import end_of
from tests.integration.dispatch.mirror_house import REDMINE, YANDEX, add_fields
from tests.integration.tickets.houses import House, YandexHouse, redmine_house, yandex_house
from tests.peers_redmine import Redmine, installed, running_redmine

from sekretar.dispatch.incidents.model import EventRow, IncidentRow
from sekretar.dispatch.incidents.values import ActorKind, EventKind, Origin, Status
from sekretar.dispatch.mirror.model import MirrorRow
from sekretar.kernel.database import Database
from sekretar.trackers.requests import Change, Draft, Openness, Order, Query
from sekretar.trackers.values import Ticket, TicketRef

_HAND = "Found by hand"
#: What she finds out about it.
TYPE = "Авария ВОЛС"
_desks = itertools.count(1)


@pytest.fixture(scope="module")
def redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redmine]:
    if not installed():
        peers.missing("Redmine", "install the packages redmine, redmine-sqlite and puma")
    with running_redmine(tmp_path_factory.mktemp("redmine")) as running:
        yield running


@pytest.fixture
async def yandex() -> AsyncIterator[YandexHouse]:
    async with yandex_house() as house:
        add_fields(house)
        yield house


def scene(database_url: str, house: House, mirror: dict[str, Any], **more: Any) -> Scene:
    settings = {"kind": house.site.kind.value, "name": "main", "url": str(house.way.url).rstrip("/")}
    desk = {
        "name": "towers",
        # Redmine lives on, and knows the tickets of an earlier desk by the codes of their incidents.
        "prefix": f"NT{next(_desks)}",
        "channel": "work/desk",
        "mirror": {"tracker": "main", **mirror},
    }
    return Scene(database_url, desk, {**settings, **more}, every_commit=False)


async def test_yandex(database: Database, database_url: str, yandex: YandexHouse) -> None:
    place = scene(database_url, yandex, YANDEX, key="token-service", org_id="1")
    await mirror_child.live(place, 1, 0, 0)
    between = await die_often(place, yandex, 2, stride=1)
    # Five writes, each with a moment before and one after.
    assert between > 10
    lives = await die_often(replace(place, every_commit=True), yandex, between + 1, stride=9)
    assert lives > between + 4
    await check(database, yandex, lives, "type")


# What differs between the databases is seen with the other tracker, which is quicker.
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_redmine(database: Database, database_url: str, redmine: Redmine) -> None:
    async with redmine_house(redmine) as house:
        mirror = {**REDMINE, "fields": {"type": "Contract"}}
        place = scene(database_url, house, mirror, key=redmine.key("admin"))
        before = {each.ref.key for each in await everything(house)}
        await mirror_child.live(place, 1, 0, 0)
        # After each write, before it is known here.
        lives = await die_often(place, house, 2, stride=2, last_step=2)
        assert lives > 5
        await check(database, house, lives, "Contract", before)


async def die_often(place: Scene, house: House, first: int, stride: int, last_step: int = 1) -> int:
    """Die at one step after another; returns the number of the last letter, with which nobody died."""
    for number in range(first, 200):
        await by_hand(house, number)
        status = await end_of(mirror_child.main, place, number, 2 * number, last_step)
        if status == 0:
            return number
        assert status == -signal.SIGKILL
        await mirror_child.live(place, number, 2 * number + 1, 0)
        last_step += stride
    pytest.fail("the victim never came to its end")


async def by_hand(house: House, number: int) -> None:
    """Anna makes a ticket, and works on the one of an earlier letter."""
    anna = house.site.owner(house.keys["anna"])
    draft = Draft(house.projects["desk"], f"{_HAND} {number}", house.types["plain"])
    await anna.create(draft, f"hand {number} {house.way.url}")
    earlier = [each for each in await everything(house) if each.subject == f"No power at mast {number - 1}"]
    typed = {each.id: (TYPE,) for each in earlier[-1].custom if each.name in ("type", "Contract")}
    await anna.change(earlier[-1].ref, Change(subject=f"Anna looks at mast {number - 1}", custom=typed))


async def everything(house: House) -> list[Ticket]:
    """Every ticket of the desk, oldest first."""
    query = Query(project=house.projects["desk"], openness=Openness.ANY, order=Order.RECENT, limit=100)
    found: list[Ticket] = []
    page: str | None = None
    while True:
        some = await house.site.service().find(query, page)
        found += some.items
        if some.next is None:
            return sorted(found, key=lambda each: (each.created, len(each.ref.key), each.ref.key))
        page = some.next


async def check(
    database: Database, house: House, lives: int, field: str, before: frozenset[str] | set[str] = frozenset()
) -> None:
    """Each letter has one incident with one ticket, and each ticket of Anna's is one incident."""
    tickets = {each.ref.key: each for each in await everything(house) if each.ref.key not in before}
    async with database.reading() as session:
        incidents = (await session.scalars(select(IncidentRow).order_by(IncidentRow.id))).all()
        mirrors = {row.incident_id: row for row in await session.scalars(select(MirrorRow))}
        told = Counter(
            (await session.execute(
                select(EventRow.incident_id).where(EventRow.kind == EventKind.MIRROR)
            )).scalars()
        )  # fmt: skip
        found_out = Counter(
            (await session.execute(
                select(EventRow.incident_id).where(
                    EventRow.kind == EventKind.TYPE, EventRow.actor_kind == ActorKind.TRACKER
                )
            )).scalars()
        )  # fmt: skip
    of_letters = [each for each in incidents if each.origin == Origin.LETTER]
    of_hand = [each for each in incidents if each.origin == Origin.TRACKER]
    assert [each.summary for each in of_letters] == [f"No power at mast {n}" for n in range(1, lives + 1)]
    assert sorted(each.summary for each in of_hand) == sorted(f"{_HAND} {n}" for n in range(2, lives + 1))
    assert {row.key for row in mirrors.values()} == set(tickets)
    assert len(tickets) == len(incidents)
    assert told == Counter({each.id: 1 for each in of_letters})
    assert found_out == Counter({each.id: 1 for each in of_letters[:-1]})
    for number, incident in enumerate(of_letters, 1):
        assert incident.status == Status.IN_PROGRESS
        details = await house.site.service().details(TicketRef("main", mirrors[incident.id].key or ""))
        subject = f"Anna looks at mast {number}" if number < lives else incident.summary
        assert details.ticket.subject == subject
        assert details.ticket.status.name in ("In Progress", "В работе")
        [shown] = [each.values for each in details.ticket.custom if each.name == field]
        assert (shown == (TYPE,)) == (number < lives)
        assert f"Words of first{number}." in details.ticket.description
        assert [f"Words of second{number}." in each.text for each in details.comments] == [True]
