"""A process in which letters become incidents, and which is killed in the middle: the victim of `test_incidents`."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.crash.outbox_child import Fate
from tests.integration.dispatch.house import NOW, House, open_house

from sekretar.dispatch.assignment.settings import AssignmentSettings
from sekretar.dispatch.mail import noting
from sekretar.dispatch.mail.model import Direction
from sekretar.dispatch.settings import DeskSettings
from sekretar.kernel.database import Database

DESK = DeskSettings(
    name="towers",
    prefix="NT",
    channel="work/desk",
    assignment=AssignmentSettings(shifts=False, presence=False),
)
_MAILBOX, _FOLDER = "desk@example.test", "INBOX"
_HEADER = """\
From: Ivan <ivan@operator.test>
To: desk@example.test
Subject: No power at mast {subject}
Message-ID: <{uid}@operator.test>
{references}Date: Wed, 04 Mar 2026 09:00:00 +0000

"""


async def live(url: str, last_uid: int, last_step: int) -> None:
    """Go through all that is done with the letters up to this number, or die at that step."""
    fate = Fate(last_step)
    database = Database.open(url)
    async with open_house(database, DESK) as house:
        fate.follow(database)
        await read(house, last_uid)
        await house.dispatch.intake.run()
        await house.dispatch.assigning.run()
        await house.dispatch.cards.show_due()
    await database.close()


async def read(house: House, last_uid: int) -> None:
    """What a mailbox has above the cursor becomes part of the database, as `Reader` does it."""
    async with house.database.reading() as session:
        known = await noting.cursor_of(session, _MAILBOX, _FOLDER)
    first = known.last_uid + 1 if known else 1
    letters = [_letter(uid) for uid in range(first, last_uid + 1)]
    cursor = noting.Cursor(_MAILBOX, _FOLDER, "imap", 1, last_uid, 0, NOW)
    if letters:
        async with house.database.transaction() as session:
            await noting.note(session, DESK.name, Direction.IN, cursor, letters, NOW)


def is_answer(uid: int) -> bool:
    """Whether the letter with this number answers the one before it; all others tell of something new."""
    return uid % 3 == 0


def _letter(uid: int) -> noting.Fetched:
    answered = uid - 1 if is_answer(uid) else uid
    references = f"References: <{answered}@operator.test>\n" if is_answer(uid) else ""
    said = _HEADER.format(subject=answered, uid=uid, references=references)
    header, body = said.replace("\n", "\r\n").encode(), b"Please look.\r\n"
    return noting.Fetched(uid, header, body, len(header) + len(body), NOW)


def main(*arguments: Any) -> None:
    asyncio.run(live(*arguments))
