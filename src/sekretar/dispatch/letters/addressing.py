"""To whom letters go. Nobody gets one twice, and the desk does not write to itself but for its copy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from sekretar.dispatch.letters.values import Filed, Matter
from sekretar.dispatch.mail.counters import is_no_reply
from sekretar.dispatch.mail.letter import Address
from sekretar.dispatch.mail.wire import is_wire_address
from sekretar.kernel.errors import PersonError

#: More recipients than this are no conversation but a mailing list. Servers that take fewer at once put the others
#: off, and those get it later.
MOST = 500


def first_letter(matter: Matter) -> Filed | None:
    """The letter that told of it."""
    return next((each for each in matter.letters if not each.is_ours and not _is_machine(each)), None)


def last_letter(matter: Matter) -> Filed | None:
    """The letter that waits for an answer: the last one of a person outside."""
    coming = (each for each in reversed(matter.letters) if not each.is_ours)
    return next((each for each in coming if not _is_machine(each)), None)


def applicant(matter: Matter, own: Collection[str]) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """To: the applicant. Cc: whom the first letter went to besides the desk.

    Raises:
        PersonError: `dispatch.letters.no_applicant`, nobody is known who could be written to.
    """
    to = _distinct([matter.applicant], own)
    if not to:
        raise PersonError("dispatch.letters.no_applicant", code=matter.code)
    first = first_letter(matter)
    return to, _others(first, to, own) if first else ()


def contractor(matter: Matter, own: Collection[str]) -> tuple[Address, ...]:
    """Every address of the contractor.

    Raises:
        PersonError: no asset is set, no contractor is known, it has no address, or it is not under contract.
    """
    if not matter.place.pole:
        raise PersonError("dispatch.letters.no_pole", code=matter.code)
    name = matter.contractor.name
    if matter.contractor.excluded:
        raise PersonError("dispatch.letters.excluded", contractor=name, pole=matter.place.pole)
    to = _distinct((Address(name, address) for address in matter.contractor.emails), own)
    if not to and not name:
        raise PersonError("dispatch.letters.no_contractor", pole=matter.place.pole)
    if not to:
        raise PersonError("dispatch.letters.no_contractor_address", contractor=name)
    return to


def answer(
    matter: Matter, answered: Filed | None, own: Collection[str]
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """To: who wrote the letter, or whom a letter of ours went to. Cc: everybody else in it.

    Raises:
        PersonError: there is nobody.
    """
    if answered is None:
        return applicant(matter, own)
    letter = answered.letter
    writers = letter.to if answered.is_ours else letter.reply_to or (letter.applicant,)
    to = _distinct(writers, own)
    if not to:
        return applicant(matter, own)
    return to, _others(answered, to, own)


def checked(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """The addresses, each once.

    Raises:
        PersonError: one of them is no address a letter can go to, or they are too many.
    """
    distinct = tuple({each.key: each for each in addresses}.values())
    for each in distinct:
        if not is_wire_address(each.address):
            raise PersonError("dispatch.letters.bad_address", address=each.address)
    if len(distinct) > MOST:
        raise PersonError("dispatch.letters.too_many", most=MOST)
    return distinct


def typed(text: str) -> tuple[Address, ...]:
    """The addresses that a person wrote, one after the other: `anna@a.test; Boris <boris@b.test>`.

    Raises:
        PersonError: one of them is no address a letter can go to, or they are too many.
    """
    return checked(_read(each.strip()) for each in re.split(r"[,;\n]", text) if each.strip())


def shown(addresses: Sequence[Address], longest: int) -> tuple[str, tuple[Address, ...]]:
    """The addresses for a field of a form with room for so many characters, as `typed` reads them; and the rest.

    Where there is no room for their names, they stand without; and never half of an address, for that may be the
    address of somebody else.
    """
    people = [replace(each, name=re.sub(r"[,;<>\n]", " ", each.name)) for each in addresses]
    for written in ([str(each) for each in people], bare := [each.address for each in people]):
        if len(whole := ", ".join(written)) <= longest:
            return whole, ()
    ends = accumulate(len(address) + 2 for address in bare)
    fitting = sum(end - 2 <= longest for end in ends)
    return ", ".join(bare[:fitting]), tuple(addresses[fitting:])


def _read(text: str) -> Address:
    found = re.fullmatch(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>", text)
    if found is None:
        return Address("", text)
    return Address(found["name"].strip(' "'), found["address"].strip())


def _others(letter: Filed, to: Iterable[Address], own: Collection[str]) -> tuple[Address, ...]:
    known = {each.key for each in to} | set(own)
    named = (each for each in letter.letter.recipients if not is_no_reply(each.address))
    return _distinct([*named, *_observers(letter)], known)


def _observers(letter: Filed) -> tuple[Address, ...]:
    form = letter.letter.web_form
    return form.observers if form else ()


def _distinct(addresses: Iterable[Address], without: Collection[str]) -> tuple[Address, ...]:
    found: dict[str, Address] = {}
    for each in addresses:
        if each.key not in without and is_wire_address(each.address):
            found.setdefault(each.key, each)
    return tuple(found.values())


def _is_machine(filed: Filed) -> bool:
    machine = filed.letter.machine
    return filed.letter.bounce is not None or (machine is not None and machine.is_certain)
