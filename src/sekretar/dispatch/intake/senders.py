"""Who wrote a letter: a person or a machine, and what they have to do with an incident."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sekretar.dispatch.intake.threads import Relation, Writer
from sekretar.dispatch.mail.letter import Address, MachineSign, ParsedLetter

#: Where everybody has a mailbox: sharing such a domain means nothing.
_PROVIDERS: Final = (
    "gmail.com googlemail.com mail.ru bk.ru inbox.ru list.ru internet.ru xmail.ru yandex.ru ya.ru yandex.com"
    " yandex.by yandex.kz narod.ru rambler.ru lenta.ru ro.ru autorambler.ru myrambler.ru outlook.com outlook.ru"
    " hotmail.com live.com live.ru msn.com icloud.com me.com mac.com yahoo.com ymail.com aol.com proton.me"
    " protonmail.com gmx.com gmx.de web.de zoho.com vk.com sibmail.com ngs.ru e1.ru tut.by ukr.net mail.com"
)
_PUBLIC: Final = frozenset(_PROVIDERS.split())

#: Signs of machines that write because a letter reached them.
_RESPONDING: Final = frozenset({MachineSign.AUTORESPONDER, MachineSign.RECEIPT, MachineSign.BOUNCE})


def writer_of(letter: ParsedLetter) -> Writer:
    """Who or what wrote the letter. A subject alone makes nobody a machine."""
    if letter.bounce is not None or letter.receipt is not None:
        return Writer.RESPONDER
    machine = letter.machine
    if machine is None or not machine.is_certain or letter.web_form is not None:
        return Writer.PERSON
    replied = machine.value.strip().casefold().replace("_", "-").startswith(("auto-replied", "auto-reply"))
    return Writer.RESPONDER if machine.sign in _RESPONDING or replied else Writer.MACHINE


def addresses_in(letter: ParsedLetter) -> frozenset[str]:
    """Everybody who wrote the letter or got it openly, in small letters."""
    form = letter.web_form
    named = (letter.sender, letter.applicant, *letter.reply_to, *letter.to, *letter.cc)
    return frozenset(each.key for each in (*named, *(form.observers if form else ())) if each.key)


def relation_of(
    sender: Address, own: Collection[str], contractors: Collection[str], participants: Collection[str]
) -> Relation:
    """What a sender has to do with an incident.

    Args:
        sender: Of the letter.
        own: Addresses of the desk.
        contractors: Addresses of contractors.
        participants: Addresses in letters of the incident. All of them are in small letters.
    """
    if sender.key in own:
        return Relation.AGENT
    if _belongs(sender, contractors):
        return Relation.CONTRACTOR
    # Colleagues in the house of the desk have to do with all of its incidents.
    return Relation.PARTICIPANT if _belongs(sender, {*participants, *own}) else Relation.STRANGER


def _belongs(sender: Address, addresses: Collection[str]) -> bool:
    if not sender.key:
        return False
    if sender.key in addresses:
        return True
    domain = sender.domain
    return bool(domain) and domain not in _PUBLIC and any(each.endswith(f"@{domain}") for each in addresses)
