"""What a letter or a typed word means, by a small register; and that nothing is ever guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.dispatch.assets.samples import codes, poles, spelled, stations

from sekretar.dispatch.assets.codes import SortedCodes
from sekretar.dispatch.assets.deciding import in_letter, typed
from sekretar.dispatch.assets.index import AssetIndex
from sekretar.dispatch.assets.spelling import code_key
from sekretar.dispatch.assets.values import Kind, Place, Source

POLES = {
    1: "41960-P-43-1-1",
    2: "41960-P-43-1-2",
    3: "47175-P-62-1-1",
    4: "59475-30-61-4-2",
    5: "20235-P-10-1-1",
}
#: Number, name, pole. RZ0516 stands on two poles; two stations stand on pole 3.
STATIONS = [
    (11, "KI0075", 1),
    (12, "RZ0516", 2),
    (13, "RZ0516", 4),
    (14, "ST2360", 3),
    (15, "53-11318", 3),
    (16, "23-2023", 5),
    (17, "30-175", 4),
]


def register(poles: dict[int, str], stations: list[tuple[int, str, int]]) -> AssetIndex:
    return AssetIndex(
        [(code_key(code), number) for number, code in poles.items()],
        [(code_key(name), number, pole) for number, name, pole in stations],
    )


INDEX = register(POLES, STATIONS)


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        ("Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1", "", Place(1, 11)),
        ("Авария на №КI0075", "", Place(1, 11)),
        ("бс_ki0075 не отвечает", "", Place(1, 11)),
        ("KI0075_41960-P-43-1-1", "", Place(1, 11)),
        ("KI0075-41960-P-43-1-1", "", Place(1, 11)),
        ("опора 47175", "", Place(3)),
        ("47175-P", "", Place(3)),
        ("Авария", "опора 59475-30-61-4-2", Place(4)),
        # The text adds the station to the pole of the subject, or says which of two is meant.
        ("59475-30-61-4-2", "БС 30-175 без питания", Place(4, 17)),
        ("RZ0516", "Опора 59475-30-61-4-2", Place(4, 13)),
        ("опора 41960", "полный шифр 41960-P-43-1-2", Place(2)),
        # A station on several poles, and the beginning of one of these.
        ("RZ0516 на опоре 59475", "", Place(4, 13)),
        # Two stations of one pole: the pole is certain.
        ("ST2360 и 53-11318", "", Place(3)),
        # A station of another pole does not move the incident away from the pole that is named.
        ("KI0075 / 47175-P-62-1-1", "", Place(3)),
        # What the subject says counts more than what the text says.
        ("41960-P-43-1-1", "как было на 47175-P-62-1-1", Place(1)),
    ],
)
def test_what_is_certain(subject: str, text: str, expected: Place) -> None:
    assert in_letter(INDEX, subject, text).certain == expected


@pytest.mark.parametrize(
    ("subject", "text", "options"),
    [
        ("RZ0516 без питания", "", {Place(2, 12), Place(4, 13)}),
        ("опора 41960", "", {Place(1), Place(2)}),
        ("41960-P-43", "", {Place(1), Place(2)}),
        ("47175-P-62-1-1 и 59475-30-61-4-2", "", {Place(3), Place(4)}),
        ("KI0075, ST2360", "", {Place(1, 11), Place(3, 14)}),
        ("опора 41960", "а также 47175-P-62-1-1", {Place(1), Place(2)}),
    ],
)
def test_what_is_left_open(subject: str, text: str, options: set[Place]) -> None:
    verdict = in_letter(INDEX, subject, text)
    assert verdict.certain is None
    assert set(verdict.options) == options
    assert verdict.total == len(options)
    assert verdict.source is Source.SUBJECT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Добрый день, нет связи с 2023 года, тел. 8 (912) 345-67-89",
        "заплатили 41960 руб.",
        "KI00756 и 1KI0075",
        "41960-P-43-1-11",
        "4717",
        "опора 99999",
    ],
)
def test_what_says_nothing(text: str) -> None:
    for subject, fresh in ((text, ""), ("", text)):
        verdict = in_letter(INDEX, subject, fresh)
        assert (verdict.certain, verdict.options, verdict.source) == (None, (), None)


def test_a_year_is_not_the_beginning_of_a_code() -> None:
    assert in_letter(INDEX, "БС 2023", "опора в 2023 году").options == ()


registers = st.dictionaries(st.integers(1, 40), poles(), min_size=1, max_size=12).flatmap(
    lambda found: st.tuples(
        st.just(found),
        st.lists(st.tuples(stations(), st.sampled_from(sorted(found))), max_size=12, unique=True),
    )
)


@given(registers, st.data())
def test_any_spelling_of_a_code_finds_it_and_nothing_is_guessed(
    made: tuple[dict[int, str], list[tuple[str, int]]], data: st.DataObject
) -> None:
    poles = {number: code for number, code in made[0].items() if list(made[0].values()).count(code) == 1}
    stations = [(100 + at, name, pole) for at, (name, pole) in enumerate(made[1]) if pole in poles]
    index = register(poles, stations)
    if not poles:
        return
    number, code = data.draw(st.sampled_from(sorted(poles.items())))
    assert in_letter(index, f"Авария на {data.draw(spelled(code))}, срочно", "").certain == Place(number)
    for station, name, pole in stations:
        alike = {Place(each[2], each[0]) for each in stations if each[1] == name}
        verdict = in_letter(index, "", f"БС {data.draw(spelled(name))} без питания")
        assert set(verdict.options) == alike
        assert (verdict.certain == Place(pole, station)) == (len(alike) == 1)


@given(registers, codes(), st.data())
def test_a_beginning_is_completed_only_where_one_code_begins_so(
    made: tuple[dict[int, str], list[tuple[str, int]]], other: str, data: st.DataObject
) -> None:
    index = register(made[0], [(100 + at, *each) for at, each in enumerate(made[1])])
    wanted = data.draw(st.sampled_from([*made[0].values(), *(name for name, _ in made[1]), other]))
    text = wanted[: data.draw(st.integers(1, len(wanted)))]
    key = code_key(text) + ("-" if text.endswith("-") else "")
    every = [code_key(code) for code in made[0].values()] + [code_key(name) for name, _ in made[1]]
    whole = [each for each in every if each == code_key(text)]
    fitting = whole or [each for each in every if each.startswith(key)]
    verdict = typed(index, text)
    assert verdict.total == len(fitting)
    assert (verdict.total == 1) == (verdict.certain is not None and len(verdict.options) == 1)


@pytest.mark.parametrize(
    ("text", "kind", "on_pole", "expected"),
    [
        ("KI0075/41960-P-43-1-1", Kind.ANY, None, {Place(1, 11)}),
        ("4717", Kind.POLE, None, {Place(3)}),
        ("кi", Kind.ANY, None, {Place(1, 11)}),
        ("RZ0516", Kind.STATION, None, {Place(2, 12), Place(4, 13)}),
        ("RZ0516", Kind.STATION, 4, {Place(4, 13)}),
        ("30", Kind.STATION, 4, {Place(4, 17)}),
        ("KI0075", Kind.POLE, None, set()),
        ("«»", Kind.ANY, None, set()),
    ],
)
def test_what_is_typed(text: str, kind: Kind, on_pole: int | None, expected: set[Place]) -> None:
    assert set(typed(INDEX, text, kind, on_pole).options) == expected


@pytest.mark.parametrize(
    ("text", "pole", "station"),
    [
        ("KI0075/47175-P-62-1-1", 3, Place(1, 11)),
        ("БС КI0075, опора 47175-р-62-1-1", 3, Place(1, 11)),
        # Of the pole only the beginning.
        ("KI0075 на опоре 47175", 3, Place(1, 11)),
        ("30-175 47175-P", 3, Place(4, 17)),
    ],
)
def test_a_station_typed_with_the_pole_of_another_is_a_contradiction(
    text: str, pole: int, station: Place
) -> None:
    verdict = typed(INDEX, text)
    assert (verdict.certain, verdict.apart) == (Place(pole), station)


@pytest.mark.parametrize("text", ["KI0075/41960-P-43-1-1", "30-175 59475-30-61", "KI0075, 41960-P", "47175"])
def test_what_fits_together_is_none(text: str) -> None:
    assert typed(INDEX, text).apart is None


@pytest.mark.parametrize(
    ("subject", "text", "apart"),
    [
        ("KI0075 / 47175-P-62-1-1", "", Place(1, 11)),
        ("47175-P-62-1-1", "БС KI0075 без питания", Place(1, 11)),
        ("47175-P-62-1-1", "БС KI0075 и ST2360 без питания", None),
        # Another place that the letter speaks of, too.
        ("47175-P-62-1-1", "как было на KI0075/41960-P-43-1-1", None),
        ("47175-P-62-1-1", "", None),
    ],
)
def test_a_letter_that_contradicts_itself_is_noticed(subject: str, text: str, apart: Place | None) -> None:
    verdict = in_letter(INDEX, subject, text)
    assert verdict.certain is not None
    assert (verdict.certain.pole_id, verdict.apart) == (3, apart)


@given(st.lists(st.text("AB01-", min_size=1, max_size=4), max_size=300), st.text("AB01-", max_size=3))
def test_the_packed_codes_are_a_sorted_list(codes: list[str], wanted: str) -> None:
    ordered = sorted(codes)
    packed = SortedCodes(ordered)
    assert [at for at in packed.equal(wanted) if wanted] == [
        at for at, code in enumerate(ordered) if wanted and code == wanted
    ]
    assert list(packed.beginning(wanted)) == [
        at for at, code in enumerate(ordered) if code.startswith(wanted)
    ]
    assert len(packed) == len(codes)
