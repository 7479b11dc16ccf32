"""A letter in a dialog: what does not fit goes along, and whoever writes decides."""

from __future__ import annotations

from tests.unit.dispatch.letters_known import ANNA, DESK

from sekretar.dispatch.chat.writing import changed, form_of
from sekretar.dispatch.letters.values import Draft, Purpose, Voice
from sekretar.dispatch.mail.letter import Address
from sekretar.kernel.forms import LONGEST_TEXT, Form, Submission, Value, validate
from sekretar.kernel.i18n import Catalogues

T = Catalogues.load().translator("ru")
MANY = tuple(Address("", f"person{number:03}@operator.test") for number in range(300))


def draft(cc: tuple[Address, ...], unreached: int = 0) -> Draft:
    return Draft(
        7, "NT-7", Purpose.REPLY, Voice.PERSON, DESK.key, (ANNA,), cc, "Тема", "Едем.", unreached=unreached
    )


def submitted(form: Form, **more: Value) -> Submission:
    shown = {field.name: field.default for field in form.fields} | more
    answers = validate(form, shown)
    assert isinstance(answers, Submission)
    return answers


def test_recipients_who_do_not_fit_get_the_letter_unless_they_are_not_wanted() -> None:
    all_of_them = draft((*MANY, DESK))
    form = form_of(all_of_them, T)
    cc = form.field("cc").default
    assert isinstance(cc, str)
    fitting = len(cc.split(", "))
    assert len(cc) <= LONGEST_TEXT
    assert f"ещё {301 - fitting}, всего получателей: 302" in form.field("others").help
    assert changed(all_of_them, submitted(form).values)[0].cc == all_of_them.cc
    without, errors = changed(all_of_them, submitted(form, others=False).values)
    assert (without.cc, errors) == (MANY[:fitting], {})
    fewer, _ = changed(all_of_them, submitted(form, cc="new@operator.test").values)
    assert fewer.cc == (Address("", "new@operator.test"), *all_of_them.cc[fitting:])


def test_nothing_is_asked_about_recipients_who_fit() -> None:
    form = form_of(draft((DESK,)), T)
    assert (form.intro, [field.name for field in form.fields]) == ("", ["to", "cc", "subject", "text"])


def test_whom_a_letter_does_not_reach_at_all_is_said_first() -> None:
    assert "12 чел." in form_of(draft((DESK,), unreached=12), T).intro
