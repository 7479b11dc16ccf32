"""Which addresses a person may name, and in which meetings they may stand."""

from __future__ import annotations

import pytest

from sekretar.calendars.accounts.own_addresses import MOST, Own, parse, together
from sekretar.calendars.sync.recognising import mentions
from sekretar.kernel.errors import PersonError


class TestWhatIsNamed:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("", ()),
            ("Anna@Company.RU", ("anna@company.ru",)),
            ("a@x.ru, b@x.ru; c@x.ru\nd@x.ru e@x.ru", ("a@x.ru", "b@x.ru", "c@x.ru", "d@x.ru", "e@x.ru")),
            ("a@x.ru, A@X.RU, mailto:a@x.ru. <a@x.ru>", ("a@x.ru",)),
            ("почта@пример.рф", ("почта@пример.рф",)),
        ],
    )
    def test_addresses_are_read_as_people_write_them(self, written: str, meant: tuple[str, ...]) -> None:
        assert parse(written) == meant

    @pytest.mark.parametrize(
        "wrong", ["anna", "@anna", "anna@", "anna@host", "a@b@c.ru", "a" * 65 + "@x.ru", f"a@{'x' * 255}.ru"]
    )
    def test_each_that_is_none_is_named(self, wrong: str) -> None:
        with pytest.raises(PersonError) as caught:
            parse(f"good@x.ru, {wrong}")
        assert caught.value.key == "calendars.addresses.bad"
        assert caught.value.params["given"][:40] in wrong
        assert "good" not in caught.value.params["given"]

    def test_there_are_no_more_than_anybody_has(self) -> None:
        many = [f"a{number}@x.ru" for number in range(MOST + 1)]
        assert len(parse(", ".join([*many[:MOST], many[0]]))) == MOST
        with pytest.raises(PersonError, match=r"calendars\.addresses\.many"):
            parse(", ".join(many))


def test_what_the_server_tells_needs_nobodys_word_and_comes_first() -> None:
    named = ["anna@company.ru", "anna@list.ru", "anna@company.ru"]
    assert together(["Anna@List.ru", "anna@mail.ru"], named) == Own(
        ("Anna@List.ru", "anna@mail.ru"), ("anna@company.ru",)
    )


class TestWhereTheyStand:
    @pytest.mark.parametrize(
        "line",
        [
            "ATTENDEE:mailto:Anna@Company.ru",
            'ATTENDEE;CN="Анна";PARTSTAT=NEEDS-ACTION:MAILTO:an\r\n na@comp\r\n any.ru',
            "ATTENDEE:mailto:anna%40company.ru",
            "ATTENDEE;EMAIL=anna@company.ru:/principals/anna/",
            "ORGANIZER:mailto:anna@company.ru?subject=x",
        ],
    )
    def test_in_however_they_are_written(self, line: str) -> None:
        assert mentions(f"BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n", ["b@x.ru", "anna@company.ru"])

    def test_in_no_other(self) -> None:
        assert not mentions("ATTENDEE:mailto:vera@company.ru\r\nSUMMARY:100% anna\r\n", ["anna@company.ru"])
