"""What letters out say, and to whom they go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from tests.unit.dispatch.letters_known import (
    ANNA,
    BORIS,
    DESK,
    FIRST,
    HOUSE,
    NOON,
    VERA,
    attachment,
    filed,
    letter,
    matter,
)

from sekretar.dispatch.letters.addressing import MOST, shown, typed
from sekretar.dispatch.letters.composing import checked, compose
from sekretar.dispatch.letters.templates import default_template
from sekretar.dispatch.letters.values import Contractor, Draft, Matter, Place, Purpose, Voice
from sekretar.dispatch.mail.letter import Address, Machine, MachineSign, Refusal, WebForm
from sekretar.kernel.errors import PersonError
from sekretar.kernel.i18n import Catalogues

RU = Catalogues.load().translator("ru")


def composed(purpose: Purpose, what: Matter, language: str = "ru", **options: Any) -> Draft:
    t = Catalogues.load().translator(language)
    return compose(purpose, what, HOUSE, t, default_template(purpose, t), **options)


def as_text(draft: Draft) -> str:
    """As a person reads it."""
    lines = [
        f"To: {', '.join(map(str, draft.to))}",
        f"Cc: {', '.join(map(str, draft.cc))}",
        f"Subject: {draft.subject}",
        f"In-Reply-To: {draft.in_reply_to}",
        f"References: {' '.join(draft.references)}",
    ]
    return "\n".join([*lines, "", draft.text])


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("purpose", Purpose)
def test_letters_in_both_languages(purpose: Purpose, language: str, snapshot: SnapshotAssertion) -> None:
    answer = letter(
        message_id="<answer@operator.test>",
        references=("<first@operator.test>",),
        subject="Re: NT-7: Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1",
        cc=(),
        fresh="Питание появилось. " + "Очень подробно. " * 100,
        attachments=(attachment("схема.pdf"), attachment("большой.zip", 9_000_000)),
    )
    what = matter(letters=(FIRST, filed(2, answer)))
    assert as_text(composed(purpose, what, language, text="Бригада выехала.")) == snapshot


@pytest.mark.parametrize("language", ["ru", "en"])
def test_what_is_not_known_is_left_out(language: str, snapshot: SnapshotAssertion) -> None:
    what = matter(letters=(), place=Place(pole="41960"), type="", type_description="", deadline=None)
    drafts = [composed(purpose, what, language) for purpose in (Purpose.ACCEPTED, Purpose.HANDED_OVER)]
    assert "\n====\n".join(map(as_text, drafts)) == snapshot


# --- recipients -------------------------------------------------------------------------------------------


def test_the_applicant_is_told_and_whom_the_first_letter_went_to() -> None:
    draft = composed(Purpose.ACCEPTED, matter())
    assert (draft.to, draft.cc) == ((ANNA,), (BORIS, DESK))


def test_no_reply_addresses_and_the_applicant_are_in_no_copy() -> None:
    first = letter(cc=(Address("", "noreply@operator.test"), Address("A.", "ANNA@operator.test"), BORIS))
    assert composed(Purpose.CLOSED, matter(letters=(filed(1, first),))).cc == (BORIS, DESK)


def test_a_letter_to_half_a_thousand_says_whom_it_does_not_reach() -> None:
    many = tuple(Address("", f"a{number}@operator.test") for number in range(510))
    draft = composed(Purpose.REPLY, matter(letters=(filed(1, letter(cc=many)),)), text="Да.")
    assert (draft.cc, draft.unreached) == ((*many[: MOST - 1], DESK), 510 - MOST + 1)
    assert checked(draft, HOUSE).cc == draft.cc


def test_observers_of_the_web_form_are_in_the_copy() -> None:
    form = WebForm(ANNA, (VERA,), ())
    first = letter(sender=Address("", "site@towers.test"), cc=(), web_form=form)
    draft = composed(Purpose.ACCEPTED, matter(letters=(filed(1, first),)))
    assert (draft.to, draft.cc) == ((ANNA,), (VERA, DESK))


def test_a_reply_goes_to_the_last_person_who_wrote_with_everybody_in_that_letter() -> None:
    robot = Machine(MachineSign.AUTO_SUBMITTED, "Auto-Submitted", "auto-replied")
    what = matter(
        letters=(
            FIRST,
            filed(2, letter(sender=VERA, message_id="<v@c.test>", to=(DESK, ANNA), cc=())),
            filed(3, letter(sender=BORIS, machine=robot)),
            filed(4, letter(sender=DESK, to=(BORIS,)), ours=True),
        )
    )
    draft = composed(Purpose.REPLY, what, text="Да.")
    assert (draft.to, draft.cc) == ((VERA,), (ANNA, DESK))
    assert (draft.in_reply_to, draft.references) == ("<v@c.test>", ("<v@c.test>",))
    chosen = composed(Purpose.REPLY, what, text="Да.", answered=what.letters[3])
    assert chosen.to == (BORIS,)


def test_a_reply_heeds_reply_to() -> None:
    first = letter(reply_to=(VERA,), cc=())
    draft = composed(Purpose.REPLY, matter(letters=(filed(1, first),)), text="Да.")
    assert (draft.to, draft.cc) == ((VERA,), (DESK,))


def test_the_answer_of_a_program_goes_to_one_person() -> None:
    draft = composed(Purpose.TOO_LATE, matter(), voice=Voice.ANSWER, answered=FIRST)
    assert (draft.to, draft.cc, draft.voice) == ((ANNA,), (), Voice.ANSWER)
    assert checked(draft, HOUSE).cc == ()


@pytest.mark.parametrize(
    ("purpose", "changes", "key"),
    [
        (Purpose.ACCEPTED, {"applicant": Address("", "")}, "dispatch.letters.no_applicant"),
        (Purpose.CLOSED, {"applicant": DESK}, "dispatch.letters.no_applicant"),
        (Purpose.REPLY, {"letters": (), "applicant": Address("", "")}, "dispatch.letters.no_applicant"),
        (Purpose.HANDED_OVER, {"place": Place()}, "dispatch.letters.no_pole"),
        (Purpose.HANDED_OVER, {"contractor": Contractor()}, "dispatch.letters.no_contractor"),
        (
            Purpose.HANDED_OVER,
            {"contractor": Contractor("R", ("broken",))},
            "dispatch.letters.no_contractor_address",
        ),
        (
            Purpose.HANDED_OVER,
            {"contractor": Contractor("R", ("a@b.test",), excluded=True)},
            "dispatch.letters.excluded",
        ),
    ],
)
def test_what_is_missing_is_said(purpose: Purpose, changes: dict[str, Any], key: str) -> None:
    with pytest.raises(PersonError) as caught:
        composed(purpose, matter(**changes))
    assert caught.value.key == key
    assert RU.error(caught.value)


# --- files ------------------------------------------------------------------------------------------------


def test_files_go_to_the_contractor_as_far_as_there_is_room() -> None:
    first = letter(
        attachments=(
            attachment("plan.pdf", 300_000),
            attachment("logo.png", 5_000, inline=True),
            attachment("photo.jpg", 300_000, inline=True),
            attachment("virus.exe", 10, refusal=Refusal.TYPE),
            attachment("film.mp4", 300_000),
            attachment("note.txt", 10),
        )
    )
    again = letter(attachments=(attachment("PLAN.pdf", 300_000),))
    draft = composed(Purpose.HANDED_OVER, matter(letters=(filed(1, first), filed(2, again))))
    assert [(ref.letter_id, ref.attachment.name) for ref in draft.attachments] == [
        (1, "plan.pdf"),
        (1, "photo.jpg"),
        (1, "note.txt"),
    ]
    assert draft.left_out == ("virus.exe", "film.mp4")
    assert composed(Purpose.CLOSED, matter(letters=(filed(1, first),))).attachments == ()


def test_a_long_conversation_is_told_by_its_beginning_and_its_end() -> None:
    letters = tuple(filed(n, letter(fresh=f"Слово {n}.")) for n in range(1, 41))
    text = composed(Purpose.HANDED_OVER, matter(letters=letters)).text
    told = [n for n in range(1, 41) if f"Слово {n}." in text]
    assert told == [1, *range(22, 41)]


# --- what people change -----------------------------------------------------------------------------------


def test_the_code_and_the_copy_of_the_desk_stay() -> None:
    draft = composed(Purpose.REPLY, matter(), text="Да.")
    sent = checked(replace(draft, subject="Новая тема", cc=(), text="  Нет.\r\n"), HOUSE)
    assert (sent.subject, sent.cc, sent.text) == ("NT-7: Новая тема", (DESK,), "Нет.")
    doubled = checked(replace(draft, to=(ANNA, Address("", "Anna@Operator.test"), DESK), cc=(ANNA,)), HOUSE)
    assert [each.key for each in doubled.to] == ["anna@operator.test"]
    assert doubled.cc == (DESK,)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"text": " \n"}, "dispatch.letters.no_text"),
        ({"text": "x" * 100_001}, "dispatch.letters.too_long"),
        ({"to": ()}, "dispatch.letters.no_recipient"),
        ({"to": (DESK,)}, "dispatch.letters.no_recipient"),
        ({"to": (Address("", "anna"),)}, "dispatch.letters.bad_address"),
        ({"cc": (Address("", "anna@b c"),)}, "dispatch.letters.bad_address"),
        ({"cc": tuple(Address("", f"a{n}@b.test") for n in range(501))}, "dispatch.letters.too_many"),
    ],
)
def test_what_cannot_be_sent_is_refused(changes: dict[str, Any], key: str) -> None:
    draft = replace(composed(Purpose.REPLY, matter(), text="Да."), **changes)
    with pytest.raises(PersonError) as caught:
        checked(draft, HOUSE)
    assert caught.value.key == key


def test_the_desk_writes_in_its_own_zone() -> None:
    draft = composed(Purpose.ACCEPTED, matter(registered_at=NOON))
    assert "04.03.2026 12:00 (UTC+3)" in draft.text


@pytest.mark.parametrize(
    "text",
    [
        "anna@operator.test; boris@operator.test",
        "Анна Орлова <anna@operator.test>,\n boris@operator.test,",
        '"Орлова" <anna@operator.test>, anna@operator.test, <boris@operator.test>',
    ],
)
def test_addresses_as_people_write_them(text: str) -> None:
    assert [each.key for each in typed(text)] == [ANNA.address, BORIS.address]


@pytest.mark.parametrize("text", ["anna", "Анна <anna", "anna@operator.test boris@operator.test", "<>"])
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(PersonError, match=r"dispatch\.letters\.bad_address"):
        typed(text)


@given(st.lists(st.text(max_size=30), max_size=5))
def test_what_is_shown_is_read_again(names: list[str]) -> None:
    addresses = [Address(name, f"a{number}@operator.test") for number, name in enumerate(names)]
    text, rest = shown(addresses, 3000)
    assert rest == ()
    read = typed(text)
    assert [each.address for each in read] == [each.address for each in addresses]


@given(st.integers(0, 120))
def test_a_field_without_room_for_all_has_no_half_addresses(longest: int) -> None:
    addresses = [Address("Константин", f"a{number}@operator.test") for number in range(5)]
    field, rest = shown(addresses, longest)
    assert len(field) <= longest
    read = [each.address for each in typed(field)]
    assert read == [each.address for each in addresses][: len(read)]
    assert list(rest) == addresses[len(read) :]
    # So short that another one would not have fitted.
    assert len(read) == min(5, (longest + 2) // 18)
