"""No server is asked more than it bears, and none takes the places of the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sekretar.calendars.sync.courtesy import LONGEST_REST, MOST_PER_HOST, PROBES, Courtesy
from sekretar.kernel.errors import PeerDown, PeerLimited, PeerRefused

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
HOST = "https://cal.example/"
MOST = 800
DOWN, LIMITED = PeerDown("cal"), PeerLimited("cal", retry_after=timedelta(minutes=10))


def courtesy() -> Courtesy:
    return Courtesy(chance=lambda: 0.5)


def room(made: Courtesy, now: datetime = NOW, **places: int) -> int:
    return made.room(HOST, Counter(places), MOST, now)


def test_one_host_with_thousands_of_accounts_has_its_share() -> None:
    assert room(courtesy()) == MOST_PER_HOST


@given(st.lists(st.integers(1, 10_000), max_size=9))
def test_however_many_accounts_dead_hosts_have_there_is_a_place_left(sizes: list[int]) -> None:
    made, places = courtesy(), Counter[str]()
    for number, size in enumerate(sizes):
        while places[str(number)] < min(size, made.room(str(number), places, MOST, NOW)):
            places[str(number)] += 1
    assert places.total() < MOST
    assert made.room("one that works", places, MOST, NOW) > 0


def test_a_silent_host_keeps_a_few_places_until_it_answers() -> None:
    made = courtesy()
    rooms = []
    for _ in range(12):
        made.failed(HOST, 1, DOWN, NOW)
        rooms.append(room(made))
    assert rooms == sorted(rooms, reverse=True)
    assert rooms[-1] == PROBES
    made.answered(HOST)
    assert room(made) == MOST_PER_HOST


def test_a_refused_password_is_an_answer() -> None:
    made = courtesy()
    made.failed(HOST, 1, DOWN, NOW)
    made.failed(HOST, 2, PeerRefused("cal"), NOW)
    assert room(made) == MOST_PER_HOST


def test_who_alone_is_refused_does_not_keep_the_others() -> None:
    made = courtesy()
    for _ in range(3):
        made.failed(HOST, 1, LIMITED, NOW)
    assert room(made) > 0
    assert made.next_end_of_rest(NOW) is None


def test_a_host_that_refuses_several_is_left_alone_as_long_as_it_asks() -> None:
    made = courtesy()
    made.failed(HOST, 1, LIMITED, NOW)
    made.failed(HOST, 2, LIMITED, NOW)
    until = made.next_end_of_rest(NOW)
    assert until is not None
    assert NOW + timedelta(minutes=10) <= until <= NOW + timedelta(minutes=11)
    assert room(made, NOW + timedelta(minutes=9)) == 0
    assert room(made, until) > 0
    assert HOST in made.strained()


def test_no_host_rests_for_ever() -> None:
    made = courtesy()
    for account in (1, 2):
        made.failed(HOST, account, PeerLimited("cal", retry_after=timedelta(days=1)), NOW)
    assert (made.next_end_of_rest(NOW) or NOW) <= NOW + LONGEST_REST * 1.1


async def test_after_a_refusal_questions_come_with_gaps_that_shrink() -> None:
    made, loop = courtesy(), asyncio.get_running_loop()
    begin = loop.time()
    await asyncio.gather(*(made.turn(HOST) for _ in range(100)))
    assert loop.time() - begin < 0.1, "nobody waits before there is a reason to"
    made.failed(HOST, 1, LIMITED, NOW)
    begin = loop.time()
    await asyncio.gather(*(made.turn(HOST) for _ in range(4)))
    assert loop.time() - begin >= 0.29
    for _ in range(50):
        made.answered(HOST)
    assert made.strained() == set()
    begin = loop.time()
    await asyncio.gather(*(made.turn(HOST) for _ in range(4)))
    assert loop.time() - begin < 0.1
