"""Codes of incidents as people type them, on whatever keyboard."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekretar.dispatch.incidents.codes import confusable, is_code, number_of, pattern, readings

_PREFIXES = st.from_regex(r"[A-Z][A-Z0-9]{0,3}", fullmatch=True)
_RUSSIAN = {
    "N": "Н",
    "T": "Т",
    "I": "И",
    "C": "Ц",
    "H": "Н",
    "B": "В",
    "V": "В",
    "R": "Р",
    "P": "Р",
    "S": "С",
}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("NT-7", "NT-7"),
        ("nt-7", "NT-7"),
        ("#NT-007", "NT-7"),
        ("НТ-7", "NT-7"),
        ("нт–7", "NT-7"),
        ("№НТ−7", "NT-7"),
        ("NТ-7", "NT-7"),
        ("НТ-7", "HT-7"),
        ("ИНЦ-12", "INC-12"),
        ("СРМ-3", "CRM-3"),
        ("нт-", "NT-"),
    ],
)
def test_a_code_is_known_however_it_is_typed(written: str, code: str) -> None:
    assert code in readings(written)
    assert (
        re.fullmatch(pattern(code), written.lstrip("#№").replace("–", "-").replace("−", "-"))
        or "0" in written
    )


def test_what_is_latin_has_one_reading() -> None:
    assert readings(" nt-12 ") == ("NT-12",)
    assert len(readings("ВНРСУХ-1" * 5)) <= 16


def test_numbers_and_other_words_are_no_codes() -> None:
    assert (number_of("№ 12"), number_of("#7"), number_of("NT-7"), number_of("")) == (12, 7, None, None)
    assert [is_code(each) for each in ("НТ-1", "12", "41960-P", "опора", "NT-")] == [True] + [False] * 4


@given(_PREFIXES, st.data())
def test_one_spelling_never_means_two_desks_that_stand_side_by_side(prefix: str, data: st.DataObject) -> None:
    written = "".join(
        data.draw(st.sampled_from([each, each.lower(), _RUSSIAN.get(each, each)])) for each in prefix
    )
    assert re.fullmatch(pattern(prefix), written)
    assert f"{prefix}-1" in readings(f"{written}-1")
    for other in {each.partition("-")[0] for each in readings(f"{written}-1")} - {prefix}:
        assert confusable([prefix, other]) is not None


def test_desks_whose_codes_may_be_mixed_up() -> None:
    assert confusable(["NT", "HT", "AB"]) == ("HT", "NT")
    assert confusable(["CRM", "SPM"]) == ("CRM", "SPM")
    assert confusable(["NT", "NTT", "AVR", "RVR", "INC"]) is None
