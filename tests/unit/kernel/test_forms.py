"""What people answer, and what becomes of it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.kernel.errors import PersonError
from sekretar.kernel.forms import (
    LONGEST_TEXT,
    Choice,
    Field,
    FieldErrors,
    FieldKind,
    Form,
    Submission,
    Value,
    check_field,
    validate,
)

TODAY = date(2026, 3, 2)
COLOURS = (Choice("r", "Красный"), Choice("g", "Зелёный"))


def field(kind: FieldKind, **more: object) -> Field:
    choices = COLOURS if kind in {FieldKind.CHOICE, FieldKind.RADIO} else ()
    return Field(**{"name": "x", "kind": kind, "label": "X", "choices": choices, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        (FieldKind.TEXT, "  a b ", "a b"),
        (FieldKind.TEXT, 5, "5"),
        (FieldKind.TEXTAREA, "a\nb\n", "a\nb"),
        (FieldKind.SECRET, " p w ", " p w "),
        (FieldKind.NUMBER, "10", "10"),
        (FieldKind.NUMBER, 10, "10"),
        (FieldKind.NUMBER, 10.0, "10"),
        (FieldKind.NUMBER, "10.0", "10"),
        (FieldKind.NUMBER, "1,50", "1.5"),
        (FieldKind.NUMBER, "1 000", "1000"),
        (FieldKind.NUMBER, "-007", "-7"),
        (FieldKind.NUMBER, "-0", "0"),
        (FieldKind.BOOL, True, True),
        (FieldKind.BOOL, "true", True),
        (FieldKind.BOOL, "Да", True),
        (FieldKind.BOOL, 1, True),
        (FieldKind.BOOL, "false", False),
        (FieldKind.BOOL, "", False),
        (FieldKind.BOOL, None, False),
        (FieldKind.EMAIL, "Anna.B+x@example.com", "Anna.B+x@example.com"),
        (FieldKind.EMAIL, "<анна@почта.рф>", "анна@почта.рф"),
        (FieldKind.URL, "https://h.example:8443/dav/?a=1", "https://h.example:8443/dav/?a=1"),
        (FieldKind.CHOICE, "r", "r"),
        (FieldKind.CHOICE, "зелёный", "g"),
        (FieldKind.RADIO, "g", "g"),
        (FieldKind.PERSON, "abcdefghijklmnopqrstuvwxy1", "abcdefghijklmnopqrstuvwxy1"),
        (FieldKind.DATE, "завтра", "2026-03-03"),
        (FieldKind.DATE, "2026-03-05", "2026-03-05"),
        (FieldKind.TIME, "9am", "09:00"),
    ],
)
def test_answers_that_are_understood(kind: FieldKind, answer: object, value: Value) -> None:
    assert check_field(field(kind), answer, today=TODAY) == value


@pytest.mark.parametrize(
    ("kind", "answer", "key"),
    [
        (FieldKind.TEXT, "  ", "required"),
        (FieldKind.SECRET, "   ", "required"),
        (FieldKind.TEXT, None, "required"),
        (FieldKind.TEXT, ["a"], "unreadable"),
        (FieldKind.BOOL, {}, "unreadable"),
        (FieldKind.BOOL, "maybe", "bool"),
        (FieldKind.TEXTAREA, "x" * (LONGEST_TEXT + 1), "too_long"),
        (FieldKind.NUMBER, "ten", "number"),
        (FieldKind.NUMBER, "1e5", "number"),
        (FieldKind.NUMBER, float("nan"), "number"),
        (FieldKind.NUMBER, "١٠", "number"),
        (FieldKind.EMAIL, "anna", "email"),
        (FieldKind.EMAIL, "a@b@c.example", "email"),
        (FieldKind.EMAIL, "a b@c.example", "email"),
        (FieldKind.URL, "h.example", "url"),
        (FieldKind.URL, "javascript:alert(1)", "url"),
        (FieldKind.URL, "https://", "url"),
        (FieldKind.URL, "https://h:99999/", "url"),
        (FieldKind.URL, "https://[h/", "url"),
        (FieldKind.URL, "https://h/a b", "url"),
        (FieldKind.CHOICE, "blue", "choice"),
        (FieldKind.CHANNEL, "../x", "choice"),
        (FieldKind.DATE, "soon", "date"),
        (FieldKind.DATE, "31.02", "no_such_day"),
        (FieldKind.TIME, "25:00", "time"),
    ],
)
def test_answers_that_are_not(kind: FieldKind, answer: object, key: str) -> None:
    with pytest.raises(PersonError) as caught:
        check_field(field(kind), answer, today=TODAY)
    assert caught.value.key == f"kernel.form.{key}"


@pytest.mark.parametrize("kind", [kind for kind in FieldKind if kind is not FieldKind.BOOL])
def test_an_optional_field_may_be_empty(kind: FieldKind) -> None:
    def never(value: Value) -> None:
        raise AssertionError("an empty answer is not checked")

    for empty in ("", "  ", None):
        assert check_field(field(kind, optional=True, check=never), empty) == ""


def test_lengths() -> None:
    limited = field(FieldKind.TEXT, min_length=2, max_length=3)
    assert check_field(limited, "абв") == "абв"
    for answer, key, count in (("а", "too_short", 2), ("абвг", "too_long", 3)):
        with pytest.raises(PersonError, match=key) as caught:
            check_field(limited, answer)
        assert caught.value.params == {"count": count}


@given(
    st.sampled_from(list(FieldKind)),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.text()),
)
def test_nothing_a_client_sends_is_more_than_a_persons_error(kind: FieldKind, answer: object) -> None:
    try:
        value = check_field(field(kind), answer, today=TODAY)
    except PersonError:
        return
    assert isinstance(value, bool) is (kind is FieldKind.BOOL)


class TestForm:
    def refuse_boris(value: Value) -> None:  # type: ignore[misc]
        if value == "boris":
            raise PersonError("test.not_boris")

    FORM = Form(
        "test.form",
        "Title",
        fields=(
            Field("who", FieldKind.TEXT, "Who", check=refuse_boris),
            Field("day", FieldKind.DATE, "Day"),
            Field("all", FieldKind.BOOL, "All day", optional=True),
        ),
    )

    def test_good_answers(self) -> None:
        submission = validate(self.FORM, {"who": "anna", "day": "5.3", "other": 1}, today=TODAY)
        assert isinstance(submission, Submission)
        assert submission.values == {"who": "anna", "day": "2026-03-05", "all": False}
        assert (submission.text("who"), submission.flag("all")) == ("anna", False)
        with pytest.raises(TypeError):
            submission.text("all")
        with pytest.raises(TypeError):
            submission.flag("who")

    def test_every_wrong_answer_is_named_and_nothing_typed_is_lost(self) -> None:
        raw = {"who": "boris", "day": "someday", "all": "true"}
        wrong = validate(self.FORM, raw, today=TODAY)
        assert isinstance(wrong, FieldErrors)
        assert {name: error.key for name, error in wrong.errors.items()} == {
            "who": "test.not_boris",
            "day": "kernel.form.date",
        }
        assert wrong.raw == raw

    def test_passwords_are_not_printed(self) -> None:
        form = Form("f", "F", fields=(Field("pw", FieldKind.SECRET, "P"), Field("n", FieldKind.NUMBER, "N")))
        assert "hunter2" not in repr(validate(form, {"pw": "hunter2", "n": 1}))
        assert "hunter2" not in repr(validate(form, {"pw": "hunter2", "n": "x"}))

    def test_names_must_differ(self) -> None:
        with pytest.raises(ValueError, match="different names"):
            Form("f", "F", fields=(field(FieldKind.TEXT), field(FieldKind.BOOL)))

    def test_fields_are_found_by_name(self) -> None:
        assert self.FORM.field("day").kind is FieldKind.DATE
        with pytest.raises(KeyError):
            self.FORM.field("nobody")
