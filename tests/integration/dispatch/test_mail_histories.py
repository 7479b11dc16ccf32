"""Random histories of a mailbox: whatever happens to it, to the line and to the process, each letter is here once.

Letters arrive, are removed by people, are moved out and back in; the folder is numbered anew; connections break off
at any byte; Sekretar starts, reads for a while and dies. In the end there is one quiet look. The slow reference is
the list of what was delivered.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from random import Random

import pytest
from tests.acceptance.waiting import until
from tests.integration.dispatch.mail_house import House, at, letter, new_address, subject_of
from tests.integration.dispatch.odd_imap import OddImap
from tests.peers_mail import Line, line_to

from sekretar.kernel.database import Database

STEPS = 25


@dataclass
class History:
    """What happens to a mailbox, and what was delivered to it."""

    chance: Random
    server: OddImap
    line: Line
    here: House
    delivered: list[str] = field(default_factory=list)
    #: Somebody removed them, perhaps before they could be read.
    removed: set[str] = field(default_factory=set)

    async def happen(self) -> None:
        step = self.chance.choice(
            [
                self.deliver,
                self.deliver,
                self.remove,
                self.move_and_return,
                self.renumber,
                self.read,
                self.read,
            ]
        )
        await step()

    async def deliver(self) -> None:
        for _ in range(self.chance.randint(1, 6)):
            subject = f"letter {len(self.delivered)}"
            self.delivered.append(subject)
            self.server.put(letter(subject, "x" * self.chance.randint(0, 3_000)))

    async def remove(self) -> None:
        if self.server.letters:
            uid = self.chance.choice(sorted(self.server.letters))
            self.removed.add(subject_of(self.server.letters.pop(uid)))

    async def move_and_return(self) -> None:
        if self.server.letters:
            self.server.put(self.server.letters.pop(self.chance.choice(sorted(self.server.letters))))

    async def renumber(self) -> None:
        self.server.number_anew()

    async def read(self) -> None:
        """A life of the process, over a line that lasts for some thousand bytes."""
        self.line.breaks_after, breaks = self.chance.randint(100, 12_000), self.line.breaks
        async with self.here.reading():
            await until(partial(self.has_got_anywhere, breaks), what="a break or the end of a look")

    def has_got_anywhere(self, breaks: int) -> bool:
        return self.line.breaks > breaks or self.here.standing.read_at is not None


@pytest.mark.parametrize("seed", range(4))
async def test_each_letter_is_here_once(database: Database, seed: int) -> None:
    async with OddImap().running() as server:
        with line_to(server.port) as line:
            here = House(database, (at(line.port, new_address()),))
            history = History(Random(seed), server, line, here)
            for _ in range(STEPS):
                await history.happen()
            line.breaks_after = None
            await here.read_once()
    stored = Counter(await here.subjects())
    assert set(stored.values()) == {1}
    assert set(history.delivered) - history.removed <= set(stored) <= set(history.delivered)
    assert line.breaks, "some lines broke"
