"""Which field does Redmine complain about? It says so only in words of the account's own language.

So the words are not read, they are provoked: the same ticket is offered again without a subject, which Redmine
never stores, each time with one field left out (or, for a field that nobody filled, filled in). The field whose
absence makes a complaint vanish is the one that it was about. What the account's language or the house's
translation is does not matter, nor whether the complaint comes from a workflow or a plugin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sekretar.trackers.errors import FieldProblem, NotATracker
from sekretar.trackers.redmine.wire import Unprocessable, Wire
from sekretar.trackers.redmine.writing import NAMES, Body, keys_of, without
from sekretar.trackers.values import CustomField, Field

#: Offers a ticket that cannot be stored and returns the complaints.
Try = Callable[[Body], Awaitable[frozenset[str]]]

#: What makes a body impossible to store, in every Redmine.
IMPOSSIBLE: Body = {"subject": ""}

#: Fields that a workflow may require, and a value that every Redmine understands.
_FILLINGS: Body = {
    "description": "-",
    "assigned_to_id": "me",
    "start_date": "2000-01-01",
    "due_date": "2999-12-31",
    "estimated_hours": "1",
    "done_ratio": "10",
}

#: Fields that are not worth a trial: without them nothing can be tried.
_NEEDED = frozenset({Field.PROJECT, Field.TYPE, Field.SUBJECT})


async def name_faults(
    texts: tuple[str, ...], body: Body, custom: tuple[CustomField, ...], attempt: Try
) -> tuple[FieldProblem, ...]:
    """Assign each complaint about a body to a field, as far as that can be found out.

    `custom` are the custom fields that the ticket may have: a complaint begins with the name of its field, and only
    these names are the same in every language. `attempt` raises the kinds of `PeerError`.
    """
    found = {text: field.key for text in texts if (field := _named(text, custom))}
    if len(found) < len(texts):
        tried = {name: value for name, value in body.items() if name != "uploads"}
        complaints = await attempt(tried | IMPOSSIBLE)
        # What vanishes with the subject was about the subject, or about the files, which are never tried.
        about = _about_subject_or_files(body)
        found |= {text: about for text in texts if text not in found and text not in complaints}
        found |= await _by_leaving_out(set(texts) - set(found), tried, attempt)
        found |= await _by_filling_in(set(texts) - set(found), tried, attempt)
    return tuple(FieldProblem(found.get(text), text) for text in texts)


def _named(text: str, custom: tuple[CustomField, ...]) -> CustomField | None:
    """The custom field whose name begins the complaint; the longest one where names begin alike."""
    matching = [field for field in custom if text.startswith(f"{field.name} ")]
    return max(matching, key=lambda field: len(field.name), default=None)


def _about_subject_or_files(body: Body) -> str:
    return Field.FILES if body.get("uploads") and len(str(body.get("subject", ""))) <= 255 else Field.SUBJECT


async def _by_leaving_out(texts: set[str], body: Body, attempt: Try) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in keys_of(body):
        if key in _NEEDED or not texts - set(found):
            continue
        complaints = await attempt(without(body, key) | IMPOSSIBLE)
        found |= {text: key for text in texts - set(found) if text not in complaints}
    return found


async def _by_filling_in(texts: set[str], body: Body, attempt: Try) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _FILLINGS.items():
        if name in body or not texts - set(found):
            continue
        complaints = await attempt({**body, name: value, **IMPOSSIBLE})
        key = next(field.value for field, called in NAMES.items() if called == name)
        found |= {text: key for text in texts - set(found) if text not in complaints}
    return found


async def trial(wire: Wire, body: Body) -> frozenset[str]:
    """Offer a ticket that cannot be stored (`IMPOSSIBLE` is in it); returns the complaints."""
    try:
        await wire.send("POST", "/issues.json", {"issue": body})
    except Unprocessable as error:
        return frozenset(error.texts)
    raise NotATracker(wire.peer, "a ticket without a subject was accepted")
