"""How much is measured: the sizes that the goals speak of, or a handful to see that the measuring itself works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes of everything.

    Attributes:
        accounts: Idle accounts, a run for each number.
        idle_seconds: How long each of these runs is watched.
        first_looks: Accounts that are looked at for the first time.
        messages: Messages and reminders that are due at the same second.
        people: People with stored meetings, and how many meetings each of them has.
        veteran_meetings: Meetings of one person more, who has been here for years.
        questions: How often each question is asked.
        events: Events in the calendar of which one changes.
        incidents: Incidents of a desk.
        poles: Poles of a register, and the base stations on them.
        letters: Letters that wait in a mailbox.
        runs: How often a measurement is repeated for its median.
    """

    accounts: tuple[int, ...]
    idle_seconds: float
    first_looks: int
    messages: int
    people: int
    meetings: int
    veteran_meetings: int
    questions: int
    events: int
    poles: int
    stations: int
    incidents: int
    letters: int
    runs: int


FULL = Scale(
    accounts=(100, 1_000, 10_000),
    idle_seconds=30,
    first_looks=300,
    messages=10_000,
    people=10_000,
    meetings=100,
    veteran_meetings=20_000,
    questions=1_000,
    events=2_000,
    poles=60_000,
    stations=100_000,
    incidents=100_000,
    letters=1_000,
    runs=5,
)
QUICK = Scale(
    accounts=(20,),
    idle_seconds=1,
    first_looks=5,
    messages=30,
    people=10,
    meetings=10,
    veteran_meetings=20,
    questions=5,
    events=5,
    poles=20,
    stations=30,
    incidents=50,
    letters=6,
    runs=1,
)
