"""A desk whose mailbox stands as the test says, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from tests.integration.dispatch.house import House

from sekretar.dispatch.mail.mailboxes import Standing
from sekretar.dispatch.mail.trouble import MailboxTrouble, TroubleKind

MAILBOX = "desk@towers.example"


@dataclass
class Watch:
    """A house whose mailbox is as the test says."""

    house: House
    standing: Standing = field(default_factory=lambda: Standing("towers", MAILBOX))

    def in_trouble(self, kind: TroubleKind, detail: str = "no", times: int = 2) -> None:
        now = self.house.clock.now()
        trouble = MailboxTrouble(kind, detail, now, times, now + timedelta(minutes=1))
        self.standing = replace(self.standing, trouble=trouble)

    def read(self) -> None:
        self.standing = replace(self.standing, trouble=None, read_at=self.house.clock.now())

    async def after(self, by: timedelta = timedelta()) -> list[str]:
        """What is said when the job runs so much later."""
        self.house.clock.advance(by)
        before = len(await self.said())
        await self.house.dispatch.operations.alarms.run()
        return (await self.said())[before:]

    async def said(self) -> list[str]:
        return [each["message"] for each in await self.house.posts()]
