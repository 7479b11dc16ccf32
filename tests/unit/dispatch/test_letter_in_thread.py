"""A letter as the thread of its incident shows it: above all, who wrote it and to whom it went."""

from __future__ import annotations

import pytest
from tests.unit.dispatch.letters_known import ANNA, BORIS, DESK, letter

from sekretar.dispatch.chat.letters import letter_message
from sekretar.dispatch.incidents.values import Actor, ActorKind
from sekretar.dispatch.mail.columns import columns_of
from sekretar.dispatch.mail.letter import ParsedLetter
from sekretar.dispatch.mail.model import Direction, LetterRow
from sekretar.kernel.i18n import Catalogues

PERSON = Actor(ActorKind.PERSON, "Вера Орлова", 1)
T = Catalogues.load().translator("ru")


def above(parsed: ParsedLetter, direction: Direction, actor: Actor) -> str:
    row = LetterRow(direction=direction, **columns_of(parsed))
    return str(letter_message(row, actor, T).attachments[0].author_name)


@pytest.mark.parametrize(
    ("actor", "head"),
    [
        (PERSON, "↩️ Вера Орлова → Анна Орлова <anna@operator.test>, boris@operator.test"),
        (Actor(ActorKind.SYSTEM), "↩️ Диспетчерская → Анна Орлова <anna@operator.test>, boris@operator.test"),
    ],
)
def test_a_letter_out_tells_who_got_it(actor: Actor, head: str) -> None:
    sent = letter(sender=DESK, to=(ANNA,), cc=(BORIS, DESK))
    assert above(sent, Direction.OUT, actor) == head


def test_a_letter_in_tells_who_wrote_it() -> None:
    assert above(letter(), Direction.IN, PERSON) == "✉️ Анна Орлова <anna@operator.test>"
