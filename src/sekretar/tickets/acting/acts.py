"""What is done to a ticket by a click, with the tracker's own eyes on whoever clicks.

An act is harmless when it is repeated: what is so already is said and not written. Where somebody else has changed
the same field since the ticket was shown, nothing is written and the ticket is shown as it is now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sekretar.kernel.errors import PeerForbidden, PeerNotFound
from sekretar.tickets.remarks import Remark
from sekretar.trackers.errors import (
    ChangedMeanwhile,
    FateUnknown,
    IllegalTransition,
    InvalidFields,
)
from sekretar.trackers.port import Tracker
from sekretar.trackers.requests import Change, TimeSpent
from sekretar.trackers.values import (
    Details,
    Field,
    Member,
    Ticket,
    TicketRef,
    Transition,
    Written,
)


@dataclass(frozen=True)
class Done:
    """What became of an act. `ignored` are the fields that the tracker accepted and did not take over."""

    remark: Remark
    worked: bool = True
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Needed:
    """The fields without which a step cannot be taken (`Field` or `CustomField.key`)."""

    fields: frozenset[str]


CHANGED = Done(Remark("tickets.acting.changed"), worked=False)


async def look(eyes: Tracker, ref: TicketRef) -> tuple[Details, tuple[Transition, ...]]:
    """The ticket and the steps that are offered."""
    return await asyncio.gather(eyes.details(ref), _steps(eyes, ref))


async def _steps(eyes: Tracker, ref: TicketRef) -> tuple[Transition, ...]:
    try:
        return await eyes.transitions(ref)
    except (PeerForbidden, PeerNotFound):
        return ()


async def assign(eyes: Tracker, ref: TicketRef, member: Member, seen: str) -> Done:
    """Give the ticket to somebody. `seen` is the id of whose it was when it was shown, empty for nobody."""
    ticket = await eyes.show(ref)
    present = ticket.assignee.id if ticket.assignee else ""
    if present == member.id:
        return Done(Remark("tickets.acting.assigned_already", {"name": member.name}))
    if present != seen:
        return CHANGED
    return await _write(
        eyes, ticket, Change(assignee=member.id), Remark("tickets.acting.assigned", {"name": member.name})
    )


async def set_due(eyes: Tracker, ref: TicketRef, day: date | None, seen: str) -> Done:
    """Set the last day, or none. `seen` is the one that it had when it was shown, in ISO 8601, empty for none."""
    ticket = await eyes.show(ref)
    present = ticket.due.isoformat() if ticket.due else ""
    done = Remark("tickets.acting.due_set" if day else "tickets.acting.due_cleared")
    if ticket.due == day:
        return Done(done)
    if present != seen:
        return CHANGED
    return await _write(eyes, ticket, Change(due=day), done)


async def _write(eyes: Tracker, ticket: Ticket, change: Change, done: Remark) -> Done:
    try:
        written: Written = await eyes.change(ticket.ref, change, ticket.version)
    except ChangedMeanwhile:
        return CHANGED
    if written.ignored:
        refused = Remark("tickets.acting.not_taken", {"tracker": ticket.ref.tracker})
        return Done(refused, worked=False, ignored=written.ignored)
    return Done(done)


async def step(
    eyes: Tracker,
    ref: TicketRef,
    step_id: str,
    comment: str = "",
    values: Mapping[str, tuple[str, ...]] | None = None,
) -> Done | Needed:
    """Take a step of the workflow. What it wants besides is returned, and raised when it was given and is wrong.

    Raises:
        InvalidFields: the values that were given are not accepted.
    """
    offered = {each.id: each for each in await eyes.transitions(ref)}
    if step_id not in offered:
        return Done(Remark("tickets.acting.no_such_step"), worked=False)
    wanted = offered[step_id].required - set(values or ())
    if Field.COMMENT in wanted and comment:
        wanted -= {Field.COMMENT}
    if wanted:
        return Needed(frozenset(offered[step_id].required))
    try:
        ticket = await eyes.transition(ref, step_id, comment, values)
    except IllegalTransition:
        return Done(Remark("tickets.acting.no_such_step"), worked=False)
    except ChangedMeanwhile:
        return CHANGED
    except InvalidFields as error:
        named = frozenset(problem.field for problem in error.problems if problem.field)
        if values or not named:
            raise
        return Needed(named)
    return Done(Remark("tickets.acting.stepped", {"status": ticket.status.name}))


async def comment(eyes: Tracker, ref: TicketRef, text: str) -> Done:
    """Write below the ticket. When the answer was lost, the ticket itself tells whether it is there."""
    try:
        await eyes.comment(ref, text)
    except FateUnknown:
        me, details = await asyncio.gather(eyes.me(), eyes.details(ref))
        mine = [each.text.split() for each in details.comments if each.author.id == me.member.id]
        if text.split() not in mine[-1:]:
            return Done(Remark("tickets.acting.comment_unsure"), worked=False)
    return Done(Remark("tickets.acting.commented"))


async def log_time(eyes: Tracker, ref: TicketRef, time: TimeSpent) -> Done:
    """Log work. Trackers do not tell afterwards whether it arrived, so a lost answer is said and never repeated."""
    try:
        await eyes.log_time(ref, time)
    except FateUnknown:
        return Done(Remark("tickets.acting.time_unsure"), worked=False)
    return Done(Remark("tickets.acting.time_logged"))
